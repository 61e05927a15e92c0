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

// DropSuperseded removes the versions of a stream's objects that a newer full version
// had replaced before a time. It keeps the newest version of each object, and the last
// full version below a tombstone: the tables derived from the log stay the same. It
// returns the number of versions dropped (Invariants 3 and 6).
//
// Only the holder of the state's lock may call it; see [Log.Compact].
func (g *Log) DropSuperseded(ctx context.Context, stream string, before time.Time) (dropped int, err error) {
	return g.drop(ctx, stream, `SELECT v.seq FROM versions v JOIN (
		SELECT id, max(seq) AS newer FROM versions WHERE NOT deleted AND observed_at < ? GROUP BY id) USING (id)
		WHERE v.seq < newer ORDER BY v.seq`, before)
}

// DropBefore removes all versions of a stream that were read before a time. The state
// must forget them first; load.State.DropOld does that.
func (g *Log) DropBefore(ctx context.Context, stream string, before time.Time) (dropped int, err error) {
	return g.drop(ctx, stream, "SELECT seq FROM versions WHERE observed_at < ? ORDER BY seq", before)
}

// drop rewrites the segments of a stream without the versions whose sequence numbers
// the query returns.
func (g *Log) drop(ctx context.Context, stream, query string, before time.Time) (int, error) {
	s, err := g.stream(stream)
	if err != nil {
		return 0, err
	}
	segments, err := ListSegments(s.dir)
	if err != nil || len(segments) == 0 {
		return 0, err
	}
	gone, err := g.sequence(ctx, segments, query, before)
	if err != nil {
		return 0, fmt.Errorf("find what to drop of %s/%s: %w", g.account, stream, err)
	}
	if len(gone) == 0 {
		return 0, nil
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
