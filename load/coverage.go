package load

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/stripelake/stripelake/load/internal/duck"
)

// Coverage says which part of a resource is complete, for meta.coverage. Times are UTC,
// and are values of created except for AsOf.
type Coverage struct {
	Account    string
	Resource   string
	From       time.Time // start of the longest span without a gap; zero: the beginning
	Through    time.Time // its end, exclusive; zero: nothing is complete
	AsOf       time.Time // changes before it are included; zero: no changes were followed yet
	APIVersion string    // Stripe API versions of its objects, separated by commas
	Why        Why       // empty if nothing is missing
	Gaps       []Gap
	NotFound   []NotFound
}

// Why is the reason why a resource is not complete, or not up to now.
type Why string

// The reasons. meta.runs has the outcome of the run that read the resource.
const (
	WhyNeverRead  Why = "never read"     // no run that selected it came this far
	WhyUnfinished Why = "unfinished"     // a run was stopped while reading it, or still reads it
	WhyForbidden  Why = "forbidden"      // Stripe refused its list to the key: 403
	WhyGaveUp     Why = "gave up"        // Stripe's answers were unusable after all retries
	WhyRelisting  Why = "listing again"  // changes were missed, and the whole resource is being listed again
	WhyCursor     Why = "cursor damaged" // it is unknown how far it was read
	WhyNoEvents   Why = "events unread"  // its changes are unknown because the events could not be read
)

// failed are the reasons that a run found. They remain until another run tries again.
var failed = []Why{WhyForbidden, WhyGaveUp, WhyNoEvents}

// Failure is a resource that a run could not read, or whose changes it could not read.
type Failure struct {
	Account  string `json:"account"`
	Resource string `json:"resource"`
	Why      Why    `json:"why"`
}

// WholeCoverage returns the SQL condition on a row c of meta.coverage that something is
// read and nothing is missing, as in extract.Coverage.Whole. database is a database's
// name with a dot behind it, or "".
func WholeCoverage(database string) string {
	return "c.complete_through IS NOT NULL AND NOT EXISTS (FROM " + database + "meta.gaps g WHERE g.account = c.account AND g.resource = c.resource)"
}

// Failures returns the resources that earlier runs could not read.
func (r Runs) Failures(ctx context.Context) ([]Failure, error) {
	r.state.mu.Lock()
	defer r.state.mu.Unlock()
	return failures(ctx, r.state.db.Session)
}

func failures(ctx context.Context, q duck.Session) (all []Failure, err error) {
	var f Failure
	err = q.Each(ctx, []any{&f.Account, &f.Resource, &f.Why}, func() error {
		if slices.Contains(failed, f.Why) {
			all = append(all, f)
		}
		return nil
	}, "SELECT account, resource, why FROM meta.coverage WHERE why IS NOT NULL ORDER BY ALL")
	if err != nil {
		return nil, fmt.Errorf("what was not read: %w", err)
	}
	return all, nil
}

// NotFound is an object that rows name and for which Stripe answered 404.
type NotFound struct {
	ID    string
	Asked time.Time // UTC; time of the last request for it
	Times int       // number of requests for it
}

// Gap is a span of created, [From, To), that must still be read. A zero From is the
// beginning.
type Gap struct{ From, To time.Time }

// SetCoverage replaces an account's rows of meta.coverage, meta.gaps and
// meta.not_found. It does not change the revision: the rows are published with the next
// generation.
func (r Runs) SetCoverage(ctx context.Context, account string, rows []Coverage) error {
	r.state.mu.Lock()
	defer r.state.mu.Unlock()
	return r.state.db.InTx(ctx, func() error {
		for _, table := range []string{"meta.coverage", "meta.gaps", "meta.not_found"} {
			if _, err := r.state.db.Exec(ctx, "DELETE FROM "+table+" WHERE account = ?", account); err != nil {
				return fmt.Errorf("coverage: %w", err)
			}
		}
		for _, c := range rows {
			_, err := r.state.db.Exec(ctx, "INSERT INTO meta.coverage VALUES (?, ?, ?, ?, ?, ?, nullif(?, ''))", c.Account, c.Resource,
				duck.NullTime(c.From), duck.NullTime(c.Through), duck.NullTime(c.AsOf), c.APIVersion, string(c.Why))
			if err != nil {
				return fmt.Errorf("coverage of %s: %w", c.Resource, err)
			}
			for _, g := range c.Gaps {
				if _, err := r.state.db.Exec(ctx, "INSERT INTO meta.gaps VALUES (?, ?, ?, ?)", c.Account, c.Resource, duck.NullTime(g.From), g.To); err != nil {
					return fmt.Errorf("gaps of %s: %w", c.Resource, err)
				}
			}
			for _, n := range c.NotFound {
				if _, err := r.state.db.Exec(ctx, "INSERT INTO meta.not_found VALUES (?, ?, ?, ?, ?)", c.Account, c.Resource, n.ID, n.Asked, n.Times); err != nil {
					return fmt.Errorf("what of %s was not found: %w", c.Resource, err)
				}
			}
		}
		return nil
	})
}
