package load

import (
	"context"
	"fmt"
	"time"
)

// BeginRelist starts to record which objects of a stream are listed again.
func (r Rereads) BeginRelist(ctx context.Context) error {
	if err := r.EndRelist(ctx); err != nil {
		return err
	}
	return r.Relisted(ctx, []string{""}) // no object has this id: it marks that recording has begun
}

// Relisting reports whether [Rereads.BeginRelist] was called in this state, so that its
// records are complete.
func (r Rereads) Relisting(ctx context.Context) (bool, error) {
	r.state.mu.Lock()
	defer r.state.mu.Unlock()
	var n int
	err := r.state.db.One(ctx, []any{&n}, "SELECT count(*) FROM state.relisted WHERE account = ? AND stream = ? AND id = ''", r.account, r.stream)
	return n > 0, err
}

// Relisted records ids that were listed again.
func (r Rereads) Relisted(ctx context.Context, ids []string) error {
	r.state.mu.Lock()
	defer r.state.mu.Unlock()
	if len(ids) == 0 {
		return nil
	}
	table, done, err := r.state.feed.OfferIDs(ids)
	if err != nil {
		return err
	}
	defer done()
	if _, err := r.state.db.Exec(ctx, "INSERT INTO state.relisted SELECT ?, ?, c0 FROM "+table, r.account, r.stream); err != nil {
		return fmt.Errorf("note %d ids of %s/%s: %w", len(ids), r.account, r.stream, err)
	}
	return nil
}

// Vanished returns the objects created in [from, through) that were not listed again
// and are not known to be deleted. It includes objects without a created if from is
// zero.
func (r Rereads) Vanished(ctx context.Context, from, through time.Time) ([]Reread, error) {
	r.state.mu.Lock()
	defer r.state.mu.Unlock()
	list, err := r.list(ctx, `SELECT o.id, o.created FROM state.objects o
		WHERE o.account = ? AND o.stream = ? AND NOT o.deleted AND coalesce(o.created >= ? AND o.created < ?, ?) AND o.id NOT LIKE 'noid:%'
		AND NOT EXISTS (FROM state.relisted r WHERE r.account = o.account AND r.stream = o.stream AND r.id = o.id)`, r.account, r.stream, from, through, from.IsZero())
	if err != nil {
		return nil, fmt.Errorf("find what of %s/%s vanished: %w", r.account, r.stream, err)
	}
	return list, nil
}

// EndRelist deletes the records of a relist.
func (r Rereads) EndRelist(ctx context.Context) error {
	r.state.mu.Lock()
	defer r.state.mu.Unlock()
	_, err := r.state.db.Exec(ctx, "DELETE FROM state.relisted WHERE account = ? AND stream = ?", r.account, r.stream)
	return err
}
