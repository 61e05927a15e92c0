package report

import (
	"context"
	"fmt"
)

// dimensions holds what a warehouse has: the values of the axes, the cubes, and
// the template values of the page without a filter.
type dimensions struct {
	axes        axes
	words       templateValues
	first       string                 // day of the first attempt; "" without any
	last        string                 // day of the last attempt
	days        int                    // from the first to the last, both included
	payments    int                    // payments that succeeded
	basketEdges map[string]edgeRange   // by currency
	digits      map[string]int         // decimal places, by currency
	cells       map[string]cubeColumns // by name of the cube
}

// edgeRange is the range, on the axis edge, of the baskets of a currency.
type edgeRange [2]int

// maxCells bounds the rows of all cubes. It keeps the page small: at most about
// 3 MB of data.
const maxCells = 150_000

// periodChoices are the units of time, the finest first. The first that fits is
// used. A unit fits if the chart is still readable, up to a span of so many
// days, and if its shares are meaningful, with so many payments on average.
var periodChoices = []struct {
	unit                string
	days, least, length int
}{{"day", 62, 20, 1}, {"week", 400, 20, 7}, {"month", 3700, 0, 30}, {"quarter", 11000, 0, 91}, {"year", 1 << 30, 0, 365}}

func (s *snapshot) readDimensions(ctx context.Context, decimals func(string) int) (*dimensions, error) {
	v := &dimensions{axes: axes{}, basketEdges: map[string]edgeRange{}, digits: map[string]int{}}
	for _, l := range []struct{ axis, query string }{
		{"account", "SELECT DISTINCT account FROM meta.coverage UNION SELECT DISTINCT account FROM payments ORDER BY account"},
		{"currency", "SELECT currency FROM payments GROUP BY ALL ORDER BY count(*) FILTER (succeeded) DESC, count(*) DESC, currency"},
		{"provider", "SELECT method FROM payments WHERE pays_later GROUP BY ALL ORDER BY count(*) FILTER (succeeded) DESC, method"},
		{"place", "SELECT DISTINCT coalesce(country, '?') AS place FROM payments WHERE succeeded ORDER BY place"},
		{"segment", "SELECT DISTINCT segment FROM bnpl_customers ORDER BY segment"},
	} {
		list, err := s.list(ctx, l.query)
		if err != nil {
			return nil, fmt.Errorf("read each %s: %w", l.axis, err)
		}
		v.axes[l.axis] = list
	}
	err := s.one(ctx, `SELECT coalesce(min(created)::DATE::VARCHAR, ''), coalesce(max(created)::DATE::VARCHAR, ''),
  coalesce(max(created)::DATE - min(created)::DATE + 1, 0), count(*) FILTER (succeeded) FROM payments`, &v.first, &v.last, &v.days, &v.payments)
	if err != nil {
		return nil, fmt.Errorf("read the span: %w", err)
	}
	v.axes["way"] = append([]string{"card", "other"}, v.axes["provider"]...)
	v.words.Providers = v.axes["provider"]
	for _, currency := range v.axes["currency"] {
		v.digits[currency] = decimals(currency)
	}
	if len(v.axes["currency"]) > 0 {
		v.words.Currency = v.axes["currency"][0]
		v.words.Digits = v.digits[v.words.Currency]
	}
	if err := s.readBasketEdges(ctx, v); err != nil {
		return nil, err
	}
	return v, s.readByPeriod(ctx, v)
}

// readByPeriod reads the cubes with the finest period that the span and the
// size of the page allow.
func (s *snapshot) readByPeriod(ctx context.Context, v *dimensions) error {
	if v.first == "" {
		v.words.Unit, v.words.Middle, v.axes["period"] = "day", "1970-01-01", []string{}
		return nil
	}
	for _, p := range periodChoices {
		if v.days > p.days || p.least*v.days > v.payments*p.length {
			continue
		}
		v.words.Unit = p.unit
		list, err := s.list(ctx, fmt.Sprintf(
			"SELECT unnest(generate_series(date_trunc('%[1]s', DATE '%[2]s'), DATE '%[3]s', INTERVAL 1 %[1]s))::DATE", p.unit, v.first, v.last))
		if err != nil {
			return fmt.Errorf("each %s: %w", p.unit, err)
		}
		v.axes["period"] = list
		v.words.Middle = list[len(list)/2]
		fits, err := s.readCubes(ctx, v)
		if err != nil || fits {
			return err
		}
	}
	return fmt.Errorf("more than %d cells even by year: too many currencies, countries and methods for one page", maxCells)
}

func (s *snapshot) readCubes(ctx context.Context, v *dimensions) (bool, error) {
	left := maxCells
	v.cells = map[string]cubeColumns{}
	for _, c := range cubes(v.words.Unit, templateValues{Edges: v.axes["edge"], Providers: v.words.Providers}) {
		found, fits, err := c.read(ctx, s, v.axes, &left)
		if err != nil || !fits {
			return fits, err
		}
		v.cells[c.name] = found
	}
	return true, nil
}
