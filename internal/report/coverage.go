package report

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// columnMissing is the index, in a row of coverage, of the column that says
// what is missing.
const columnMissing = 5

// coverage reads how far the objects behind the marts are complete, from
// meta.coverage and meta.gaps. Warehouses of older programs have no column why.
func (s *snapshot) coverage(ctx context.Context) ([][]string, error) {
	rows, err := s.texts(ctx, `SELECT account, resource,
  CASE WHEN complete_through IS NULL THEN '–' ELSE coalesce(strftime(complete_from, '%Y-%m-%d %H:%M'), 'the beginning') END AS complete_from,
  coalesce(strftime(complete_through, '%Y-%m-%d %H:%M'), '–') AS complete_through, coalesce(strftime(as_of, '%Y-%m-%d %H:%M'), '–') AS as_of,
  concat_ws('; ', why, 'not read: ' || spans) AS missing
FROM (FROM meta.coverage UNION ALL BY NAME SELECT NULL::VARCHAR AS why WHERE false)
LEFT JOIN (
  SELECT account, resource, string_agg(coalesce('from ' || strftime(gap_from, '%Y-%m-%d %H:%M'), 'from the beginning') || strftime(gap_to, ' to %Y-%m-%d %H:%M'), ', ' ORDER BY gap_to) AS spans
  FROM meta.gaps GROUP BY ALL
) USING (account, resource)
WHERE resource IN ('charges', 'refunds', 'balance_transactions', 'subscriptions') ORDER BY ALL`)
	if err != nil {
		return nil, fmt.Errorf("read coverage: %w", err)
	}
	return rows, nil
}

// missingLines returns a line for each resource that is not complete, with what
// was not read.
func missingLines(coverage [][]string, accounts int) (list []string) {
	for _, row := range coverage {
		if row[columnMissing] == "" {
			continue
		}
		of := row[1]
		if accounts > 1 {
			of += " of " + row[0]
		}
		list = append(list, of+": "+row[columnMissing])
	}
	return list
}

// unreadSpan is a range of periods in which not all charges of an account were
// read. Its members are indexes on the axes account and period.
type unreadSpan struct {
	Account int `json:"account"`
	From    int `json:"from"`
	To      int `json:"to"` // the last period, inclusive
}

// unreadSpans returns the spans of the gaps in the charges, within the page's
// time.
func (s *snapshot) unreadSpans(ctx context.Context, v *dimensions) ([]unreadSpan, error) {
	periods := v.axes["period"]
	if len(periods) == 0 {
		return nil, nil
	}
	last, err := time.Parse(time.DateOnly, v.last)
	if err != nil {
		return nil, fmt.Errorf("the last day: %w", err)
	}
	starts := append(slices.Clone(periods), last.AddDate(0, 0, 1).Format(time.DateOnly)) // the end of the last period
	gaps, err := s.texts(ctx, `SELECT account, strftime(gap_from, '%Y-%m-%d %H:%M:%S'), strftime(gap_to, '%Y-%m-%d %H:%M:%S')
FROM meta.gaps WHERE resource = 'charges' ORDER BY ALL`)
	if err != nil {
		return nil, fmt.Errorf("read gaps: %w", err)
	}
	var spans []unreadSpan
	for _, gap := range gaps {
		found := unreadSpan{Account: slices.Index(v.axes["account"], gap[0]), From: -1}
		for i := range periods {
			if gap[1] < starts[i+1] && gap[2] > starts[i]+" 00:00:00" {
				if found.From < 0 {
					found.From = i
				}
				found.To = i
			}
		}
		if found.From >= 0 {
			spans = append(spans, found)
		}
	}
	return spans, nil
}
