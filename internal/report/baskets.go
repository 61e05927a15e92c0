package report

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// readBasketEdges finds, for each currency, the edges between which its baskets
// lie.
func (s *snapshot) readBasketEdges(ctx context.Context, v *dimensions) error {
	rows, err := s.texts(ctx, `WITH edges AS (SELECT unnest([`+strings.Join(binEdges(), ", ")+`])::DECIMAL(18, 3) AS edge),
ends AS (SELECT currency, min(gross) FILTER (gross > 0) AS smallest, max(gross) AS largest FROM payments WHERE succeeded GROUP BY ALL)
SELECT currency, max(edge) FILTER (edge <= smallest), min(edge) FILTER (edge > largest)
FROM ends, edges GROUP BY ALL ORDER BY ALL`)
	if err != nil {
		return fmt.Errorf("read the sizes of baskets: %w", err)
	}
	all := binEdges()
	v.axes["edge"] = all
	for _, row := range rows {
		low, high := max(slices.Index(all, row[1]), 1), slices.Index(all, row[2])
		if high < 0 {
			high = len(all) - 1
		}
		v.basketEdges[row[0]] = edgeRange{low, high}
	}
	v.words.Edges = v.binEdgesOf(v.words.Currency)
	return nil
}

// binEdgesOf returns the edges that the SQL for a currency needs: 0, and those
// around its baskets.
func (v *dimensions) binEdgesOf(currency string) []string {
	list := []string{"0"}
	if e, ok := v.basketEdges[currency]; ok {
		for _, edge := range v.axes["edge"][e[0] : e[1]+1] {
			list = append(list, trimZeros(edge))
		}
	}
	return list
}

// binEdges returns the lower edges of the bins of baskets, in major units of
// any currency: 0, then steps of about a quarter, which look even on a
// logarithmic scale.
func binEdges() []string {
	list := []string{"0.000"}
	for scale := int64(1); scale < 1e15; scale *= 10 { // thousandths
		for _, step := range []int64{10, 12, 15, 20, 25, 30, 40, 50, 60, 80} {
			if thousandths := step * scale; thousandths%10 == 0 {
				thousandths /= 10
				list = append(list, fmt.Sprintf("%d.%03d", thousandths/1000, thousandths%1000))
			}
		}
	}
	return list
}

// trimZeros removes zeros at the end of a decimal.
func trimZeros(decimal string) string {
	return strings.TrimSuffix(strings.TrimRight(decimal, "0"), ".")
}
