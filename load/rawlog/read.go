package rawlog

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"

	"github.com/parquet-go/parquet-go"
	"github.com/zeebo/xxh3"

	"github.com/stripelake/stripelake/internal/hint"
	"github.com/stripelake/stripelake/load/internal/parquetfile"
)

// batchObjects is the most objects read at a time; a row group limits their bytes.
const batchObjects = 2000

// ErrBeyondLog is the error for a position after the newest segment: the log has lost
// segments that were already applied. Without a backup of them a repair finds in the
// state which objects they held.
var ErrBeyondLog = hint.New("the position is beyond the end of the log", "restore the missing segments from a backup; without one, "+runRepair)

// SegmentBatch is a range of objects of one segment, in seq order.
type SegmentBatch struct {
	Segment uint64 // the position after the whole segment is applied
	Objects []Raw
	End     bool // the last batch of the segment
}

// Read yields the objects of a stream after a segment, oldest first, in batches of at
// most 2,000 objects or about 4 MiB of raw JSON. A truncated, changed or missing
// segment ends the sequence with an error that names it (a *DamagedError). A position
// after the newest segment is an ErrBeyondLog.
func (g *Log) Read(ctx context.Context, stream string, after uint64) iter.Seq2[SegmentBatch, error] {
	return Read(ctx, g.opts.Lake, g.account, stream, after)
}

// Read reads the log of a lake as [Log.Read] does, but without the lock: segments never
// change, so any process may read them at any time. It yields the segments that exist
// when it starts.
func Read(ctx context.Context, lake, account, stream string, after uint64) iter.Seq2[SegmentBatch, error] {
	return func(yield func(SegmentBatch, error) bool) {
		err := readStream(ctx, lake, account, stream, after, yield)
		if err != nil && !errors.Is(err, errStopped) {
			yield(SegmentBatch{}, fmt.Errorf("read log of %s/%s: %w", account, stream, err))
		}
	}
}

// errStopped unwinds a read after its consumer broke out of the loop.
var errStopped = errors.New("stopped")

func readStream(ctx context.Context, lake, account, stream string, after uint64, yield func(SegmentBatch, error) bool) error {
	if !accountName.MatchString(account) || !streamName.MatchString(stream) {
		return errors.New("not the name of a stream")
	}
	segments, err := ListSegments(Options{Lake: lake}.path(account, stream))
	if err != nil {
		return err
	}
	if newest := len(segments) - 1; (newest < 0 && after > 0) || (newest >= 0 && after > segments[newest].Last) {
		return fmt.Errorf("segment %d: %w", after, ErrBeyondLog)
	}
	for _, s := range segments {
		if s.Last <= after {
			continue
		}
		if err := readSegment(ctx, s, account, stream, yield); err != nil {
			return err
		}
	}
	return nil
}

// readSegment yields one segment, one row group at a time. It returns nil only if the
// segment holds exactly the rows and bytes that its footer declares. After an error the
// caller must discard all batches of the segment. A segment whose rows were all erased
// yields one batch without objects, so that it can be applied (Invariant 2).
func readSegment(ctx context.Context, s SegmentFile, account, stream string, yield func(SegmentBatch, error) bool) error {
	f, file, foot, err := openSegment(s.Path, account, stream)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // opened for reading only
	r := segmentReader{next: foot.FirstSeq}
	for _, group := range file.RowGroups() {
		r.enter(group)
		for {
			objects, err := r.batch()
			if err != nil {
				return damaged(s.Path, err)
			}
			if len(objects) == 0 {
				break
			}
			if err := ctx.Err(); err != nil {
				return err
			}
			if !yield(SegmentBatch{s.Last, objects, r.rows == foot.Rows()}, nil) {
				return errStopped
			}
		}
		if err := r.group.Close(); err != nil {
			return damaged(s.Path, err)
		}
	}
	if r.rows != foot.Rows() || r.next > foot.LastSeq+1 {
		return &DamagedError{s.Path, fmt.Errorf("%d rows up to seq %d where %d up to seq %d were due", r.rows, r.next-1, foot.Rows(), foot.LastSeq)}
	}
	if r.sum.Sum64() != foot.Sum {
		return &DamagedError{s.Path, errors.New("its checksum is another")}
	}
	if r.rows == 0 && !yield(SegmentBatch{Segment: s.Last, End: true}, nil) {
		return errStopped
	}
	return nil
}

// segmentReader checks a segment while it is read.
type segmentReader struct {
	next uint64 // the lowest seq that may come: each is there once (Invariants 5 and 6)
	rows uint64 // read so far
	sum  xxh3.Hasher

	group  *parquet.GenericReader[rawRow]
	left   int64 // rows of the group that were not read yet, as it says
	buffer []rawRow
}

// enter begins a row group.
func (r *segmentReader) enter(group parquet.RowGroup) {
	r.group, r.left = parquet.NewGenericRowGroupReader[rawRow](group), group.NumRows()
}

// batch reads the next objects into new memory; none at the end of the row group. It asks
// for no more rows than are left: for each one beyond, the Parquet reader looks for a
// further page in every column.
func (r *segmentReader) batch() (objects []Raw, err error) {
	most := int(min(batchObjects, max(1, r.left)))
	if cap(r.buffer) < most {
		r.buffer = make([]rawRow, most)
	}
	buffer := r.buffer[:most]
	err = parquetfile.Guard(func() error {
		for len(objects) == 0 {
			clear(buffer)
			n, err := r.group.Read(buffer)
			r.left -= int64(n)
			objects = make([]Raw, 0, n)
			for i := range buffer[:n] {
				if uint64(buffer[i].Seq) < r.next {
					return fmt.Errorf("seq %d where %d was due", buffer[i].Seq, r.next)
				}
				r.next = uint64(buffer[i].Seq) + 1
				r.rows++
				buffer[i].addTo(&r.sum)
				objects = append(objects, buffer[i].raw())
			}
			if errors.Is(err, io.EOF) {
				return nil
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
	return objects, err
}
