package pipeline_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stripelake/stripelake/extract"
	"github.com/stripelake/stripelake/internal/pipeline"
	"github.com/stripelake/stripelake/internal/pipeline/laketest"
	"github.com/stripelake/stripelake/internal/stripesim"
	"github.com/stripelake/stripelake/load"
)

// A cursor that cannot be read concerns its stream: the others are read, every
// place says which one it is, and a repair goes on from an older cursor, or lists
// the stream again where there is none.
func TestCursorThatCannotBeRead(t *testing.T) {
	t.Parallel()
	const broken = `{"v":2,"windows":[{"gte":9,"lt":5}],"goal":9}`
	move := func(log *load.Log, stream string) error { return log.MoveCursor(stream, broken) }
	folder := func(s *laketest.Scene, stream string) string {
		return filepath.Join(s.Lake, "raw", laketest.AccountOf(s.T, s.Lake), stream)
	}
	for name, tc := range laketest.Sampled(map[string]struct {
		stream string
		files  func(s *laketest.Scene, stream string) error
		log    func(log *load.Log, stream string) error
	}{
		"cursor.json is no JSON": {"charges", func(s *laketest.Scene, stream string) error {
			return os.WriteFile(filepath.Join(folder(s, stream), "cursor.json"), []byte("{"), 0o600)
		}, nil},
		"cursor.json holds none": {"customers", nil, move},
		"the newest segment's": {"charges", nil, func(log *load.Log, stream string) error {
			_, err := log.Append(t.Context(), stream, []load.Raw{raw("ch_x", laketest.Noon)}, broken)
			return err
		}},
		"the only segment's": {"refunds", func(s *laketest.Scene, stream string) error { return os.RemoveAll(folder(s, stream)) }, func(log *load.Log, stream string) error {
			_, err := log.Append(t.Context(), stream, []load.Raw{raw("re_x", laketest.Noon)}, broken)
			return err
		}},
		"the events'": {"events", nil, move},
	}) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := laketest.Shop(t, nil)
			s := laketest.NewScene(t, server.Handler())
			s.Sync()
			want := s.Rows("SELECT count(*) FROM charges UNION ALL SELECT count(*) FROM refunds UNION ALL SELECT count(*) FROM customers")
			if tc.files != nil {
				if err := tc.files(s, tc.stream); err != nil {
					t.Fatal(err)
				}
			}
			if tc.log != nil {
				inLog(s, func(log *load.Log) error { return tc.log(log, tc.stream) })
			}
			laketest.Act(t, server, stripesim.CreateCustomer)
			server.Advance(5 * time.Minute)
			_, err := s.Try()
			if pipeline.ExitCode(err) != 3 || !strings.Contains(err.Error(), tc.stream+" not read") || !strings.Contains(err.Error(), "verify --stripe --repair") || strings.Contains(err.Error(), "\n") {
				t.Errorf("sync: %v", err)
			}
			status, err := pipeline.ReadStatus(t.Context(), s.Lake)
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range status.Resources {
				if (r.Why == load.WhyCursor) != (r.Resource == tc.stream) {
					t.Errorf("status of %s: %q", r.Resource, r.Why)
				}
			}
			found := compared(t, s, 0, true)
			if len(found) == 0 {
				t.Error("verify finds nothing")
			}
			s.Sync()
			got := s.Rows("SELECT count(*) FROM charges WHERE id <> 'ch_x' UNION ALL SELECT count(*) FROM refunds WHERE id <> 're_x' UNION ALL SELECT count(*) - 1 FROM customers")
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("rows (-want +got):\n%s", diff)
			}
			for _, line := range compared(t, s, 0, false) {
				if !strings.HasSuffix(line, "_x") {
					t.Error("after the repair: " + line)
				}
			}
		})
	}
}

func raw(id string, created time.Time) load.Raw {
	kind := map[string]string{"ch": "charge", "re": "refund"}[id[:2]]
	return load.Raw{ID: id, Created: created, ObservedAt: created, Origin: extract.OriginList, APIVersion: extract.APIVersion, Object: []byte(laketest.Sent(kind, id, created))}
}

// inLog calls f with the log of the scene's account.
func inLog(s *laketest.Scene, f func(log *load.Log) error) {
	s.T.Helper()
	log, err := laketest.NewPatientSync(s.T, s.Lake, s.API, nil).Lake.OpenLog(s.T.Context(), laketest.AccountOf(s.T, s.Lake))
	if err != nil {
		s.T.Fatal(err)
	}
	if err := errors.Join(f(log), log.Close()); err != nil {
		s.T.Fatal(err)
	}
}
