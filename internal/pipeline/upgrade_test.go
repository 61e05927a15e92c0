package pipeline_test

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go/compress/zstd"

	"github.com/stripelake/stripelake/internal/pipeline/laketest"
	"github.com/stripelake/stripelake/internal/stripesim"
	"github.com/stripelake/stripelake/load"
)

// Lakes that earlier versions wrote, in testdata/lakes, are of the same business:
// as it was on the 20th of March, and synced again on the 27th.
var upgrades = []struct {
	name string // after the version of the state, which every format so far has had
	says string
	from time.Time // --from of the first sync; zero: none
}{
	{name: "state-1", says: "state version 1, want "}, // cursors of version 1, which followed no changes
	{name: "state-2", says: "state version 2, want ", from: time.Date(2025, 3, 6, 0, 0, 0, 0, time.UTC)},
	{name: "state-3", says: "state version 3, want "},
	{name: "state-3-killed", says: "state version 3, want "}, // by SIGKILL, in its first sync
}

// shownSince are members that the simulator shows since it wrote these lakes, as
// Stripe always did. What does not change at Stripe is not read again.
var shownSince = []string{"destination", "dispute", "order", "source", "plan"}

// Whatever version wrote a lake, a sync of today derives the tables again, says
// so, and has what Stripe has: nothing lost, nothing twice, no more than was asked
// for.
func TestUpgrade(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("nothing here runs side by side: not for the race detector")
	}
	for _, lake := range upgrades[:laketest.Sample(2, len(upgrades))] {
		t.Run(lake.name, func(t *testing.T) {
			t.Parallel()
			server, err := stripesim.New(stripesim.Config{
				Seed: 11, Charges: 60, LongLists: true, Deletions: 100,
				From: time.Date(2025, 3, 1, 0, 0, 0, 0, time.UTC), To: time.Date(2025, 4, 15, 0, 0, 0, 0, time.UTC),
				Now: time.Date(2025, 4, 10, 0, 0, 0, 0, time.UTC),
			})
			if err != nil {
				t.Fatal(err)
			}
			s := laketest.NewScene(t, server.Handler())
			unpack(t, filepath.Join("..", "..", "testdata", "lakes", lake.name+".tar.zst"), s.Lake)
			before := numberOfSegments(t, s.Lake)
			s.Sync()
			if said := strings.Join(s.Notices, "\n"); !strings.Contains(said, "deriving the tables again from the raw log: "+lake.says) {
				t.Errorf("the sync said %q", s.Notices)
			}
			if after := numberOfSegments(t, s.Lake); before == 0 || after < before {
				t.Errorf("%d segments, %d before", after, before)
			}
			if lake.from.IsZero() {
				laketest.CheckAgainstLedger(t, s.Lake, server, shownSince...)
			}
			checkCreated(t, s, server, lake.from)
			s.Expect("files whose instants are not UTC's", "SELECT count(*) FILTER (logical_type NOT LIKE '%isAdjustedToUTC=1%'), count(*) > 10 FROM parquet_schema('LAKE/current/*/*/*/*.parquet') WHERE converted_type LIKE 'TIMESTAMP%'", "0 true")
			if found := laketest.Verify(t, s.Lake, false); len(found) > 0 {
				t.Errorf("verify: %q", found)
			}
			said := len(s.Notices)
			if summary := s.Sync(); summary.Generation != 0 || len(s.Notices) > said {
				t.Errorf("the sync after it published generation %d and said %q", summary.Generation, s.Notices[said:])
			}
		})
	}
}

// checkCreated compares the charges in the tables with those that Stripe has had
// since a time.
func checkCreated(t *testing.T, s *laketest.Scene, server *stripesim.Server, from time.Time) {
	t.Helper()
	var want []string
	for id, raw := range server.Ledger().Raw("charges") {
		var object struct{ Created int64 }
		if err := json.Unmarshal(raw, &object); err != nil {
			t.Fatal(err)
		}
		if from.IsZero() || object.Created >= from.Unix() {
			want = append(want, id)
		}
	}
	if got := s.Rows("SELECT id FROM charges"); !slices.Equal(laketest.Sorted(got), laketest.Sorted(want)) {
		t.Errorf("%d charges, want %d: %q, want %q", len(got), len(want), got, want)
	}
}

func numberOfSegments(t *testing.T, dir string) int {
	t.Helper()
	segments, err := filepath.Glob(filepath.Join(dir, "raw", "*", "*", "*.parquet"))
	if err != nil {
		t.Fatal(err)
	}
	return len(segments)
}

// unpack unpacks a lake.
func unpack(t *testing.T, archive, to string) {
	t.Helper()
	packed, err := os.ReadFile(archive)
	if err != nil {
		t.Fatal(err)
	}
	var codec zstd.Codec
	whole, err := codec.Decode(nil, packed)
	if err != nil {
		t.Fatal(err)
	}
	for r := tar.NewReader(bytes.NewReader(whole)); ; {
		head, err := r.Next()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(to, filepath.FromSlash(head.Name))
		switch head.Typeflag {
		case tar.TypeDir:
			err = os.MkdirAll(path, 0o700)
		case tar.TypeSymlink:
			err = os.Symlink(head.Linkname, path)
		default:
			var content []byte
			if content, err = io.ReadAll(r); err == nil {
				err = os.WriteFile(path, content, 0o600)
			}
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// What a newer program wrote is refused, and stays as it is: lake.json, or a
// segment.
func TestNewerLakeIsRefused(t *testing.T) {
	t.Parallel()
	s := laketest.NewScene(t, laketest.Shop(t, nil).Handler())
	s.Sync()
	file := filepath.Join(s.Lake, "lake.json")
	text, err := os.ReadFile(file)
	if err == nil {
		err = os.WriteFile(file, bytes.Replace(text, []byte(`"format": 2`), []byte(`"format": 3`), 1), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	if s := laketest.NewSync(s.Lake, s.API, nil); !errors.Is(s.Err, load.ErrNewerFormat) {
		t.Errorf("a lake of format 3: %v", s.Err)
	}
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	const key = "stripelake.format"
	err = laketest.Altered("raw/*/charges/00000001-*", func(data []byte) []byte {
		at := bytes.LastIndex(data, []byte(key)) + len(key) + 1 // the value's length
		data[at+int(data[at])] = '9'
		return data
	})(s.Lake)
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.Try()
	if damaged := new(load.DamagedError); !errors.Is(err, load.ErrNewerFormat) || errors.As(err, &damaged) {
		t.Errorf("a segment of format 9: %v", err)
	}
	if found := laketest.Verify(t, s.Lake, false); len(found) == 0 || !strings.HasPrefix(found[0], "segment of a newer version: ") {
		t.Errorf("verify found %q", found)
	}
	v, sync := laketest.NewVerifyAtStripe(t, s)
	if _, err := v.Run(t.Context()); err == nil {
		t.Error("verify --stripe found nothing")
	}
	if _, err := v.Repair(t.Context(), sync); !errors.Is(err, load.ErrNewerFormat) {
		t.Errorf("the repair ended with %v", err)
	}
}
