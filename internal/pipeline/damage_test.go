package pipeline_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stripelake/stripelake/internal/pipeline"
	"github.com/stripelake/stripelake/load"
)

// garbage makes of a file what is none, of the same size or, where that is 0, of
// another.
func garbage(pattern string, same bool) func(string) error {
	return altered(pattern, func(data []byte) []byte {
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
	return altered(pattern, func(data []byte) []byte {
		for i := range 64 {
			data[len(data)/1000*at+i] ^= 0x55
		}
		return data
	})
}

// Whatever of what is derived is lost or damaged, a plain sync notices, says so and
// mends it, though nothing is new (Invariant 7); what a look at sizes and headers
// does not show, verify finds and its repair mends. Nothing is asked of Stripe for
// any of it.
func TestDerivedDamage(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("nothing here runs side by side: not for the race detector")
	}
	server := shop(t, nil)
	sound := newScene(t, server.Handler())
	sound.sync()
	part := strings.TrimPrefix(last(t, sound.lake, "current/charges/*/*/*.parquet"), filepath.Join(sound.lake, "current")+"/")
	const work, warehouse = ".state/work.duckdb", "current/warehouse.duckdb"
	for name, tc := range map[string]struct {
		damage func(string) error
		says   string // the sync; empty: nothing, and the repair mends
	}{
		"warehouse missing":      {remove(warehouse), "publishing every file anew: current/warehouse.duckdb is missing"},
		"warehouse truncated":    {shorten(warehouse, 5000), "publishing every file anew: current/warehouse.duckdb has "},
		"warehouse header":       {garbage(warehouse, true), "publishing every file anew: current/warehouse.duckdb does not open: "},
		"link missing":           {remove("current"), "publishing every file anew: current is missing"},
		"link dangling":          {dangle, "publishing every file anew: current/generation.json is missing or damaged"},
		"part missing":           {remove("current/" + part), "publishing every file anew: current/" + part + " is missing"},
		"part truncated":         {shorten("current/"+part, 100), "publishing every file anew: current/" + part + " has "},
		"part without its marks": {garbage("current/"+part, true), "publishing every file anew: current/" + part + " is damaged"},
		"part's last byte":       {bit("current/"+part, -1), "publishing every file anew: current/" + part + " is damaged"},
		"part's footer's length": {bit("current/"+part, -8), "publishing every file anew: current/" + part + " is damaged"},
		"schemas":                {bit("current/schemas.json", 1000), "publishing every file anew: current/schemas.json is damaged"},
		"part altered":           {spoil("current/"+part, 300), ""},
		"state missing":          {remove(work), "deriving the tables again from the raw log: no state yet"},
		"state truncated":        {shorten(work, 100_000), "deriving the tables again from the raw log: "},
		"state no database":      {garbage(work, false), "deriving the tables again from the raw log: damaged, set aside as "},
		"state of another time":  {state("UPDATE state.info SET version = 99"), "deriving the tables again from the raw log: state version 99, want "},
		"state of another DuckDB": {
			state("UPDATE state.info SET duckdb = 'v0.1.0'"), "deriving the tables again from the raw log: made by DuckDB v0.1.0, running ",
		},
		"a write-ahead log of another": {write(work+".wal", "garbage"), ""},
		"state altered":                {state("UPDATE charges SET amount = amount + 1 WHERE id IN (SELECT min(id) FROM charges)"), ""},
		"status":                       {write(".state/status.json", "{"), ""},
		"no rebuild":                   {write(".state/next.duckdb", "garbage"), ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := twin(t, sound, server)
			if err := tc.damage(s.lake); err != nil {
				t.Fatal(err)
			}
			s.sync()
			switch said := strings.Join(s.notices, "\n"); {
			case tc.says != "" && !strings.Contains(said, tc.says):
				t.Errorf("the sync said %q, want %q", said, tc.says)
			case tc.says == "" && said != "":
				t.Errorf("the sync said %q", said)
			case tc.says == "":
				asked := s.asked.Load()
				v, sync := comparing(t, s)
				v.Stripe, sync.Client = nil, nil
				if _, err := v.Run(t.Context()); err != nil && pipeline.ExitCode(err) != 3 {
					t.Fatal(err)
				}
				if _, err := v.Repair(t.Context(), sync); err != nil {
					t.Fatal(err)
				}
				if s.asked.Load() > asked {
					t.Errorf("%d requests", s.asked.Load()-asked)
				}
			}
			if found := verify(t, s.lake, false); len(found) > 0 {
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
	for name, damage := range map[string]func(string) error{"missing": remove("lake.json"), "damaged": write("lake.json", "{")} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newScene(t, shop(t, nil).Handler())
			from := shopEnd.AddDate(0, 0, -8).Truncate(24 * 60 * 60 * 1e9)
			bounded := historySync(t, s.lake, s.api, nil)
			bounded.Range.From = from
			if _, err := bounded.Run(t.Context()); err != nil {
				t.Fatal(err)
			}
			before, err := load.ReadAccounts(s.lake)
			if err != nil {
				t.Fatal(err)
			}
			charges := s.rows("SELECT count(*) FROM charges")
			if err := damage(s.lake); err != nil {
				t.Fatal(err)
			}
			if _, err := load.ReadMode(s.lake); !errors.Is(err, load.ErrLakeFile) {
				t.Errorf("read the mode: %v", err)
			}
			s.sync()
			// The state is still the lake's own: nothing is derived again.
			if said := strings.Join(s.notices, "\n"); !strings.HasPrefix(said, "lake.json is "+name+": made again from raw/, which holds acct_") || len(s.notices) > 1 {
				t.Errorf("the sync said %q", said)
			}
			after, err := load.ReadAccounts(s.lake)
			if err != nil {
				t.Fatal(err)
			}
			if len(after) != 1 || after[0].ID != before[0].ID || !after[0].Starts["charges"].Equal(from) {
				t.Errorf("%+v, before %+v", after, before)
			}
			s.expect("charges", "SELECT count(*) FROM charges", charges...)
		})
	}
}

// What is known of erasures and cannot be read ends a run with a line that says what
// to do: to go on without it would bring back who was erased.
func TestErasureRecordsAreDamaged(t *testing.T) {
	t.Parallel()
	s := newScene(t, shop(t, nil).Handler())
	s.sync()
	for name, fix := range map[string]string{
		"forget.json":    "remove it, and run stripelake forget again for whoever it was about",
		"forgotten.json": "restore it from a backup; if nobody was ever erased from this lake, remove it",
	} {
		for _, text := range []string{"", "{", "{}", "null", "[]", "garbage", strings.Repeat("\x00", 5000)} {
			if err := write(name, text)(s.lake); err != nil {
				t.Fatal(err)
			}
			_, err := s.try()
			if want := filepath.Join(s.lake, name) + " is damaged: " + fix; err == nil || !strings.HasSuffix(err.Error(), want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("%s is %.9q: %v", name, text, err)
			}
		}
		if err := remove(name)(s.lake); err != nil {
			t.Fatal(err)
		}
		s.sync()
	}
}

// A block of the state that is damaged and read only in the middle of a run has
// the run begin once more, without the state.
func TestStateDamagedInside(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("nothing here runs side by side: not for the race detector")
	}
	server := shop(t, nil)
	s := newScene(t, server.Handler())
	s.sync()
	s.notices = nil
	sync := historySync(t, s.lake, s.api, nil)
	spoilt := false
	sync.OnEvent = func(e pipeline.Event) {
		if e.Event == pipeline.EventNotice {
			s.notices = append(s.notices, e.Message)
		}
		if e.Event == pipeline.EventStarted && !spoilt {
			spoilt = true
			if err := spoilBlocks(filepath.Join(s.lake, ".state", "work.duckdb")); err != nil {
				t.Error(err)
			}
		}
	}
	server.SetNow(shopEnd)
	if _, err := sync.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if said := strings.Join(s.notices, "\n"); !strings.Contains(said, "set aside") || !strings.Contains(said, "deriving the tables again from the raw log: ") {
		t.Errorf("the sync said %q", said)
	}
	if found := verify(t, s.lake, false); len(found) > 0 {
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
