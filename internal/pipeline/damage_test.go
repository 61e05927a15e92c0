package pipeline_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stripelake/stripelake/internal/pipeline"
	"github.com/stripelake/stripelake/internal/pipeline/laketest"
	"github.com/stripelake/stripelake/load"
)

// garbage makes of a file what is none, of the same size or, where that is 0, of
// another.
func garbage(pattern string, same bool) func(string) error {
	return laketest.Altered(pattern, func(data []byte) []byte {
		for i := range data {
			data[i] = byte(i*7 + 3)
		}
		if !same {
			return data[:len(data)/2]
		}
		return data
	})
}

// spoil changes some bytes at a share of a file, of a thousand.
func spoil(pattern string, at int) func(string) error {
	return laketest.Altered(pattern, func(data []byte) []byte {
		for i := range 64 {
			data[len(data)/1000*at+i] ^= 0x55
		}
		return data
	})
}

// Whatever derived file is lost or damaged, a plain sync notices it, reports it
// and repairs it, even with nothing new (Invariant 7). Damage that sizes and
// headers do not show is found by verify, and its repair removes it. None of it
// needs a request to Stripe.
func TestDerivedDamage(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("nothing here runs side by side: not for the race detector")
	}
	server := laketest.Shop(t, nil)
	sound := laketest.NewScene(t, server.Handler())
	sound.Sync()
	part := strings.TrimPrefix(laketest.LastFile(t, sound.Lake, "current/charges/*/*/*.parquet"), filepath.Join(sound.Lake, "current")+"/")
	const work, warehouse = ".state/work.duckdb", "current/warehouse.duckdb"
	for name, tc := range laketest.Sampled(map[string]struct {
		damage func(string) error
		says   string // the sync; empty: nothing, and the repair mends
	}{
		"warehouse missing":      {laketest.RemoveFiles(warehouse), "publishing every file anew: current/warehouse.duckdb is missing"},
		"warehouse truncated":    {laketest.Shorten(warehouse, 5000), "publishing every file anew: current/warehouse.duckdb has "},
		"warehouse header":       {garbage(warehouse, true), "publishing every file anew: current/warehouse.duckdb does not open: "},
		"link missing":           {laketest.RemoveFiles("current"), "publishing every file anew: current is missing"},
		"link dangling":          {dangle, "publishing every file anew: current/generation.json is missing or damaged"},
		"part missing":           {laketest.RemoveFiles("current/" + part), "publishing every file anew: current/" + part + " is missing"},
		"part truncated":         {laketest.Shorten("current/"+part, 100), "publishing every file anew: current/" + part + " has "},
		"part without its marks": {garbage("current/"+part, true), "publishing every file anew: current/" + part + " is damaged"},
		"part's last byte":       {laketest.FlipBitAt("current/"+part, -1), "publishing every file anew: current/" + part + " is damaged"},
		"part's footer's length": {laketest.FlipBitAt("current/"+part, -8), "publishing every file anew: current/" + part + " is damaged"},
		"schemas":                {laketest.FlipBitAt("current/schemas.json", 1000), "publishing every file anew: current/schemas.json is damaged"},
		"part altered":           {spoil("current/"+part, 300), ""},
		"state missing":          {laketest.RemoveFiles(work), "deriving the tables again from the raw log: no state yet"},
		"state truncated":        {laketest.Shorten(work, 100_000), "deriving the tables again from the raw log: "},
		"state no database":      {garbage(work, false), "deriving the tables again from the raw log: damaged, set aside as "},
		"state of another time":  {laketest.ExecState("UPDATE state.info SET version = 99"), "deriving the tables again from the raw log: state version 99, want "},
		"state of another DuckDB": {
			laketest.ExecState("UPDATE state.info SET duckdb = 'v0.1.0'"), "deriving the tables again from the raw log: made by DuckDB v0.1.0, running ",
		},
		"a write-ahead log of another": {laketest.WriteFile(work+".wal", "garbage"), ""},
		"state altered":                {laketest.ExecState("UPDATE charges SET amount = amount + 1 WHERE id IN (SELECT min(id) FROM charges)"), ""},
		"status":                       {laketest.WriteFile(".state/status.json", "{"), ""},
		"no rebuild":                   {laketest.WriteFile(".state/next.duckdb", "garbage"), ""},
	}) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := laketest.Twin(t, sound, server)
			if err := tc.damage(s.Lake); err != nil {
				t.Fatal(err)
			}
			s.Sync()
			switch said := strings.Join(s.Notices, "\n"); {
			case tc.says != "" && !strings.Contains(said, tc.says):
				t.Errorf("the sync said %q, want %q", said, tc.says)
			case tc.says == "" && said != "":
				t.Errorf("the sync said %q", said)
			case tc.says == "":
				asked := s.Asked.Load()
				v, sync := laketest.NewVerifyAtStripe(t, s)
				v.Stripe, sync.Client = nil, nil
				if _, err := v.Run(t.Context()); err != nil && pipeline.ExitCode(err) != 3 {
					t.Fatal(err)
				}
				if _, err := v.Repair(t.Context(), sync); err != nil {
					t.Fatal(err)
				}
				if s.Asked.Load() > asked {
					t.Errorf("%d requests", s.Asked.Load()-asked)
				}
			}
			if found := laketest.Verify(t, s.Lake, false); len(found) > 0 {
				t.Errorf("found after it:\n%s", strings.Join(found, "\n"))
			}
		})
	}
}

func dangle(dir string) error {
	link := filepath.Join(dir, "current")
	return errors.Join(os.Remove(link), os.Symlink(filepath.Join(".state", "generations", "000099"), link))
}

// lake.json is made again from the raw log: accounts, mode and the dates from which
// was read, so that a bounded lake stays bounded. Until then nothing else works on
// the lake.
func TestLakeFileIsMadeAgain(t *testing.T) {
	t.Parallel()
	for name, damage := range map[string]func(string) error{"missing": laketest.RemoveFiles("lake.json"), "damaged": laketest.WriteFile("lake.json", "{")} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := laketest.NewScene(t, laketest.Shop(t, nil).Handler())
			from := laketest.ShopEnd.AddDate(0, 0, -8).Truncate(24 * 60 * 60 * 1e9)
			bounded := laketest.NewPatientSync(t, s.Lake, s.API, nil)
			bounded.Range.From = from
			if _, err := bounded.Run(t.Context()); err != nil {
				t.Fatal(err)
			}
			before, err := load.ReadAccounts(s.Lake)
			if err != nil {
				t.Fatal(err)
			}
			charges := s.Rows("SELECT count(*) FROM charges")
			if err := damage(s.Lake); err != nil {
				t.Fatal(err)
			}
			if _, err := load.ReadMode(s.Lake); !errors.Is(err, load.ErrLakeFile) {
				t.Errorf("read the mode: %v", err)
			}
			s.Sync()
			// The state is still the lake's own: nothing is derived again.
			if said := strings.Join(s.Notices, "\n"); !strings.HasPrefix(said, "lake.json is "+name+": made again from raw/, which holds acct_") || len(s.Notices) > 1 {
				t.Errorf("the sync said %q", said)
			}
			after, err := load.ReadAccounts(s.Lake)
			if err != nil {
				t.Fatal(err)
			}
			if len(after) != 1 || after[0].ID != before[0].ID || !after[0].Starts["charges"].Equal(from) {
				t.Errorf("%+v, before %+v", after, before)
			}
			s.Expect("charges", "SELECT count(*) FROM charges", charges...)
		})
	}
}

// What is known of erasures and cannot be read ends a run with a line that says what
// to do: to go on without it would bring back who was erased.
func TestErasureRecordsAreDamaged(t *testing.T) {
	t.Parallel()
	s := laketest.NewScene(t, laketest.Shop(t, nil).Handler())
	s.Sync()
	for name, fix := range map[string]string{
		"forget.json":    "remove it, and run stripelake forget again for whoever it was about",
		"forgotten.json": "restore it from a backup; if nobody was ever erased from this lake, remove it",
	} {
		for _, text := range []string{"", "{", "{}", "null", "[]", "garbage", strings.Repeat("\x00", 5000)} {
			if err := laketest.WriteFile(name, text)(s.Lake); err != nil {
				t.Fatal(err)
			}
			_, err := s.Try()
			if want := filepath.Join(s.Lake, name) + " is damaged: " + fix; err == nil || !strings.HasSuffix(err.Error(), want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("%s is %.9q: %v", name, text, err)
			}
		}
		if err := laketest.RemoveFiles(name)(s.Lake); err != nil {
			t.Fatal(err)
		}
		s.Sync()
	}
}

// A block of the state that is damaged and read only in the middle of a run has
// the run begin once more, without the state.
func TestStateDamagedInside(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("nothing here runs side by side: not for the race detector")
	}
	server := laketest.Shop(t, nil)
	s := laketest.NewScene(t, server.Handler())
	s.Sync()
	s.Notices = nil
	sync := laketest.NewPatientSync(t, s.Lake, s.API, nil)
	spoilt := false
	sync.OnEvent = func(e pipeline.Event) {
		if e.Event == pipeline.EventNotice {
			s.Notices = append(s.Notices, e.Message)
		}
		if e.Event == pipeline.EventStarted && !spoilt {
			spoilt = true
			if err := spoilBlocks(filepath.Join(s.Lake, ".state", "work.duckdb")); err != nil {
				t.Error(err)
			}
		}
	}
	server.SetNow(laketest.ShopEnd)
	if _, err := sync.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if said := strings.Join(s.Notices, "\n"); !strings.Contains(said, "set aside") || !strings.Contains(said, "deriving the tables again from the raw log: ") {
		t.Errorf("the sync said %q", said)
	}
	if found := laketest.Verify(t, s.Lake, false); len(found) > 0 {
		t.Errorf("found after it: %q", found)
	}
}

// spoilBlocks changes a byte of every second block, after the headers.
func spoilBlocks(path string) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	for at := 12288 + 100; at < len(data); at += 2 * 65536 {
		data[at] ^= 0x55
	}
	return os.WriteFile(path, data, 0o600)
}
