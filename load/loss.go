package load

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/stripelake/stripelake/load/internal/atomicfile"
	"github.com/stripelake/stripelake/load/internal/duck"
	"github.com/stripelake/stripelake/load/internal/folder"
)

// Loss is a run of segments that are missing or cannot be read, and what is known
// of what was in them. It is kept beside the log: as <range>.repair.json from
// before anything is changed until all that can be is read again, and as
// <range>.lost.json from then on. It holds ids, and rows of what Stripe no longer
// has; an erasure takes what it erases out of it.
type Loss struct {
	Account  string       `json:"account"`
	Stream   string       `json:"stream"`
	First    uint64       `json:"first"` // segments, both included
	Last     uint64       `json:"last"`
	FirstSeq uint64       `json:"first_seq"` // both included; the last below the first where nobody knows how many there were
	LastSeq  uint64       `json:"last_seq"`
	Damage   []Damage     `json:"damage"`
	Newest   bool         `json:"newest"`   // nothing of the stream came after it
	Known    bool         `json:"known"`    // Objects are all whose newest version was in it
	Versions uint64       `json:"versions"` // in it, newest ones and older ones
	Older    uint64       `json:"older"`    // versions that are lost for good: the history of objects
	Objects  []LostObject `json:"objects"`
	Relisted []string     `json:"relisted,omitempty"` // streams that are listed again because nobody knows
	Found    time.Time    `json:"found"`              // UTC
	Repaired time.Time    `json:"repaired,omitzero"`  // UTC

	Unread bool `json:"-"` // its record is damaged: nothing but whose segments they are is known
}

// Damage is one file of a loss. Paths are inside the lake, slash-separated.
type Damage struct {
	File string `json:"file"`
	Says string `json:"says"`
	Kept string `json:"kept,omitempty"` // where the file was set aside; empty where there was none
}

// LostObject is an object whose newest version is lost.
type LostObject struct {
	ID      string                       `json:"id"`
	Created time.Time                    `json:"created,omitzero"` // UTC
	Gone    bool                         `json:"gone,omitempty"`   // Stripe no longer has it
	Rows    map[string][]json.RawMessage `json:"rows,omitempty"`   // by table, as they were known last; of what is gone
}

const (
	pendingSuffix = ".repair.json"
	lostSuffix    = ".lost.json"
)

// Path is where a loss is kept for good, inside the lake; slash-separated.
func (x Loss) Path() string {
	return path.Join(rawDir, x.Account, x.Stream, filepath.Base(x.path("", lostSuffix)))
}

func (x Loss) path(dir, suffix string) string {
	return strings.TrimSuffix(segmentPath(dir, x.First, x.Last), ".parquet") + suffix
}

// pendingRepairs returns the repairs of an account's log that were begun and are
// not finished.
func pendingRepairs(lake, account string) ([]Loss, error) {
	return losses(LogOptions{Lake: lake}, account, pendingSuffix)
}

func losses(opts LogOptions, account, suffix string) (found []Loss, err error) {
	paths, err := folder.Glob(opts.path(account), "*", "*"+suffix)
	for _, name := range paths {
		m := segmentName.FindStringSubmatch(strings.TrimSuffix(filepath.Base(name), suffix) + ".parquet")
		if m == nil {
			continue // nobody wrote it
		}
		var x Loss
		err := atomicfile.ReadJSON(name, &x)
		if err != nil && !isJSONDamage(err) {
			return nil, fmt.Errorf("read pending repair: %w", err)
		}
		if err != nil || x.path(opts.path(x.Account, x.Stream), suffix) != name {
			x = Loss{Account: account, Stream: filepath.Base(filepath.Dir(name)), Unread: true}
			x.First, _ = strconv.ParseUint(m[1], 10, 64)
			x.Last, _ = strconv.ParseUint(m[2], 10, 64)
		}
		found = append(found, x)
	}
	return found, err
}

// RecoverLoss finds out what the segments hold of a loss whose record is damaged:
// what stands in their place says how much it took. It reports whether anything
// does; else the record goes aside, and what is damaged is found as it is elsewhere.
func (g *Log) RecoverLoss(ctx context.Context, x *Loss) (lost bool, err error) {
	dir := g.opts.path(x.Account, x.Stream)
	f := lossFinder{Log: g, dir: dir, stream: x.Stream}
	foot, err := f.readThrough(ctx, span{first: x.First, last: x.Last, path: segmentPath(dir, x.First, x.Last)})
	if ctx.Err() != nil {
		return false, ctx.Err()
	}
	if err != nil || foot.Lost == 0 {
		record := x.path(dir, pendingSuffix)
		return false, os.Rename(record, record+damagedSuffix)
	}
	*x = Loss{
		Account: x.Account, Stream: x.Stream, First: x.First, Last: x.Last, FirstSeq: foot.FirstSeq, LastSeq: foot.LastSeq, Versions: foot.Lost,
		Found: time.Now().UTC().Truncate(time.Second),
	}
	return true, nil
}

// RecordLoss keeps a loss as pending. The stream's folder may be lost too.
func (g *Log) RecordLoss(x Loss) error {
	dir := g.opts.path(x.Account, x.Stream)
	err := atomicfile.MakeDir(dir)
	if err == nil {
		err = atomicfile.WriteJSON(x.path(dir, pendingSuffix), atomicfile.Hooks{Synced: g.opts.Trace.LossRecorded}, x)
	}
	if err != nil {
		return fmt.Errorf("record loss: %w", err)
	}
	return nil
}

// FinishLoss keeps a loss for good: all that could be is read again.
func (g *Log) FinishLoss(x Loss) error {
	dir := g.opts.path(x.Account, x.Stream)
	x.Repaired = time.Now().UTC().Truncate(time.Second)
	err := atomicfile.WriteJSON(x.path(dir, lostSuffix), atomicfile.Hooks{}, x)
	if err == nil {
		err = errors.Join(os.Remove(x.path(dir, pendingSuffix)), atomicfile.Sync(dir))
	}
	if err != nil {
		return fmt.Errorf("keep what was lost: %w", err)
	}
	return nil
}

// EraseLosses takes objects out of what is kept of losses, and removes what was
// set aside: nobody can tell what is in it.
func (g *Log) EraseLosses(account string, gone func(id string) bool) error {
	aside, err := folder.Glob(g.opts.path(account), "*", "*"+damagedSuffix)
	for _, path := range aside {
		err = errors.Join(err, os.Remove(path))
	}
	for _, suffix := range []string{pendingSuffix, lostSuffix} {
		found, readErr := losses(g.opts, account, suffix)
		err = errors.Join(err, readErr)
		for _, x := range found {
			path := x.path(g.opts.path(account, x.Stream), suffix)
			if x.Unread { // nobody can tell what is in it: it stays as a record that cannot be read
				err = errors.Join(err, atomicfile.WriteJSON(path, atomicfile.Hooks{}, struct{}{}))
				continue
			}
			x.Objects = slices.DeleteFunc(x.Objects, func(o LostObject) bool { return gone(o.ID) })
			err = errors.Join(err, atomicfile.WriteJSON(path, atomicfile.Hooks{}, x))
		}
	}
	if err != nil {
		return fmt.Errorf("erase what was set aside: %w", err)
	}
	return nil
}

// Forfeit prepares the state for what a loss takes: the log no longer holds the
// newest version of the objects. Each counts as changed, so that it is appended
// when it is read again; what has no id to read it by, and what is an event, is no
// longer known.
func (s *State) Forfeit(ctx context.Context, x Loss, event bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if x.LastSeq < x.FirstSeq {
		return nil
	}
	if err := duck.RemoveDatabase(s.lake.nextPath()); err != nil { // derived from what is lost, too
		return err
	}
	const lost = " WHERE account = ? AND stream = ? AND seq BETWEEN ? AND ?"
	args := []any{x.Account, x.Stream, int64(x.FirstSeq), int64(x.LastSeq)}
	return s.db.InTx(ctx, func() error {
		for _, statement := range []string{
			"DELETE FROM meta.rejects" + lost + " AND id LIKE 'noid:%'",
			"DELETE FROM state.objects" + lost + fmt.Sprintf(" AND (%t OR id LIKE 'noid:%%')", event),
			"UPDATE state.objects SET hash = 0" + lost,
		} {
			if _, err := s.db.Exec(ctx, statement, args...); err != nil {
				return fmt.Errorf("forfeit %s/%s: %w", x.Account, x.Stream, err)
			}
		}
		return nil
	})
}

// Unread returns the objects of a loss that were not read again yet.
func (s *State) Unread(ctx context.Context, x Loss) ([]Reread, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []Reread
	err := s.offerLost(x, func(from string) (err error) {
		list, err = s.rereads(ctx, x.Account, x.Stream, `SELECT h.c0 AS id, h.c1 AS created FROM `+from+`
			WHERE h.c0 NOT LIKE 'noid:%' AND coalesce(o.seq <= ?, true)`, x.Account, x.Stream, int64(x.LastSeq))
		return err
	})
	return list, err
}

// Took returns the objects whose newest version was in a loss, as far as the state
// knows.
func (s *State) Took(ctx context.Context, x Loss) ([]LostObject, error) {
	return s.lostObjects(ctx, "seq BETWEEN ? AND ?", x.Account, x.Stream, int64(x.FirstSeq), int64(x.LastSeq))
}

// DeletedSince returns the objects of a loss's stream that are marked as deleted by
// a version after it: the version that their rows were made of may have been in it.
func (s *State) DeletedSince(ctx context.Context, x Loss) ([]LostObject, error) {
	return s.lostObjects(ctx, "deleted AND seq > ?", x.Account, x.Stream, int64(x.LastSeq))
}

func (s *State) lostObjects(ctx context.Context, which string, args ...any) (found []LostObject, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var o LostObject
	var created *time.Time
	found = []LostObject{}
	return found, s.db.Each(ctx, []any{&o.ID, &created}, func() error {
		o.Created = time.Time{}
		if created != nil {
			o.Created = created.UTC()
		}
		found = append(found, o)
		return nil
	}, "SELECT id, created FROM state.objects WHERE account = ? AND stream = ? AND "+which+" ORDER BY seq", args...)
}

// Gone notes in a loss which of its objects Stripe did not give back, with their rows
// as they were known last. It reports whether there is any.
func (s *State) Gone(ctx context.Context, x *Loss) (found bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	gone := map[string]bool{}
	err = s.offerLost(*x, func(from string) error {
		var id string
		return s.db.Each(ctx, []any{&id}, func() error {
			gone[id] = true
			return nil
		}, "SELECT h.c0 FROM "+from+" WHERE coalesce(o.deleted OR o.hash = 0, true)", x.Account, x.Stream)
	})
	for i := range x.Objects {
		o := &x.Objects[i]
		o.Gone = gone[o.ID] && !strings.HasPrefix(o.ID, "noid:") // nobody can ask for it
		found = found || o.Gone
		if err == nil && o.Gone && o.Rows == nil {
			err = s.lastRows(ctx, x.Account, o)
		}
	}
	return found, err
}

// offerLost lets a query join the objects of a loss, h, with what the state keeps
// of them, o. Its first arguments are the account and the stream.
func (s *State) offerLost(x Loss, query func(from string) error) error {
	if len(x.Objects) == 0 {
		return nil
	}
	src, err := duck.RowSource(len(x.Objects), func(i int) []any { return []any{x.Objects[i].ID, duck.NullTime(x.Objects[i].Created)} }, duck.KindText, duck.KindTime)
	if err != nil {
		return err
	}
	id, done := s.feed.Offer(src)
	defer done()
	return query(fmt.Sprintf("%s(%d) h LEFT JOIN (FROM state.objects WHERE account = ? AND stream = ?) o ON o.id = h.c0", duck.FeedName, id))
}

func (s *State) lastRows(ctx context.Context, account string, o *LostObject) error {
	for _, t := range s.tables {
		var row string
		err := s.db.Each(ctx, []any{&row}, func() error {
			if o.Rows == nil {
				o.Rows = map[string][]json.RawMessage{}
			}
			o.Rows[t.Schema.Table] = append(o.Rows[t.Schema.Table], json.RawMessage(row))
			return nil
		}, fmt.Sprintf("SELECT CAST(to_json(t) AS VARCHAR) FROM %s t WHERE account = ? AND _source_id = ? ORDER BY ALL", t.everyRow()), account, o.ID)
		if err != nil {
			return err
		}
	}
	return nil
}

// Highest returns the highest sequence number of a stream that the state holds.
func (s *State) Highest(ctx context.Context, account, stream string) (seq uint64, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	err = s.db.One(ctx, []any{&seq}, "SELECT coalesce(max(seq), 0) FROM state.objects WHERE account = ? AND stream = ?", account, stream)
	return seq, err
}
