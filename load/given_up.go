package load

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/stripelake/stripelake/load/internal/duck"
)

// GivenUp is a request that a run gave up and that no later run has made up for, for
// meta.requests.
type GivenUp struct {
	Account   string    `json:"account"`
	Resource  string    `json:"resource,omitempty"`   // empty if it concerns no resource, or all
	What      string    `json:"what"`                 // such as "subscription sub_1/items"; the resource's name if it is the resource itself
	Status    int       `json:"status,omitempty"`     // HTTP status; 0 without an answer, or with an unusable one
	Message   string    `json:"message"`              // on one line, secrets redacted
	Fix       string    `json:"fix,omitempty"`        // what to do about it, which Message says too; empty if unknown
	RequestID string    `json:"request_id,omitempty"` // Stripe's
	Since     time.Time `json:"since"`                // UTC; when it was given up first
	At        time.Time `json:"at"`                   // UTC; when it was given up last
	Untaken   bool      `json:"untaken,omitempty"`    // a nested list that no column needs; not stored
}

// Compare orders by account, resource and What.
func (g GivenUp) Compare(o GivenUp) int {
	return cmp.Or(cmp.Compare(g.Account, o.Account), cmp.Compare(g.Resource, o.Resource), cmp.Compare(g.What, o.What))
}

// reason returns the fields that identify a given-up request: message and request id
// differ each time.
func (g GivenUp) reason() GivenUp {
	return GivenUp{Account: g.Account, Resource: g.Resource, What: g.What, Status: g.Status}
}

// GivenUp returns the requests that earlier runs gave up, in order.
func (r Runs) GivenUp(ctx context.Context) ([]GivenUp, error) {
	r.state.mu.Lock()
	defer r.state.mu.Unlock()
	return givenUp(ctx, r.state.db.Session)
}

// givenUp reads meta.requests. Before version 9 of the state that table was a log of
// each run's failures, not a list of the open ones: those rows are skipped.
func givenUp(ctx context.Context, q duck.Session) (all []GivenUp, err error) {
	var g GivenUp
	var since sql.NullTime
	var fix sql.NullString
	err = q.Each(ctx, []any{&g.Account, &g.Resource, &g.What, &g.Status, &g.Message, &fix, &g.RequestID, &since, &g.At}, func() error {
		g.Fix, g.Since, g.At = fix.String, since.Time.UTC(), g.At.UTC()
		all = append(all, g)
		return nil
	}, `SELECT account, resource, what, status, message, fix, request_id, since, failed_at
		FROM (FROM meta.requests UNION ALL BY NAME SELECT NULL::VARCHAR AS resource, NULL::VARCHAR AS fix, NULL::TIMESTAMP AS since WHERE false) WHERE since IS NOT NULL`)
	if err != nil {
		return nil, fmt.Errorf("what was given up: %w", err)
	}
	slices.SortFunc(all, GivenUp.Compare)
	return all, nil
}

// SetGivenUp replaces the given-up requests of some accounts. It causes a new
// generation only if the requests or the statuses of their answers change.
func (r Runs) SetGivenUp(ctx context.Context, accounts []string, all []GivenUp) error {
	r.state.mu.Lock()
	defer r.state.mu.Unlock()
	before, err := givenUp(ctx, r.state.db.Session)
	if err != nil {
		return err
	}
	before = slices.DeleteFunc(before, func(g GivenUp) bool { return !slices.Contains(accounts, g.Account) })
	return r.state.db.InTx(ctx, func() error {
		for _, account := range accounts {
			if _, err := r.state.db.Exec(ctx, "DELETE FROM meta.requests WHERE account = ?", account); err != nil {
				return fmt.Errorf("what was given up: %w", err)
			}
		}
		for _, g := range all {
			_, err := r.state.db.Exec(ctx, "INSERT INTO meta.requests VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
				g.Account, g.Resource, g.What, g.Status, g.Message, g.RequestID, g.Since.UTC(), g.At.UTC(), duck.NullText(g.Fix))
			if err != nil {
				return fmt.Errorf("keep what was given up: %w", err)
			}
		}
		if maps.Equal(reasons(before), reasons(all)) {
			return nil
		}
		_, err := r.state.db.Exec(ctx, "UPDATE state.info SET revision = revision + 1")
		return err
	})
}

func reasons(all []GivenUp) map[GivenUp]bool {
	set := map[GivenUp]bool{}
	for _, g := range all {
		set[g.reason()] = true
	}
	return set
}

// CutShort is a nested list of which some pages could not be read, as in
// meta.incomplete_lists.
type CutShort struct {
	Stream string
	ID     string
	List   string // JSON Pointer
}

// CutShort returns an account's nested lists of which some pages could not be read, in
// order, at most most of them.
func (r Runs) CutShort(ctx context.Context, account string, most int) (all []CutShort, err error) {
	r.state.mu.Lock()
	defer r.state.mu.Unlock()
	var c CutShort
	err = r.state.db.Each(ctx, []any{&c.Stream, &c.ID, &c.List}, func() error {
		all = append(all, c)
		return nil
	}, "SELECT stream, id, list FROM meta.incomplete_lists WHERE account = ? ORDER BY ALL LIMIT ?", account, most)
	if err != nil {
		return nil, fmt.Errorf("lists that are cut short: %w", err)
	}
	return all, nil
}
