package rawlog

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/stripelake/stripelake/internal/sqltext"
	"github.com/stripelake/stripelake/load/internal/duck"
)

// The sequence numbers of what is dropped, of the view versions.
const (
	superseded = `SELECT v.seq FROM versions v JOIN (
		SELECT id, max(seq) AS newer FROM versions WHERE NOT deleted AND observed_at < ? GROUP BY id) USING (id)
		WHERE v.seq < newer ORDER BY v.seq`
	readBefore = "SELECT seq FROM versions WHERE observed_at < ? ORDER BY seq"
)

// DropSuperseded removes the versions of a stream's objects that a newer full version
// had replaced before a time. It keeps the newest version of each object, and the last
// full version below a tombstone: the tables derived from the log stay the same. It
// returns the number of versions dropped (Invariants 3 and 6).
//
// Only the holder of the state's lock may call it; see [Log.Compact].
func (g *Log) DropSuperseded(ctx context.Context, stream string, before time.Time) (dropped int, err error) {
	return g.drop(ctx, stream, superseded, before)
}

// CountSuperseded returns what [Log.DropSuperseded] would drop. It changes nothing.
func (g *Log) CountSuperseded(ctx context.Context, stream string, before time.Time) (int, error) {
	gone, err := g.toDrop(ctx, stream, superseded, before)
	return len(gone), err
}

// DropBefore removes all versions of a stream that were read before a time. The state
// must forget them first; load.State.DropOld does that.
func (g *Log) DropBefore(ctx context.Context, stream string, before time.Time) (dropped int, err error) {
	return g.drop(ctx, stream, readBefore, before)
}

// CountBefore returns what [Log.DropBefore] would drop. It changes nothing.
func (g *Log) CountBefore(ctx context.Context, stream string, before time.Time) (int, error) {
	gone, err := g.toDrop(ctx, stream, readBefore, before)
	return len(gone), err
}

// drop rewrites the segments of a stream without the versions whose sequence numbers
// the query returns.
func (g *Log) drop(ctx context.Context, stream, query string, before time.Time) (int, error) {
	gone, err := g.toDrop(ctx, stream, query, before)
	if err != nil || len(gone) == 0 {
		return 0, err
	}
	_, err = g.Rewrite(ctx, stream, Rewriting{
		Erase: func(o *Raw) bool {
			_, found := slices.BinarySearch(gone, o.Seq)
			return found
		},
		Cursor: func(cursor string) string { return cursor },
	})
	return len(gone), err
}

// toDrop returns the sequence numbers that a query finds in a stream, sorted.
func (g *Log) toDrop(ctx context.Context, stream, query string, before time.Time) ([]uint64, error) {
	s, err := g.stream(stream)
	if err != nil {
		return nil, err
	}
	segments, err := ListSegments(s.dir)
	if err != nil || len(segments) == 0 {
		return nil, err
	}
	gone, err := g.sequence(ctx, segments, query, before)
	if err != nil {
		return nil, fmt.Errorf("find what to drop of %s/%s: %w", g.account, stream, err)
	}
	return gone, nil
}

// sequence runs a query that returns sequence numbers. The query reads the view
// versions of the given segments.
func (g *Log) sequence(ctx context.Context, segments []SegmentFile, query string, args ...any) (seqs []uint64, err error) {
	err = duck.With(ctx, g.opts.MemoryLimit, g.opts.Threads, g.opts.Temp, func(q duck.Session) error {
		err := q.Run(ctx, "CREATE TEMP VIEW versions AS SELECT seq, id, observed_at, deleted FROM read_parquet(["+PathLiterals(segments)+"])")
		if err != nil {
			return err
		}
		var seq uint64
		return q.Each(ctx, []any{&seq}, func() error {
			seqs = append(seqs, seq)
			return nil
		}, query, args...)
	})
	return seqs, err
}

// PathLiterals returns the paths of segments as SQL literals, for read_parquet.
func PathLiterals(segments []SegmentFile) string {
	files := make([]string, len(segments))
	for i, s := range segments {
		files[i] = sqltext.Literal(s.Path)
	}
	return strings.Join(files, ", ")
}
