package verify

import (
	"context"
	"errors"
	"fmt"

	"github.com/stripelake/stripelake/internal/sqltext"
	"github.com/stripelake/stripelake/load"
	"github.com/stripelake/stripelake/load/internal/duck"
	"github.com/stripelake/stripelake/load/internal/oserr"
	"github.com/stripelake/stripelake/load/query"
)

// fixTie is the advice for a tie that fails although the rows passed the checks before.
const fixTie = "correct the mart's SQL, or the tie below it, and run stripelake sync, which publishes it; if it is a built-in one, please report this line"

// CheckTies adds up the ties of the published marts. Their SQL is the owner's, so it
// runs as any user's question does: in a DuckDB that reaches only the warehouse.
func (v *Verification) CheckTies(ctx context.Context, ties []query.Tie) (err error) {
	c := v.begin("", "marts", "sums")
	if !v.published {
		c.Note("nothing is published to ask")
		return nil
	}
	if err := v.lend(ctx, "32MB"); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, v.lend(ctx, v.memory)) }()
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

// lend changes the memory of the verification's own DuckDB, which writes what it keeps
// into its scratch folder: the marts are added up in another one. Where it cannot give
// enough away it keeps what it has.
func (v *Verification) lend(ctx context.Context, memory string) error {
	_, err := v.db.Exec(ctx, "SET memory_limit = "+sqltext.Literal(memory))
	if load.NeedsMemory(err) {
		return nil
	}
	return err
}

// checkTie adds up one tie. It notes a tie that does not fit the warehouse, for example
// because its mart was left out, and one for which the memory does not suffice. A sum
// that cannot be computed is a finding, because it hides what the tie should show.
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
