package load

import (
	"context"
	"fmt"
	"time"

	"github.com/stripelake/stripelake/load/internal/duck"
	"github.com/stripelake/stripelake/load/internal/lakedir"
	"github.com/stripelake/stripelake/load/rawlog"
)

// Hint is a sign that an object may have changed.
type Hint struct {
	ID      string
	Created time.Time // UTC; zero if the hint does not have it
	At      time.Time // UTC; a version read well after it includes the change
}

// Reread is an object to read again.
type Reread struct {
	ID      string
	Created time.Time // UTC; zero if unknown
	Apart   int       // number of objects of the stream between the next newer one of the list and this one
	Unread  bool      // an earlier attempt to read it failed
}

// Rereads is the reread queue of a stream of an account, as far as the state knows. Its
// methods use the state's connection in turn with the state's own methods.
type Rereads struct {
	state           *State
	account, stream string
}

// Rereads returns the reread queue of a stream.
func (s *State) Rereads(account, stream string) Rereads { return Rereads{s, account, stream} }

// slack is how far in the future a time may be, because clocks differ.
const slack = 5 * time.Minute

// Outdated returns the objects of hints that were not read since: a version read less
// than lag after the hint may lack the change. It returns an object that the log does
// not hold only if it was created in [from, through), or, if the hint has no created,
// if from is zero. Other objects are not the lake's, or are still to be listed. A
// version read after now counts as not read: an answer had a wrong date.
func (r Rereads) Outdated(ctx context.Context, hints []Hint, lag time.Duration, from, through, now time.Time) ([]Reread, error) {
	r.state.mu.Lock()
	defer r.state.mu.Unlock()
	if len(hints) == 0 {
		return nil, nil
	}
	src, err := duck.RowSource(len(hints), func(i int) []any {
		return []any{hints[i].ID, duck.NullTime(hints[i].Created), hints[i].At.Add(lag)}
	}, duck.KindText, duck.KindTime, duck.KindTime)
	if err != nil {
		return nil, err
	}
	id, done := r.state.feed.Offer(src)
	defer done()
	list, err := r.list(ctx, fmt.Sprintf(`
		SELECT h.c0 AS id, any_value(coalesce(o.created, h.c1)) AS created
		FROM %s(%d) h LEFT JOIN (FROM state.objects WHERE account = ? AND stream = ?) o ON o.id = h.c0
		WHERE CASE WHEN o.id IS NOT NULL THEN o.observed_at IS NULL OR o.observed_at < h.c2 OR o.observed_at > ?
			WHEN h.c1 IS NULL THEN ?
			ELSE h.c1 >= ? AND h.c1 < ? END
		GROUP BY h.c0`, duck.FeedName, id), r.account, r.stream, now.Add(slack), from.IsZero(), from, through)
	if err != nil {
		return nil, fmt.Errorf("find what %d hints to %s/%s tell: %w", len(hints), r.account, r.stream, err)
	}
	return list, nil
}

// patience is how long to wait before an object is read again that should have changed
// and has not.
const patience = 12 * time.Hour

// mostCutShort is the most objects with an incomplete nested list that each run reads
// again. The others remain due.
const mostCutShort = 100

// Due returns the objects that should have changed by now without an event, but not
// those that were read since, a short time ago, and had not changed. It also returns
// some objects with an incomplete nested list that were read more than a minute ago.
func (r Rereads) Due(ctx context.Context, now time.Time) ([]Reread, error) {
	r.state.mu.Lock()
	defer r.state.mu.Unlock()
	list, err := r.list(ctx,
		`SELECT id, created FROM state.objects WHERE account = ? AND stream = ? AND due <= ?
		AND (observed_at < due OR observed_at < ? OR observed_at > ?)
		UNION SELECT o.id, o.created FROM state.objects o
		SEMI JOIN (SELECT DISTINCT id FROM meta.incomplete_lists WHERE account = ? AND stream = ? ORDER BY id LIMIT ?) l USING (id)
		WHERE o.account = ? AND o.stream = ? AND o.observed_at < ?`, r.account, r.stream, now, now.Add(-patience), now.Add(slack),
		r.account, r.stream, mostCutShort, r.account, r.stream, now.Add(-time.Minute))
	if err != nil {
		return nil, fmt.Errorf("find what of %s/%s is due: %w", r.account, r.stream, err)
	}
	return list, nil
}

// Postpone moves the due times up to now to a later time: the objects were read again.
func (r Rereads) Postpone(ctx context.Context, now time.Time) error {
	r.state.mu.Lock()
	defer r.state.mu.Unlock()
	_, err := r.state.db.Exec(ctx, "UPDATE state.objects SET due = ? WHERE account = ? AND stream = ? AND due <= ?", now.Add(patience), r.account, r.stream, now)
	return err
}

// Unlisted returns the objects of a stream that others mention and the log does not
// hold.
func (r Rereads) Unlisted(ctx context.Context) ([]Reread, error) {
	r.state.mu.Lock()
	defer r.state.mu.Unlock()
	list, err := r.list(ctx, `SELECT n.id, NULL::TIMESTAMP AS created FROM state.named n
		WHERE n.account = ? AND n.stream = ?
		AND NOT EXISTS (FROM state.objects o WHERE o.account = n.account AND o.stream = n.stream AND o.id = n.id)`, r.account, r.stream)
	if err != nil {
		return nil, fmt.Errorf("find what of %s/%s is mentioned only: %w", r.account, r.stream, err)
	}
	return list, nil
}

// Listed reports which of some objects the log has a full version of that came in a
// list. It reads the ids of the whole stream.
func (r Rereads) Listed(ctx context.Context, ids []string) (map[string]bool, error) {
	r.state.mu.Lock()
	defer r.state.mu.Unlock()
	segments, err := rawlog.ListSegments(r.state.lake.path(lakedir.RawDir, r.account, r.stream))
	if err != nil || len(segments) == 0 {
		return nil, err
	}
	table, done, err := r.state.feed.OfferIDs(ids)
	if err != nil {
		return nil, err
	}
	defer done()
	listed := map[string]bool{}
	var id string
	err = r.state.db.Each(ctx, []any{&id}, func() error {
		listed[id] = true
		return nil
	}, fmt.Sprintf("SELECT DISTINCT id FROM read_parquet([%s]) WHERE origin = 'list' AND NOT deleted AND id IN (SELECT c0 FROM %s)",
		rawlog.PathLiterals(segments), table))
	if err != nil {
		return nil, fmt.Errorf("find out which of %d missing objects of %s/%s a list has shown: %w", len(ids), r.account, r.stream, err)
	}
	return listed, nil
}

// ForgetMention removes the records that objects are mentioned: the objects are gone,
// and further requests for them are useless.
func (r Rereads) ForgetMention(ctx context.Context, ids []string) error {
	r.state.mu.Lock()
	defer r.state.mu.Unlock()
	for _, id := range ids {
		if _, err := r.state.db.Exec(ctx, "DELETE FROM state.named WHERE account = ? AND stream = ? AND id = ?", r.account, r.stream, id); err != nil {
			return err
		}
	}
	return nil
}

// list runs a query that returns ids with their created, and counts the objects between
// each one and the next: that is the cost of listing them.
func (r Rereads) list(ctx context.Context, query string, args ...any) ([]Reread, error) {
	if _, err := r.state.db.Exec(ctx, "CREATE OR REPLACE TEMP TABLE wanted AS "+query, args...); err != nil {
		return nil, err
	}
	var list []Reread
	var one Reread
	var created *time.Time
	err := r.state.db.Each(ctx, []any{&one.ID, &created, &one.Apart}, func() error {
		one.Created = time.Time{}
		if created != nil {
			one.Created = created.UTC()
		}
		list = append(list, one)
		return nil
	}, `WITH seconds AS (SELECT DISTINCT created FROM wanted WHERE created IS NOT NULL),
		between AS (
			SELECT w.created, count(*) AS n FROM state.objects o ASOF JOIN seconds w ON o.created >= w.created
			WHERE o.account = ? AND o.stream = ? AND (SELECT count(*) FROM wanted) > 1 GROUP BY ALL)
		SELECT w.id, w.created, greatest(coalesce(b.n, 1) - 1, 0) FROM wanted w LEFT JOIN between b USING (created)
		ORDER BY w.created DESC NULLS LAST, w.id`, r.account, r.stream)
	if err != nil {
		return nil, err
	}
	return list, r.state.db.Run(ctx, "DROP TABLE temp.wanted")
}
