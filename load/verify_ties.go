package load

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/stripelake/stripelake/internal/sqltext"
	"github.com/stripelake/stripelake/load/internal/duck"
	"github.com/stripelake/stripelake/load/internal/oserr"
)

// fixTie is for a sum that rows which were checked before do not come to.
const fixTie = "correct the mart's SQL, or the tie below it, and run stripelake sync, which publishes it; if it is a built-in one, please report this line"

// CheckTies adds up what the published marts say they agree with. Their SQL is the
// owner's, so it is asked as anybody's question is: alone, with nothing but the
// warehouse in reach.
func (v *Verification) CheckTies(ctx context.Context, ties []Tie) (err error) {
	c := v.begin("", "marts", "sums")
	if !v.published {
		c.Note("nothing is published to ask")
		return nil
	}
	q, err := ask(v.lake.dir, func(q *Query, generation string) error {
		return q.open(ctx, duck.Attach(filepath.Join(generation, warehouseName), "warehouse", " (READ_ONLY)"), nil)
	})
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
func (v *Verification) checkTie(ctx context.Context, c *Checked, q *Query, tie Tie) error {
	sums, err := q.sumsOf(ctx, tie)
	wrong := new(QueryError)
	switch {
	case errors.As(err, &wrong):
		c.Note("%s is not added up: %s", tie.Mart, oserr.FirstLine(wrong))
		return nil
	case err != nil:
		return err
	}
	if err := v.limit(ctx, c, q, tie, sums); err != nil {
		return err
	}
	add, count, differ := sums.statements()
	switch err := ofQuestion(q.db.Run(ctx, add)); {
	case errors.As(err, &wrong):
		c.Add(Finding{Name: "mart cannot be added up", What: tie.Mart, Says: oserr.FirstLine(wrong), Fix: fixTie})
		return nil
	case err != nil && ctx.Err() == nil && duck.IsTransient(err):
		c.Note("%s is not added up: %s", tie.Mart, oserr.FirstLine(err))
		return nil
	case err != nil:
		return err
	}
	return q.compare(ctx, c, tie, count, differ)
}

// compare looks through the sums of a tie.
func (q *Query) compare(ctx context.Context, c *Checked, tie Tie, count string, differ []string) error {
	var of, says string
	var looked int64
	if err := q.db.One(ctx, []any{&looked}, count); err != nil {
		return err
	}
	c.LookedAt += looked
	for _, statement := range differ {
		err := q.db.Each(ctx, []any{&of, &says}, func() error {
			c.Add(Finding{Name: "mart does not add up", What: tie.Mart + " of " + of, Says: says + " (" + tie.Claim + ")", Fix: fixTie})
			return nil
		}, statement)
		if err != nil {
			return err
		}
	}
	return nil
}

// sumsOf describes what a tie selects; the error is a *QueryError where that does
// not fit the warehouse, or is not what a tie selects.
func (q *Query) sumsOf(ctx context.Context, tie Tie) (*sums, error) {
	text, err := q.oneSelect(tie.Tie.SQL)
	if err != nil {
		return nil, err
	}
	s := &sums{entries: "\n" + text + "\n", types: map[string]string{}}
	var name, kind string
	err = q.db.Each(ctx, []any{&name, &kind}, func() error {
		s.columns = append(s.columns, name)
		s.types[name] = kind
		return nil
	}, "SELECT column_name, column_type FROM (DESCRIBE "+s.entries+")")
	if err != nil {
		return nil, ofQuestion(err)
	}
	if why := tie.Misfit(s.types); why != "" {
		return nil, &QueryError{why}
	}
	return s, nil
}

// limit leaves out the accounts of which not all is here that the tie needs, as
// far as the lake goes, and notes them.
func (v *Verification) limit(ctx context.Context, c *Checked, q *Query, tie Tie, s *sums) error {
	for _, resource := range tie.Needs {
		lacking := fmt.Sprintf(`SELECT account FROM (SELECT DISTINCT account FROM meta.positions) a WHERE NOT EXISTS (
			FROM meta.coverage c WHERE c.account = a.account AND c.resource = %s AND %s)`, sqltext.Literal(resource), wholeCoverage(""))
		var account string
		err := q.db.Each(ctx, []any{&account}, func() error {
			c.Note("%s is not added up for %s: %s are not complete", tie.Mart, account, resource)
			return nil
		}, lacking+" ORDER BY account")
		if err != nil {
			return err
		}
		s.entries = fmt.Sprintf("FROM (%s) WHERE account NOT IN (%s)", s.entries, lacking)
	}
	return nil
}
