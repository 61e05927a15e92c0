package load

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/parquet-go/parquet-go"

	"github.com/stripelake/stripelake/load/internal/duck"
	"github.com/stripelake/stripelake/load/internal/oserr"
)

// segmentEnd is a whole segment and what it says of itself.
type segmentEnd struct {
	span
	footer
}

func (s segmentEnd) name() string { return filepath.Base(s.path) }

// CheckLog reads every segment of every stream: that each is there, is the one
// that its number says, and holds the rows and the checksum that its footer
// promises. It keeps the versions of all objects for the checks that follow.
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
			c.Add(Finding{"repair unfinished", account + "/" + x.Stream + ": " + numbers(x.First, x.Last), "not all that was lost is read again", "run stripelake verify --stripe --repair"})
		}
		streams, err := v.lake.Streams(account)
		if err != nil {
			return err
		}
		for _, stream := range streams {
			if err := v.checkStream(ctx, c, streamKey{account, stream}); err != nil {
				return err
			}
		}
	}
	return v.checkAccounts()
}

// checkAccounts compares the folders of the log with lake.json: what is not in
// it is never applied.
func (v *Verification) checkAccounts() error {
	known, err := v.lake.Accounts()
	if err != nil {
		return err
	}
	for i, account := range v.accounts {
		if !slices.ContainsFunc(known, func(a Account) bool { return a.ID == account }) {
			v.Checks[i].Add(Finding{"account unknown", "raw/" + account, "lake.json does not name it, so that no rebuild reads its log", "restore lake.json from a backup, or move the folder out of raw/"})
		}
	}
	return nil
}

func (v *Verification) checkStream(ctx context.Context, c *Checked, key streamKey) error {
	before := c.Found
	dir := v.lake.path(rawDir, key.account, key.stream)
	files, err := segmentFiles(dir, func(path string, err error) error {
		f := Finding{"foreign file", v.lake.relative(path), "it is not a segment", "move it out of the log"}
		if told, ok := errors.AsType[interface {
			error
			Told() (says, fix string)
		}](err); ok {
			f.Says, f.Fix = told.Told()
			f.Says = "it" + strings.TrimPrefix(f.Says, path)
		}
		c.Add(f)
		return nil
	})
	if err != nil {
		return err
	}
	var ends []segmentEnd
	for _, s := range v.inChain(c, key, files) {
		c.LookedAt++
		end, name, err := checkSegment(s, key.account, key.stream, func(objects []Raw) error { return v.keepVersions(ctx, key, objects) })
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case name == "":
			return err
		case err != nil:
			c.Add(Finding{name, v.lake.relative(s.path), firstLine(unwrapped(err)), FixLog})
		default:
			ends = append(ends, end)
		}
	}
	v.checkOrder(c, ends, c.Found > before)
	v.ends[key] = ends
	if err := v.checkCursorFile(c, key, ends); err != nil {
		return err
	}
	v.damaged[key] = c.Found > before
	return nil
}

// inChain leaves out what a compaction superseded, and tells of the numbers that
// are missing, or are there twice (Invariant 2).
func (v *Verification) inChain(c *Checked, key streamKey, spans []span) (chain []span) {
	next := uint64(1)
	for _, s := range spans {
		if s.last < next {
			continue
		}
		if s.first < next {
			c.Add(Finding{"segment overlapping", v.lake.relative(s.path), fmt.Sprintf("%s is in the segment before it too", numbers(s.first, next-1)), "move one of the two out of the log; or " + FixLog})
		}
		if s.first > next {
			c.Add(Finding{"segment missing", fmt.Sprintf("%s/%s: %s", key.account, key.stream, numbers(next, s.first-1)), "before " + filepath.Base(s.path), FixLog})
		}
		chain, next = append(chain, s), s.last+1
	}
	return chain
}

func numbers(first, last uint64) string {
	if first == last {
		return fmt.Sprintf("segment %d", first)
	}
	return fmt.Sprintf("segments %d to %d", first, last)
}

// checkSegment reads a segment to its end and gives keep its objects. Where something
// is wrong it returns the name of that; an error without a name is none of the
// segment.
func checkSegment(s span, account, stream string, keep func([]Raw) error) (end segmentEnd, name string, err error) {
	if cut, err := lacksEnd(s.path); oserr.IsShortage(err) {
		return end, "", err
	} else if err != nil || cut {
		return end, "segment truncated", cmp.Or(err, fmt.Errorf("its %d bytes do not end as a Parquet file does", s.bytes))
	}
	f, file, foot, err := openSegment(s.path, account, stream)
	switch {
	case oserr.IsShortage(err):
		return end, "", err
	case errors.Is(err, ErrNewerFormat):
		return end, "segment of a newer version", err
	case err != nil && errors.As(err, new(*strangerError)):
		return end, "segment of another stream", err
	case err != nil:
		return end, "segment bit-flipped", err
	}
	defer func() { _ = f.Close() }() // only read from
	r, first := segmentReader{}, uint64(0)
	for _, group := range file.RowGroups() {
		rows := parquet.NewGenericRowGroupReader[rawRow](group)
		for {
			// A page carries a checksum of its own: what reads well is as it was written.
			objects, err := r.batch(rows)
			if err != nil {
				return end, "segment bit-flipped", err
			}
			if len(objects) == 0 {
				break
			}
			if first == 0 {
				first = objects[0].Seq
			}
			if err := keep(objects); err != nil {
				return end, "", err
			}
		}
		if err := rows.Close(); err != nil {
			return end, "segment bit-flipped", err
		}
	}
	end = segmentEnd{s, foot}
	switch {
	case r.rows != foot.rows() || r.rows > 0 && (first < foot.FirstSeq || r.next > foot.LastSeq+1):
		return end, "footer edited", fmt.Errorf("it holds %d rows from seq %d up to %d, and its footer says %d from %d up to %d", r.rows, first, r.next-1, foot.rows(), foot.FirstSeq, foot.LastSeq)
	case r.sum.Sum64() != foot.Sum:
		return end, "footer edited", errors.New("its rows read well, and have another checksum than its footer says")
	}
	return end, "whole", nil
}

// lacksEnd reports whether a file does not end as Parquet does.
func lacksEnd(path string) (bool, error) {
	f, err := os.Open(path)
	if err != nil {
		return false, err
	}
	defer func() { _ = f.Close() }() // only read from
	info, err := f.Stat()
	if err != nil || info.Size() < 12 {
		return true, err
	}
	marked, err := hasMark(f, info.Size()-int64(len(parquetMark)))
	return err == nil && !marked, err
}

func (v *Verification) keepVersions(ctx context.Context, key streamKey, objects []Raw) error {
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
	_, err = v.db.Exec(ctx, fmt.Sprintf("INSERT INTO temp.versions SELECT ?, ?, * FROM %s(%d)", duck.FeedName, id), key.account, key.stream)
	return err
}

// unwrapped is the damage without the path, which is told apart.
func unwrapped(err error) error {
	if damaged, ok := errors.AsType[*DamagedError](err); ok {
		return damaged.Err
	}
	return err
}
