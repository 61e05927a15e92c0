package verify

import (
	"context"
	"time"

	"github.com/stripelake/stripelake/load"
	"github.com/stripelake/stripelake/load/rawlog"
)

// Kept is the state's record of an object.
type Kept struct {
	Hash    uint64
	Deleted bool
	Created time.Time // UTC; zero if unknown
	Due     time.Time // UTC; when the object changes without an event; zero if it does not
}

// Comparable reports whether a stream can be compared with Stripe: its log is intact,
// and all of it is applied.
func (v *Verification) Comparable(account, stream string) bool {
	key := rawlog.StreamKey{Account: account, Stream: stream}
	ends := v.ends[key]
	return v.noState == "" && !v.damaged[key] && (len(ends) == 0 || v.positions[key] == ends[len(ends)-1].Last)
}

// Windows cuts the objects of a stream created in [from, to) into windows of about this
// many objects. It returns the start of each window but the first (UTC).
func (v *Verification) Windows(ctx context.Context, account, stream string, from, to time.Time, objects int) (cuts []time.Time, err error) {
	var cut time.Time
	return cuts, v.db.Each(ctx, []any{&cut}, func() error {
		cuts = append(cuts, cut.UTC())
		return nil
	}, `SELECT DISTINCT created FROM (SELECT created, row_number() OVER (ORDER BY created) AS n FROM work.state.objects
		WHERE account = ? AND stream = ? AND created > ? AND created < ?) WHERE n % ? = 0 ORDER BY created`, account, stream, from, to, objects)
}

// Objects returns the number of a stream's objects in the state that are not deleted.
func (v *Verification) Objects(ctx context.Context, account, stream string) (n int64, err error) {
	if v.noState != "" {
		return 0, nil
	}
	return n, v.db.One(ctx, []any{&n}, "SELECT count(*) FROM work.state.objects WHERE account = ? AND stream = ? AND NOT deleted", account, stream)
}

// Kept returns the objects of a stream that were created in [from, to), by id.
func (v *Verification) Kept(ctx context.Context, account, stream string, from, to time.Time) (map[string]Kept, error) {
	return v.kept(ctx, "account = ? AND stream = ? AND created >= ? AND created < ? AND id NOT LIKE 'noid:%'", account, stream, from, to)
}

// KeptOf returns the state's records of some objects by id, whenever they were created
// and even if they do not say when.
func (v *Verification) KeptOf(ctx context.Context, account, stream string, ids []string) (map[string]Kept, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	table, done, err := v.feed.OfferIDs(ids)
	if err != nil {
		return nil, err
	}
	defer done()
	return v.kept(ctx, "account = ? AND stream = ? AND id IN (SELECT c0 FROM "+table+")", account, stream)
}

func (v *Verification) kept(ctx context.Context, which string, args ...any) (map[string]Kept, error) {
	kept := map[string]Kept{}
	var id string
	var k Kept
	var created, due *time.Time
	return kept, v.db.Each(ctx, []any{&id, &k.Hash, &k.Deleted, &created, &due}, func() error {
		k.Created, k.Due = orZero(created), orZero(due)
		kept[id] = k
		return nil
	}, "SELECT id, hash, deleted, created, due FROM work.state.objects WHERE "+which, args...)
}

// orZero returns a time in UTC, or the zero time for nil.
func orZero(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.UTC()
}

// Newest returns the newest version in the log of each wanted object, by id. It reads
// the whole stream.
func (v *Verification) Newest(ctx context.Context, account, stream string, wanted func(id string) bool) (map[string]load.Raw, error) {
	newest := map[string]load.Raw{}
	for batch, err := range v.lake.Read(ctx, account, stream, 0) {
		if err != nil {
			return nil, err
		}
		for _, o := range batch.Objects {
			if wanted(o.ID) {
				newest[o.ID] = o
			}
		}
	}
	return newest, nil
}
