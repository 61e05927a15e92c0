package report

import (
	"context"
	"fmt"
	"strconv"
	"strings"
)

// cube is the data that the browser adds up under filters: sums by the values
// of a few dimensions, never a row a payment. It holds no id and no personal
// data.
type cube struct {
	name string
	from string   // the SQL of its rows: dimensions, then counts, then amounts
	dims []string // names of the dimensions; the axis is behind a colon if its name differs
	// Names of the counts, and of the amounts. Amounts are exact, in
	// thousandths of major units, costs in millionths (Invariant 10: they
	// travel as integers in texts).
	counts, amounts []string
}

const methodGroupSQL = "CASE WHEN pays_later OR method = 'card' THEN method ELSE 'other' END"

// cubes returns the cubes that the figures are made of. Each begins with the
// account, the period and the currency.
func cubes(unit string, w templateValues) []cube {
	period := func(column string) string {
		return fmt.Sprintf("account, date_trunc('%s', %s)::DATE AS period, currency", unit, column)
	}
	way := func(column string) string {
		return fmt.Sprintf("CASE WHEN %[1]s IN (%[2]s) THEN %[1]s ELSE 'other' END", column, literals(append([]string{"card"}, w.Providers...)))
	}
	key := []string{"account", "period", "currency"}
	dims := func(more ...string) []string { return append(key[:3:3], more...) }
	return []cube{
		{
			name: "payments",
			from: "SELECT " + period("created") + ", " + methodGroupSQL + ` AS way,
  count(*), count(*) FILTER (succeeded), count(refunded) FILTER (succeeded), count(*) FILTER (refunded > 0), count(*) FILTER (succeeded AND disputed), count(cost) FILTER (succeeded),
  coalesce(sum(gross) FILTER (succeeded), 0)::DECIMAL(38, 3), coalesce(sum(gross) FILTER (succeeded AND cost IS NOT NULL), 0)::DECIMAL(38, 3),
  coalesce(sum(cost) FILTER (succeeded), 0)::DECIMAL(38, 6)
FROM payments GROUP BY ALL ORDER BY ALL`,
			dims:   dims("way"),
			counts: []string{"attempts", "total", "known", "refunds", "disputes", "costed"}, amounts: []string{"volume", "costedVolume", "fees"},
		},
		{
			name: "baskets",
			from: "SELECT " + period("created") + ", " + methodGroupSQL + ` AS way, edge, count(*)
FROM payments ASOF JOIN (SELECT unnest([` + strings.Join(w.Edges, ", ") + `])::DECIMAL(18, 3) AS edge) ON gross >= edge
WHERE succeeded GROUP BY ALL ORDER BY ALL`,
			dims: dims("way", "edge"), counts: []string{"total"},
		},
		{
			name: "places",
			from: "SELECT " + period("created") + `, coalesce(country, '?') AS place, CASE WHEN pays_later THEN method ELSE 'other' END AS way, count(*)
FROM payments WHERE succeeded GROUP BY ALL ORDER BY ALL`,
			dims: dims("place", "way"), counts: []string{"total"},
		},
		{
			name: "customers",
			from: "SELECT " + period("first_paid_at") + ", " + way("first_method") + " AS began, " + way("last_method") + ` AS latest,
  count(*), count(*) FILTER (repeats), count(*) FILTER (repeats AND switches > 0)
FROM bnpl_customers GROUP BY ALL ORDER BY ALL`,
			dims: dims("began:way", "latest:way"), counts: []string{"customers", "returned", "switched"},
		},
		{
			name: "segments",
			from: "SELECT " + period("first_paid_at") + `, segment, count(*), sum(gross)::DECIMAL(38, 3)
FROM bnpl_customers GROUP BY ALL ORDER BY ALL`,
			dims: dims("segment"), counts: []string{"customers"}, amounts: []string{"volume"},
		},
	}
}

// axes holds the values of each dimension. Cubes hold indexes into them.
type axes map[string][]string

// cubeColumns holds a cube's columns by name: integers, and amounts as one text
// with a space between two.
type cubeColumns map[string]any

// read reads a cube. It returns false where the cube has more rows than are
// left.
func (c cube) read(ctx context.Context, s *snapshot, a axes, left *int) (cubeColumns, bool, error) {
	rows, err := s.texts(ctx, fmt.Sprintf("SELECT * FROM (%s) LIMIT %d", c.from, *left+1))
	if err != nil {
		return nil, false, fmt.Errorf("cells of %s: %w", c.name, err)
	}
	if *left -= len(rows); *left < 0 {
		return nil, false, nil
	}
	found := cubeColumns{}
	for i, dim := range c.dims {
		name, axis, named := strings.Cut(dim, ":")
		if !named {
			axis = name
		}
		if len(a[axis]) < 2 {
			continue // a dimension with one value needs no column
		}
		places := map[string]int{}
		for at, value := range a[axis] {
			places[value] = at
		}
		column := make([]int, len(rows))
		for r, row := range rows {
			at, known := places[row[i]]
			if !known {
				return nil, false, fmt.Errorf("cells of %s: %s %q is in no row that has it", c.name, axis, row[i])
			}
			column[r] = at
		}
		found[name] = column
	}
	for i, name := range c.counts {
		column := make([]int64, len(rows))
		for r, row := range rows {
			if column[r], err = strconv.ParseInt(row[len(c.dims)+i], 10, 64); err != nil {
				return nil, false, fmt.Errorf("cells of %s: %w", c.name, err)
			}
		}
		found[name] = column
	}
	for i, name := range c.amounts {
		column := make([]string, len(rows))
		for r, row := range rows {
			column[r] = integerText(row[len(c.dims)+len(c.counts)+i])
		}
		found[name] = strings.Join(column, " ")
	}
	found["length"] = len(rows)
	return found, true, nil
}

// integerText removes the point from a decimal: the result is an integer of its
// smallest unit.
func integerText(decimal string) string {
	number, negative := strings.CutPrefix(strings.Replace(decimal, ".", "", 1), "-")
	number = strings.TrimLeft(number, "0")
	switch {
	case number == "":
		return "0"
	case negative:
		return "-" + number
	}
	return number
}
