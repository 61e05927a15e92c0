package load

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/stripelake/stripelake/internal/hint"
	"github.com/stripelake/stripelake/load/internal/atomicfile"
	"github.com/stripelake/stripelake/load/internal/filelock"
	"github.com/stripelake/stripelake/load/internal/fsprobe"
	"github.com/stripelake/stripelake/load/internal/lakedir"
	"github.com/stripelake/stripelake/load/rawlog"
	"github.com/stripelake/stripelake/schemas"
)

// Format is the version of generations that this program writes.
const Format = 1

// lakeFormat is the version of the lake's layout. Since version 2 the lake stores its
// schemas in force: an older program would ignore them.
const lakeFormat = 2

// ErrOtherMode is the error for a lake with the other mode's data. A lake holds either
// live or test data; use another folder for the other.
var ErrOtherMode error = hint.New("the lake holds the other mode's data", "use another folder, or the other key")

// Lake is an open lake folder. It holds no lock itself.
type Lake struct {
	dir      string
	opts     Options
	recovery string
	reading  bool // read-only: nothing is written
}

// Account is the lake's record of one account.
type Account struct {
	ID     string               `json:"id"`
	Label  bool                 `json:"label,omitempty"`  // named by --account-label: its key may not read /v1/account
	Starts map[string]time.Time `json:"starts,omitempty"` // first --from by stream, UTC
}

// lakeFile is the content of lake.json.
type lakeFile struct {
	Format   int       `json:"format"`
	Mode     string    `json:"mode"`
	ID       string    `json:"id,omitempty"`      // shared by the lake and its state; unique to the lake
	Schemas  int       `json:"schemas,omitempty"` // version of the schemas in force, see [Declared]; 0 if there is none
	Accounts []Account `json:"accounts,omitempty"`
}

// Open opens the lake in dir, and creates it on first use. It returns ErrNewerFormat
// for a lake of a newer program and ErrOtherMode for one of the other mode.
func Open(dir string, opts Options) (*Lake, error) {
	l, err := lakeIn(dir, opts)
	if err != nil {
		return nil, err
	}
	if err := fsprobe.Check(l.dir, lakedir.StateDir); err != nil {
		return nil, fmt.Errorf("open lake: %w", err)
	}
	if err := atomicfile.MakeDir(l.path(lakedir.StateDir, lakedir.GenerationsDir)); err != nil {
		return nil, fmt.Errorf("open lake: %w", err)
	}
	if err := l.Erasures().ListLost(); err != nil && !opts.NoList {
		return nil, fmt.Errorf("open lake %s: %w", dir, err)
	}
	err = l.update(func(f *lakeFile) error {
		if f.Format == 0 {
			f.Format = lakeFormat
		}
		f.Mode = cmp.Or(f.Mode, opts.Mode)
		switch {
		case f.Format > lakeFormat:
			return rawlog.NewerFormat(fmt.Sprintf("format %d", f.Format))
		case f.Mode == "":
			return errors.New("a new lake needs a mode: live or test")
		case opts.Mode != "" && opts.Mode != f.Mode && len(f.Accounts) == 0:
			f.Mode = opts.Mode // nothing was ever read: a refused key does not fix the mode
		case opts.Mode != "" && opts.Mode != f.Mode:
			return fmt.Errorf("%s mode asked for, %s mode kept: %w", opts.Mode, f.Mode, ErrOtherMode)
		}
		l.opts.Mode = f.Mode
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("open lake %s: %w", l.dir, err)
	}
	return l, nil
}

// OpenToRead opens the lake in dir for reading. It writes nothing, so the lake may be
// read-only. The error says why there is no lake that this program can read.
func OpenToRead(dir string, opts Options) (*Lake, error) {
	mode, err := ReadMode(dir)
	if err != nil {
		return nil, err
	}
	l, err := lakeIn(dir, opts)
	if err == nil {
		l.opts.Mode, l.reading = mode, true
	}
	return l, err
}

// lakeIn returns the lake in a folder, without reading lake.json.
func lakeIn(dir string, opts Options) (*Lake, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	if err := unfinishedBackup(dir); err != nil {
		return nil, fmt.Errorf("open lake %s: %w", dir, err)
	}
	// DuckDB reads these as globs, and ? as the start of options.
	if strings.ContainsAny(dir, "?*[]") {
		return nil, fmt.Errorf("open lake %s: the path must not contain any of ? * [ ]", dir)
	}
	return &Lake{dir: dir, opts: opts.withDefaults()}, nil
}

// Tables returns the names of the tables that the lake was opened with.
func (l *Lake) Tables() []string {
	names := make([]string, len(l.opts.Tables))
	for i, t := range l.opts.Tables {
		names[i] = t.Schema.Table
	}
	return names
}

// Using returns the lake with other options, except for the mode.
func (l *Lake) Using(opts Options) *Lake {
	used := *l
	opts.Mode = l.opts.Mode
	used.opts = opts.withDefaults()
	return &used
}

// Resources returns what the log has streams of, besides the events.
func (l *Lake) Resources() *schemas.Resources {
	if l.opts.Resources == nil {
		return schemas.ShippedResources()
	}
	return l.opts.Resources
}

// Stage says what begins now, to whoever wants to know ([Options.OnStage]). Several
// goroutines may call it.
func (l *Lake) Stage(what string) {
	if l.opts.OnStage != nil {
		l.opts.OnStage(what)
	}
}

// FromScratch returns the lake with options that derive its tables again from an empty
// state.
func (l *Lake) FromScratch() *Lake {
	anew := *l
	anew.opts.Anew = true
	return &anew
}

// Mode returns "live" or "test".
func (l *Lake) Mode() string { return l.opts.Mode }

// Dir returns the lake's folder, absolute.
func (l *Lake) Dir() string { return l.dir }

// Accounts returns the lake's accounts, sorted by id.
func (l *Lake) Accounts() ([]Account, error) {
	var f lakeFile
	if err := atomicfile.ReadJSON(l.path("lake.json"), &f); err != nil {
		return nil, fmt.Errorf("read lake: %w", err)
	}
	return f.Accounts, nil
}

// Remember adds an account to lake.json. label says that the user chose its id, because
// the key may not read the account's own id.
func (l *Lake) Remember(id string, label bool) error {
	return l.update(func(f *lakeFile) error {
		a, err := f.account(id)
		if err == nil {
			a.Label = a.Label || label
		}
		return err
	})
}

// SetStart records the date from which a stream is read, and returns the one in force:
// the first date stays unless a later call gives an earlier one.
func (l *Lake) SetStart(id, stream string, from time.Time) (time.Time, error) {
	from = from.UTC()
	err := l.update(func(f *lakeFile) error {
		a, err := f.account(id)
		if err != nil {
			return err
		}
		if kept, ok := a.Starts[stream]; ok && !from.Before(kept) {
			from = kept
			return nil
		}
		if a.Starts == nil {
			a.Starts = map[string]time.Time{}
		}
		a.Starts[stream] = from
		return nil
	})
	return from, err
}

// Start returns the date from which a stream is read; zero if none was given.
func (l *Lake) Start(id, stream string) (time.Time, error) {
	accounts, err := l.Accounts()
	for _, a := range accounts {
		if a.ID == id {
			return a.Starts[stream], err
		}
	}
	return time.Time{}, err
}

// update changes lake.json under its lock: several processes may each pull their own
// account into one lake.
func (l *Lake) update(change func(*lakeFile) error) (err error) {
	lock, err := filelock.Wait(context.Background(), l.path(lakedir.StateDir, "lake.lock"), "lake.json", 10*time.Second, nil)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lock.Release()) }()
	f, err := l.readLakeFile()
	if err != nil {
		return err
	}
	before, err := json.Marshal(f)
	if err != nil {
		return err
	}
	if l.recovery != "" {
		before = nil // it is not in the file yet
	}
	if err := change(&f); err != nil {
		return err
	}
	if after, err := json.Marshal(f); err != nil || bytes.Equal(before, after) {
		return err
	}
	return atomicfile.WriteJSON(l.path("lake.json"), atomicfile.Hooks{}, f)
}

// account returns the entry of an account in lake.json. It adds one if there is none.
func (f *lakeFile) account(id string) (*Account, error) {
	if err := rawlog.CheckAccount(id); err != nil {
		return nil, err
	}
	i, found := slices.BinarySearchFunc(f.Accounts, id, func(a Account, id string) int { return cmp.Compare(a.ID, id) })
	if !found {
		f.Accounts = slices.Insert(f.Accounts, i, Account{ID: id})
	}
	return &f.Accounts[i], nil
}

// At returns the lake in a folder without opening it, for callers that only read its
// files.
func At(dir string) *Lake { return &Lake{dir: dir} }

func (l *Lake) path(elem ...string) string {
	return filepath.Join(append([]string{l.dir}, elem...)...)
}
