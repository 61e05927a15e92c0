package verify

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/stripelake/stripelake/internal/hint"
	"github.com/stripelake/stripelake/load"
	"github.com/stripelake/stripelake/load/internal/duck"
	"github.com/stripelake/stripelake/load/internal/lakedir"
	"github.com/stripelake/stripelake/load/internal/oserr"
	"github.com/stripelake/stripelake/load/rawlog"
)

// CheckLog reads every segment of every stream. It checks that each exists, has the
// right number, and holds the rows and the checksum that its footer declares. It stores
// the versions of all objects in a temporary table for later checks.
func (v *Verification) CheckLog(ctx context.Context) error {
	err := v.db.Run(ctx, `CREATE TEMP TABLE versions (account VARCHAR, stream VARCHAR, id VARCHAR, seq BIGINT, hash UBIGINT, deleted BOOLEAN, observed TIMESTAMP)`)
	if err != nil {
		return err
	}
	for _, account := range v.accounts {
		c := v.begin(account, "raw log", "segments")
		pending, err := v.lake.PendingRepairs(account)
		if err != nil {
			return err
		}
		for _, x := range pending {
			c.Add(Finding{"repair unfinished", account + "/" + x.Stream + ": " + rawlog.RangeText(x.First, x.Last), "not all that was lost is read again", "run stripelake verify --stripe --repair"})
		}
		streams, err := v.lake.Streams(account)
		if err != nil {
			return err
		}
		for _, stream := range streams {
			if err := v.checkStream(ctx, c, rawlog.StreamKey{Account: account, Stream: stream}); err != nil {
				return err
			}
		}
	}
	return v.checkAccounts()
}

// checkAccounts compares the folders of the log with lake.json: the log of an account
// that lake.json lacks is never applied.
func (v *Verification) checkAccounts() error {
	known, err := v.lake.Accounts()
	if err != nil {
		return err
	}
	for i, account := range v.accounts {
		if !slices.ContainsFunc(known, func(a load.Account) bool { return a.ID == account }) {
			v.Checks[i].Add(Finding{"account unknown", "raw/" + account, "lake.json does not name it, so that no rebuild reads its log", "restore lake.json from a backup, or move the folder out of raw/"})
		}
	}
	return nil
}

func (v *Verification) checkStream(ctx context.Context, c *Checked, key rawlog.StreamKey) error {
	before := c.Found
	dir := filepath.Join(v.lake.Dir(), lakedir.RawDir, key.Account, key.Stream)
	files, err := rawlog.SegmentFiles(dir, func(path string, err error) error {
		f := Finding{"foreign file", lakedir.Relative(v.lake.Dir(), path), "it is not a segment", "move it out of the log"}
		if h := hint.Of(err); h != nil {
			f.Says, f.Fix = "it"+strings.TrimPrefix(h.Err.Error(), path), h.Fix
		}
		c.Add(f)
		return nil
	})
	if err != nil {
		return err
	}
	var ends []rawlog.Segment
	chain := v.inChain(c, key, files)
	read := v.pick(len(chain))
	for i, s := range chain {
		check := rawlog.CheckFooter
		if read[i] {
			c.LookedAt++
			check = func(s rawlog.SegmentFile, account, stream string) (rawlog.Segment, string, error) {
				return rawlog.CheckSegment(s, account, stream, func(objects []load.Raw) error { return v.keepVersions(ctx, key, objects) })
			}
		}
		end, name, err := check(s, key.Account, key.Stream)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case name == "":
			return err
		case err != nil:
			c.Add(Finding{name, lakedir.Relative(v.lake.Dir(), s.Path), oserr.FirstLine(rawlog.Cause(err)), load.FixLog})
		default:
			ends = append(ends, end)
		}
	}
	v.noteSampled(c, key.Stream, chain, read)
	v.checkOrder(c, ends, c.Found > before)
	v.ends[key] = ends
	if err := v.checkCursorFile(c, key, ends); err != nil {
		return err
	}
	v.damaged[key] = c.Found > before
	return nil
}

// inChain leaves out superseded segments, and reports missing and doubled segment
// numbers (Invariant 2).
func (v *Verification) inChain(c *Checked, key rawlog.StreamKey, spans []rawlog.SegmentFile) (chain []rawlog.SegmentFile) {
	next := uint64(1)
	for _, s := range spans {
		if s.Last < next {
			continue
		}
		if s.First < next {
			c.Add(Finding{"segment overlapping", lakedir.Relative(v.lake.Dir(), s.Path), fmt.Sprintf("%s is in the segment before it too", rawlog.RangeText(s.First, next-1)), "move one of the two out of the log; or " + load.FixLog})
		}
		if s.First > next {
			c.Add(Finding{"segment missing", fmt.Sprintf("%s/%s: %s", key.Account, key.Stream, rawlog.RangeText(next, s.First-1)), "before " + filepath.Base(s.Path), load.FixLog})
		}
		chain, next = append(chain, s), s.Last+1
	}
	return chain
}

func (v *Verification) keepVersions(ctx context.Context, key rawlog.StreamKey, objects []load.Raw) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	src, err := duck.RowSource(len(objects), func(i int) []any {
		o := &objects[i]
		return []any{o.ID, int64(o.Seq), o.Hash(), o.Deleted, duck.NullTime(o.ObservedAt)}
	}, duck.KindText, duck.KindBigint, duck.KindHash, duck.KindBool, duck.KindTime)
	if err != nil {
		return err
	}
	id, done := v.feed.Offer(src)
	defer done()
	_, err = v.db.Exec(ctx, fmt.Sprintf("INSERT INTO temp.versions SELECT ?, ?, * FROM %s(%d)", duck.FeedName, id), key.Account, key.Stream)
	return err
}
