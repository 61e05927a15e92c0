package verify

import (
	"context"
	"errors"
	"fmt"

	"github.com/stripelake/stripelake/load/internal/duck"
	"github.com/stripelake/stripelake/load/internal/oserr"
	"github.com/stripelake/stripelake/load/query"
)

// fixTie is for a sum that rows which were checked before do not come to.
const fixTie = "correct the mart's SQL, or the tie below it, and run stripelake sync, which publishes it; if it is a built-in one, please report this line"

// CheckTies adds up what the published marts say they agree with. Their SQL is the
// owner's, so it is asked as anybody's question is: alone, with nothing but the
// warehouse in reach.
func (v *Verification) CheckTies(ctx context.Context, ties []query.Tie) (err error) {
	c := v.begin("", "marts", "sums")
	if !v.published {
		c.Note("nothing is published to ask")
		return nil
	}
	q, err := query.Open(ctx, v.lake.Dir())
	if err != nil {
		return fmt.Errorf("open the warehouse: %w", err)
	}
	defer func() { err = errors.Join(err, q.Close()) }()
	for _, tie := range ties {
		if err := v.checkTie(ctx, c, q, tie); err != nil {
			return fmt.Errorf("add up %s: %w", tie.Mart, err)
		}
	}
	return nil
}

// checkTie adds up one tie. What does not fit what is published, as where the mart
// was left out, or what there is no memory for, is noted; what cannot be computed
// is a finding, since it hides what it was to show.
func (v *Verification) checkTie(ctx context.Context, c *Checked, q *query.Query, tie query.Tie) error {
	sums, err := q.Sums(ctx, tie)
	wrong := new(query.Error)
	switch {
	case errors.As(err, &wrong):
		c.Note("%s is not added up: %s", tie.Mart, oserr.FirstLine(wrong))
		return nil
	case err != nil:
		return err
	}
	err = sums.Limit(ctx, func(account, resource string) {
		c.Note("%s is not added up for %s: %s are not complete", tie.Mart, account, resource)
	})
	if err != nil {
		return err
	}
	switch err := sums.AddUp(ctx); {
	case errors.As(err, &wrong):
		c.Add(Finding{Name: "mart cannot be added up", What: tie.Mart, Says: oserr.FirstLine(wrong), Fix: fixTie})
		return nil
	case err != nil && ctx.Err() == nil && duck.IsTransient(err):
		c.Note("%s is not added up: %s", tie.Mart, oserr.FirstLine(err))
		return nil
	case err != nil:
		return err
	}
	looked, err := sums.Compare(ctx, func(of, says string) {
		c.Add(Finding{Name: "mart does not add up", What: tie.Mart + " of " + of, Says: says + " (" + tie.Claim + ")", Fix: fixTie})
	})
	c.LookedAt += looked
	return err
}
