package verify

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/stripelake/stripelake/internal/sqltext"
	"github.com/stripelake/stripelake/load"
	"github.com/stripelake/stripelake/load/internal/atomicfile"
	"github.com/stripelake/stripelake/load/internal/duck"
	"github.com/stripelake/stripelake/load/internal/filelock"
	"github.com/stripelake/stripelake/load/internal/lakedir"
	"github.com/stripelake/stripelake/load/internal/oserr"
	"github.com/stripelake/stripelake/load/internal/workdir"
	"github.com/stripelake/stripelake/load/rawlog"
	"github.com/stripelake/stripelake/schemas"
)

// Finding is one defect that a verification found.
type Finding struct {
	Name string `json:"name"` // the kind of defect: "segment missing", "state row altered"
	What string `json:"what"` // the file, row or position
	Says string `json:"says,omitempty"`
	Fix  string `json:"fix"`
}

// Checked is one check of a verification, with its findings.
type Checked struct {
	Account  string    `json:"account,omitempty"` // empty: the lake as a whole
	Check    string    `json:"check"`
	LookedAt int64     `json:"looked_at"`
	Unit     string    `json:"unit"` // of LookedAt, in the plural
	Notes    []string  `json:"notes,omitempty"`
	Found    int64     `json:"found"`    // number of all findings
	Findings []Finding `json:"findings"` // the first shownFindings of each name, or all if [Verification.All] is set

	all   bool
	known map[[2]string]bool
	named map[string]int // number of findings by name
}

// shownFindings is how many findings of each name are kept, unless all are. The rest is
// only counted.
const shownFindings = 10

// Add adds a finding. It ignores one with the same Name and What as an earlier one.
func (c *Checked) Add(f Finding) {
	if c.known[[2]string{f.Name, f.What}] {
		return
	}
	if c.known == nil {
		c.known, c.named = map[[2]string]bool{}, map[string]int{}
	}
	c.known[[2]string{f.Name, f.What}] = true
	c.Found++
	if c.named[f.Name]++; c.all || c.named[f.Name] <= shownFindings {
		c.Findings = append(c.Findings, f)
	}
}

// Note records what the check did not examine, and why.
func (c *Checked) Note(format string, args ...any) {
	c.Notes = append(c.Notes, fmt.Sprintf(format, args...))
}

// FixState is the advice for damaged derived data: only the raw log cannot be made
// again.
const FixState = "run stripelake verify --repair, which derives it again from the raw log"

// Verification compares the parts of a lake with each other: raw log, state and
// published files. It changes nothing but the record of its outcome. While it is open
// no other process changes them either: it holds the state's lock, as every writer
// does. It can verify a read-only lake, and then writes nothing there.
type Verification struct {
	Checks   []*Checked
	Sample   int  // read only so many segments of each stream and files of each table; 0 reads all
	All      bool // keep every finding, not only the first of each name
	ReadOnly bool // the lake cannot be written: no record of the outcome

	lake    *load.Lake
	lock    *filelock.Lock
	scratch workdir.Dir
	db      duck.Instance
	feed    duck.Feed
	memory  string // DuckDB's limit

	accounts  []string
	tables    []*load.TableLayout
	damaged   map[rawlog.StreamKey]bool // streams whose log cannot be compared with anything
	ends      map[rawlog.StreamKey][]rawlog.Segment
	cursors   map[rawlog.StreamKey][]string
	positions map[rawlog.StreamKey]uint64
	applied   map[rawlog.StreamKey]int64 // the seq up to which the state holds a stream
	current   load.Generation
	published bool                // the warehouse is attached
	columns   map[string][]string // by table: columns of the warehouse; nil until they are asked for
	rederived bool                // the rederived state is attached
	noState   string              // the reason why the state is not attached
}

// Open takes the lock of a lake's state, or returns a [load.BusyError], and opens the
// parts that exist for reading. The caller closes the Verification.
func Open(ctx context.Context, l *load.Lake) (_ *Verification, err error) {
	lock, readOnly, err := l.LockToLook(ctx)
	if err != nil {
		return nil, err
	}
	v := &Verification{
		ReadOnly: readOnly, lake: l, lock: lock, damaged: map[rawlog.StreamKey]bool{}, ends: map[rawlog.StreamKey][]rawlog.Segment{}, cursors: map[rawlog.StreamKey][]string{},
		positions: map[rawlog.StreamKey]uint64{}, applied: map[rawlog.StreamKey]int64{},
	}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("verify: %w", err), v.Close())
		}
	}()
	if erasure, err := l.Erasures().Pending(); err != nil || erasure != nil {
		return nil, cmp.Or(err, load.ErrErasurePending)
	}
	if v.accounts, err = l.LogAccounts(); err != nil {
		return nil, err
	}
	if err := v.makeScratch(); err != nil {
		return nil, err
	}
	v.memory = l.MemoryOr("160MB") // as much as a rebuild has: nothing is read from Stripe
	if v.db, err = duck.Start(ctx, v.memory, duck.ThreadsFor(2, lakedir.Database(l.Dir())), filepath.Join(v.scratch.Path, "tmp")); err != nil {
		return nil, err
	}
	if err := v.feed.Register(v.db.Conn); err != nil {
		return nil, err
	}
	return v, v.attachState(ctx)
}

// makeScratch creates the scratch folder. For a read-only lake it is in the system's
// temporary folder.
func (v *Verification) makeScratch() (err error) {
	if v.ReadOnly {
		v.scratch, err = workdir.Make(os.TempDir(), workdir.VerifyPrefix)
	} else {
		v.scratch.Path = lakedir.Verify(v.lake.Dir())
		err = os.RemoveAll(v.scratch.Path)
	}
	if err == nil {
		err = atomicfile.MakeDir(filepath.Join(v.scratch.Path, "tmp"))
	}
	return err
}

// Close removes the scratch folder and releases the lock.
func (v *Verification) Close() error {
	return errors.Join(v.db.Close(), v.scratch.Remove(), v.lock.Release())
}

// attachState opens the state for reading. It leaves a state that cannot be used as it
// is; the checks report it.
func (v *Verification) attachState(ctx context.Context) error {
	path := lakedir.Database(v.lake.Dir())
	if _, err := os.Stat(path); err != nil {
		v.noState = "there is none"
		return nil //nolint:nilerr // the checks report it
	}
	var version int
	var madeBy, running, id string
	err := v.db.Run(ctx, "ATTACH "+sqltext.Literal(path)+" AS work (READ_ONLY)")
	if err == nil {
		err = v.db.One(ctx, []any{&version, &madeBy, &running}, "SELECT version, duckdb, version() FROM work.state.info")
	}
	// Read the tables that the checks rely on once: a missing block shows here.
	for _, table := range []string{"state.objects", "state.schemas", "meta.positions", "meta.coverage", "meta.gaps", "meta.rejects", "meta.runs"} {
		if err == nil {
			_, err = v.db.Exec(ctx, "SELECT max(COLUMNS(*)) FROM work."+table)
		}
	}
	switch {
	case err != nil && (ctx.Err() != nil || !duck.IsDamage(err)):
		return err
	case err != nil:
		v.noState = "damaged: " + oserr.FirstLine(err)
	case version != load.StateVersion:
		v.noState = fmt.Sprintf("version %d, want %d", version, load.StateVersion)
	case madeBy != running:
		v.noState = fmt.Sprintf("made by DuckDB %s, running %s", madeBy, running)
	}
	if v.noState != "" {
		return nil
	}
	kept, err := v.lake.ID()
	if err == nil {
		err = v.db.One(ctx, []any{&id}, "SELECT lake FROM work.state.info")
	}
	if err == nil && kept != "" && id != kept {
		v.noState = load.NotOwn
	}
	return err
}

// Schemas returns the files of the schema set that the lake's tables are built with, by
// name. It returns none if neither the state nor a generation has them.
func (v *Verification) Schemas(ctx context.Context) (map[string]string, error) {
	if v.noState != "" {
		files, err := load.ReadSchemas(v.lake.Dir())
		if err != nil {
			return nil, nil //nolint:nilerr // the caller then uses its own set
		}
		return files, nil
	}
	return load.FilesIn(ctx, v.db.Session, "work.state.schemas")
}

// Use sets the tables that the lake is built of.
func (v *Verification) Use(tables []load.Table) (err error) {
	v.tables, err = load.LayOut(tables)
	return err
}

// Cursors returns the cursors of a stream, oldest first: those of the segments, and
// that of cursor.json if it is newer. It returns none if the log is damaged (Invariant 9).
func (v *Verification) Cursors(account, stream string) []string {
	key := rawlog.StreamKey{Account: account, Stream: stream}
	if v.damaged[key] {
		return nil
	}
	return v.cursors[key]
}

// Accounts returns the accounts that have a log.
func (v *Verification) Accounts() []string { return slices.Clone(v.accounts) }

// begin starts a check.
func (v *Verification) begin(account, check, unit string) *Checked {
	c := &Checked{Account: account, Check: check, Unit: unit, Findings: []Finding{}, all: v.All}
	v.Checks = append(v.Checks, c)
	v.lake.Stage("verifying: " + check)
	return c
}

// columnsOf returns the quoted column names of a declared table.
func columnsOf(s *schemas.Schema) []string {
	var names []string
	for _, c := range s.Columns() {
		names = append(names, sqltext.Ident(c.Name))
	}
	return names
}
