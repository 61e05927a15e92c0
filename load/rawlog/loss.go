package rawlog

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
	"github.com/stripelake/stripelake/load/internal/folder"
	"github.com/stripelake/stripelake/load/internal/lakedir"
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
	return path.Join(lakedir.RawDir, x.Account, x.Stream, filepath.Base(x.path("", lostSuffix)))
}

func (x Loss) path(dir, suffix string) string {
	return strings.TrimSuffix(SegmentPath(dir, x.First, x.Last), ".parquet") + suffix
}

// PendingRepairs returns the repairs of an account's log that were begun and are
// not finished.
func PendingRepairs(lake, account string) ([]Loss, error) {
	return losses(Options{Lake: lake}, account, pendingSuffix)
}

func losses(opts Options, account, suffix string) (found []Loss, err error) {
	paths, err := folder.Glob(opts.path(account), "*", "*"+suffix)
	for _, name := range paths {
		m := segmentName.FindStringSubmatch(strings.TrimSuffix(filepath.Base(name), suffix) + ".parquet")
		if m == nil {
			continue // nobody wrote it
		}
		var x Loss
		err := atomicfile.ReadJSON(name, &x)
		if err != nil && !atomicfile.IsJSONDamage(err) {
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
	f := damageFinder{Log: g, dir: dir, stream: x.Stream}
	foot, err := f.readThrough(ctx, SegmentFile{First: x.First, Last: x.Last, Path: SegmentPath(dir, x.First, x.Last)})
	if ctx.Err() != nil {
		return false, ctx.Err()
	}
	if err != nil || foot.Lost == 0 {
		record := x.path(dir, pendingSuffix)
		return false, os.Rename(record, record+atomicfile.DamagedSuffix)
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
	aside, err := folder.Glob(g.opts.path(account), "*", "*"+atomicfile.DamagedSuffix)
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
