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

// DropSuperseded takes out of a stream the versions of objects that another full
// version had replaced before a time. What is newest of each object stays, and
// under a tombstone the last full version, so that the tables derived from the
// log are the same (Invariants 3 and 6). It returns how many versions went.
//
// Only who holds the state may call it; see [Log.Compact].
func (g *Log) DropSuperseded(ctx context.Context, stream string, before time.Time) (dropped int, err error) {
	return g.drop(ctx, stream, `SELECT v.seq FROM versions v JOIN (
		SELECT id, max(seq) AS newer FROM versions WHERE NOT deleted AND observed_at < ? GROUP BY id) USING (id)
		WHERE v.seq < newer ORDER BY v.seq`, before)
}

// DropBefore takes out of a stream all that was read before a time. The state has to
// forget it first, as load.State.DropOld sees to.
func (g *Log) DropBefore(ctx context.Context, stream string, before time.Time) (dropped int, err error) {
	return g.drop(ctx, stream, "SELECT seq FROM versions WHERE observed_at < ? ORDER BY seq", before)
}

// drop rewrites the segments of a stream without the versions whose sequence
// numbers a query finds.
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

// sequence runs a query of sequence numbers on the view versions of segments.
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

// PathLiterals are the files of segments as literals, for read_parquet.
func PathLiterals(segments []SegmentFile) string {
	files := make([]string, len(segments))
	for i, s := range segments {
		files[i] = sqltext.Literal(s.Path)
	}
	return strings.Join(files, ", ")
}
