package query

import (
	"context"
	"fmt"
	"strings"

	"github.com/stripelake/stripelake/internal/sqltext"
	"github.com/stripelake/stripelake/load"
)

// sumsTable is the name of the table with a tie's sums. A mart's name cannot begin with
// _.
const sumsTable = "_sums"

// Sums adds up the entries of one tie. It has the tie's SELECT, and its columns with
// their types.
type Sums struct {
	tie     Tie
	query   *Query
	entries string
	columns []string
	types   map[string]string
}

// statements returns a statement that adds the entries up into a table, one that counts
// the sums and the keys for which some differ and, for each amount, one that returns the
// sums that differ. A book without an entry has the sum 0.
func (s *Sums) statements() (add, count string, differ []string) {
	var amounts, totals, by, shown, differing []string
	for _, name := range s.columns {
		switch {
		case added.MatchString(s.types[name]):
			amounts = append(amounts, name)
			totals = append(totals, fmt.Sprintf("coalesce(sum(%[1]s), 0) AS %[1]s", sqltext.Ident(name)))
		case name != bookColumn:
			by = append(by, sqltext.Ident(name))
			shown = append(shown, sqltext.Ident(name)+"::VARCHAR")
		}
	}
	keys := strings.Join(by, ", ")
	add = fmt.Sprintf("CREATE OR REPLACE TEMP TABLE %s AS SELECT book, %s, %s FROM (%s) GROUP BY ALL", sumsTable, keys, strings.Join(totals, ", "), s.entries)
	for _, name := range amounts {
		differs := fmt.Sprintf("(max(%[1]s) <> min(%[1]s) OR count(*) = 1 AND max(%[1]s) <> 0)", sqltext.Ident(name))
		differing = append(differing, differs)
		differ = append(differ, fmt.Sprintf(`SELECT concat_ws(' ', %[1]s), concat(%[2]s, ' ', string_agg(book || ' ' || %[3]s, ', ' ORDER BY book))
			FROM temp.%[5]s GROUP BY %[4]s HAVING %[6]s ORDER BY ALL`,
			strings.Join(shown, ", "), sqltext.Literal(name+":"), sqltext.Ident(name), keys, sumsTable, differs))
	}
	count = fmt.Sprintf("SELECT %d * count(*), count(*) FILTER (differs) FROM (SELECT %s AS differs FROM temp.%s GROUP BY %s)",
		len(amounts), strings.Join(differing, " OR "), sumsTable, keys)
	return add, count, differ
}

// Sums prepares the sums of a tie. The error is an *Error if the tie's SQL does not fit
// the warehouse or has not the columns of a tie.
func (q *Query) Sums(ctx context.Context, tie Tie) (*Sums, error) {
	s := &Sums{tie: tie, query: q, entries: "\n" + tie.Tie.SQL + "\n", types: map[string]string{}}
	var name, kind string
	err := q.db.Each(ctx, []any{&name, &kind}, func() error {
		s.columns = append(s.columns, name)
		s.types[name] = kind
		return nil
	}, "SELECT column_name, column_type FROM (DESCRIBE FROM ("+s.entries+"))")
	if err != nil {
		return nil, ofQuestion(err)
	}
	if why := tie.Misfit(s.types); why != "" {
		return nil, &Error{why}
	}
	return s, nil
}

// Limit leaves out the accounts for which the lake lacks a part of a resource that the
// tie needs. It calls lacks with each such account and resource.
func (s *Sums) Limit(ctx context.Context, lacks func(account, resource string)) error {
	for _, resource := range s.tie.Needs {
		lacking := fmt.Sprintf(`SELECT account FROM (SELECT DISTINCT account FROM meta.positions) a WHERE NOT EXISTS (
			FROM meta.coverage c WHERE c.account = a.account AND c.resource = %s AND %s)`, sqltext.Literal(resource), load.WholeCoverage(""))
		var account string
		err := s.query.db.Each(ctx, []any{&account}, func() error {
			lacks(account, resource)
			return nil
		}, lacking+" ORDER BY account")
		if err != nil {
			return err
		}
		s.entries = fmt.Sprintf("FROM (%s) WHERE account NOT IN (%s)", s.entries, lacking)
	}
	return nil
}

// AddUp adds the entries up. The error is an *Error where a sum cannot be computed.
func (s *Sums) AddUp(ctx context.Context) error {
	add, _, _ := s.statements()
	return ofQuestion(s.query.db.Run(ctx, add))
}

// Compare compares the sums after AddUp. It returns the number of sums, and calls
// differs for each sum on which the books differ, with what each book comes to.
func (s *Sums) Compare(ctx context.Context, differs func(of, says string)) (looked int64, err error) {
	_, count, differ := s.statements()
	var differing int64
	if err := s.query.db.One(ctx, []any{&looked, &differing}, count); err != nil || differing == 0 {
		return looked, err
	}
	var of, says string
	for _, statement := range differ {
		err := s.query.db.Each(ctx, []any{&of, &says}, func() error {
			differs(of, says)
			return nil
		}, statement)
		if err != nil {
			return looked, err
		}
	}
	return looked, nil
}
