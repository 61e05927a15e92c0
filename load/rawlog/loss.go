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

// Loss is a range of segments that are missing or cannot be read, with what is known of
// their content. It is stored in the stream's folder: as <range>.repair.json from
// before the repair changes anything until all that Stripe still has is read again, and
// as <range>.lost.json from then on. It holds ids, and the rows of objects that Stripe
// no longer has. An erasure removes erased objects from it.
type Loss struct {
	Account  string       `json:"account"`
	Stream   string       `json:"stream"`
	First    uint64       `json:"first"` // segment numbers, both included
	Last     uint64       `json:"last"`
	FirstSeq uint64       `json:"first_seq"` // sequence numbers, both included; LastSeq < FirstSeq where their number is unknown
	LastSeq  uint64       `json:"last_seq"`
	Damage   []Damage     `json:"damage"`
	Newest   bool         `json:"newest"`   // the stream has no later segment
	Known    bool         `json:"known"`    // Objects lists every object whose newest version was in the range
	Versions uint64       `json:"versions"` // number of versions in the range, newest and older ones
	Older    uint64       `json:"older"`    // number of older versions, which are lost for good: history of objects
	Objects  []LostObject `json:"objects"`
	Relisted []string     `json:"relisted,omitempty"` // streams that are listed again because Objects may lack some
	Found    time.Time    `json:"found"`              // UTC
	Repaired time.Time    `json:"repaired,omitzero"`  // UTC

	Unread bool `json:"-"` // the record is damaged: only the stream and the range are known
}

// Damage is one damaged file of a loss. Paths are relative to the lake and
// slash-separated.
type Damage struct {
	File string `json:"file"`
	Says string `json:"says"`
	Kept string `json:"kept,omitempty"` // path in quarantine; empty where the file was missing
}

// LostObject is an object whose newest version is lost.
type LostObject struct {
	ID      string                       `json:"id"`
	Created time.Time                    `json:"created,omitzero"` // UTC
	Gone    bool                         `json:"gone,omitempty"`   // Stripe no longer has it
	Rows    map[string][]json.RawMessage `json:"rows,omitempty"`   // last known rows by table, of an object that is Gone
}

const (
	pendingSuffix = ".repair.json"
	lostSuffix    = ".lost.json"
)

// Path returns the path of the finished loss's record, relative to the lake and
// slash-separated.
func (x Loss) Path() string {
	return path.Join(lakedir.RawDir, x.Account, x.Stream, filepath.Base(x.path("", lostSuffix)))
}

func (x Loss) path(dir, suffix string) string {
	return strings.TrimSuffix(SegmentPath(dir, x.First, x.Last), ".parquet") + suffix
}

// PendingRepairs returns the pending repairs of an account's log.
func PendingRepairs(lake, account string) ([]Loss, error) {
	return losses(Options{Lake: lake}, account, pendingSuffix)
}

func losses(opts Options, account, suffix string) (found []Loss, err error) {
	paths, err := folder.Glob(opts.path(account), "*", "*"+suffix)
	for _, name := range paths {
		m := segmentName.FindStringSubmatch(strings.TrimSuffix(filepath.Base(name), suffix) + ".parquet")
		if m == nil {
			continue // not a record that we wrote
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

// RecoverLoss rebuilds a loss whose record is damaged from the segment that replaced
// the lost range: its footer counts the lost versions. lost is false where there is no
// such segment. The record then goes into quarantine, and the usual checks find the
// damage again.
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

// RecordLoss saves a loss as pending. It makes the stream's folder if that is lost,
// too.
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

// FinishLoss saves a loss as finished, after all that Stripe still has was read again.
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

// EraseLosses removes objects from the records of losses, and removes all files in
// quarantine: nobody can know which objects those hold.
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
			if x.Unread { // its objects are unknown: keep an unreadable record without content
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
