package load

import (
	"context"
	"fmt"
	"time"
)

// Coverage is what of a resource is complete, for meta.coverage. Times are UTC
// and of created, but for AsOf.
type Coverage struct {
	Account    string
	Resource   string
	From       time.Time // zero: since the beginning
	Through    time.Time // exclusive; zero: nothing is read
	AsOf       time.Time // changes before it are in; zero: none were followed yet
	APIVersion string
	Gaps       []Gap
	NotFound   []NotFound
}

// NotFound is an object that rows name and Stripe answered a 404 for.
type NotFound struct {
	ID    string
	Asked time.Time // UTC: when it was asked for last
	Times int       // how often it was
}

// Gap is a span of created, [From, To), that is still to be read. A zero From is
// the beginning.
type Gap struct{ From, To time.Time }

// FailedRequest is a request that was given up, for meta.requests.
type FailedRequest struct {
	RunID     string
	Account   string
	At        time.Time // UTC
	What      string
	Status    int // HTTP; 0 without an answer
	Message   string
	RequestID string
}

// SetCoverage replaces an account's rows of meta.coverage, meta.gaps and meta.not_found. It
// changes no revision: what people read follows with the next generation.
func (s *State) SetCoverage(ctx context.Context, account string, rows []Coverage) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.inTx(ctx, func() error {
		for _, table := range []string{"meta.coverage", "meta.gaps", "meta.not_found"} {
			if _, err := s.exec(ctx, "DELETE FROM "+table+" WHERE account = ?", account); err != nil {
				return fmt.Errorf("coverage: %w", err)
			}
		}
		for _, c := range rows {
			_, err := s.exec(ctx, "INSERT INTO meta.coverage VALUES (?, ?, ?, ?, ?, ?)", c.Account, c.Resource,
				orNull(c.From), orNull(c.Through), orNull(c.AsOf), c.APIVersion)
			if err != nil {
				return fmt.Errorf("coverage of %s: %w", c.Resource, err)
			}
			for _, g := range c.Gaps {
				if _, err := s.exec(ctx, "INSERT INTO meta.gaps VALUES (?, ?, ?, ?)", c.Account, c.Resource, orNull(g.From), g.To); err != nil {
					return fmt.Errorf("gaps of %s: %w", c.Resource, err)
				}
			}
			for _, n := range c.NotFound {
				if _, err := s.exec(ctx, "INSERT INTO meta.not_found VALUES (?, ?, ?, ?, ?)", c.Account, c.Resource, n.ID, n.Asked, n.Times); err != nil {
					return fmt.Errorf("what of %s was not found: %w", c.Resource, err)
				}
			}
		}
		return nil
	})
}

// AddFailed keeps requests that were given up.
func (s *State) AddFailed(ctx context.Context, failed []FailedRequest) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range failed {
		_, err := s.exec(ctx, "INSERT INTO meta.requests VALUES (?, ?, ?, ?, ?, ?, ?)",
			f.RunID, f.Account, orNull(f.At), f.What, f.Status, f.Message, f.RequestID)
		if err != nil {
			return fmt.Errorf("keep a failed request: %w", err)
		}
	}
	return nil
}
