package main

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/stripelake/stripelake/internal/stripesim"
)

// reportBooks are the simulator's books in the rows of the report. The money of
// the report without a filter is in US dollars, which are settled as they are, so
// that fees need no conversion.
type reportBooks struct {
	paid      []stripesim.Payment
	shoppers  []stripesim.Shopper
	providers []string // the one with most payments first
}

func newReportBooks(l stripesim.Ledger) reportBooks {
	b := reportBooks{paid: slices.Collect(l.Payments()), shoppers: l.Shoppers()}
	sold := b.totals(false, func(p stripesim.Payment) (string, bool) { return p.Method, p.PaysLater })
	b.providers = slices.SortedFunc(maps.Keys(sold), func(x, y string) int {
		return cmp.Or(cmp.Compare(sold[y].Payments, sold[x].Payments), cmp.Compare(x, y))
	})
	return b
}

// totals adds up all payments, or those in dollars.
func (b reportBooks) totals(dollars bool, key func(stripesim.Payment) (string, bool)) map[string]stripesim.Total {
	return stripesim.Totals(slices.Values(b.paid), func(p stripesim.Payment) (string, bool) {
		k, ok := key(p)
		return k, ok && (!dollars || p.Currency == "usd")
	})
}

// share is a share in percent, and room for the bounds of its interval.
func share(some, whole int64) []any { return []any{ratio{100 * some, whole}, anything{}, anything{}} }

// dollars are cents.
func dollars(cents int64) ratio { return ratio{cents, 100} }

// volume is what payments took: of none, the report shows none.
func volume(cents, payments int64) ratio { return ratio{cents, 100 * min(payments, 1)} }

// way is how the report groups payments.
func way(p stripesim.Payment) (string, bool) {
	if p.PaysLater || p.Method == "card" {
		return p.Method, true
	}
	return "other", true
}

func later(p stripesim.Payment) (string, bool) {
	switch {
	case p.PaysLater:
		return "later", true
	case p.Method == "card":
		return "card", true
	}
	return "other", true
}

func together(stripesim.Payment) (string, bool) { return "", true }

func (b reportBooks) summary() (rows [][]any) {
	all, usd := b.totals(false, together)[""], b.totals(true, together)[""]
	inUSD := b.totals(true, later)
	for paid, t := range b.totals(false, later) {
		u := inUSD[paid]
		row := slices.Concat([]any{paid, t.Attempts}, share(t.Payments, t.Attempts), []any{t.Payments, all.Payments}, share(t.Payments, all.Payments),
			[]any{dollars(u.Gross), ratio{100 * u.Gross, usd.Gross}, ratio{u.Gross, 100 * u.Payments}, ratio{100 * u.Fee, u.Gross}})
		rows = append(rows, row)
	}
	return rows
}

func (b reportBooks) outcomes() (rows [][]any) {
	for name, t := range b.totals(false, way) {
		rows = append(rows, slices.Concat([]any{name, t.Attempts, t.Payments}, share(t.Payments, t.Attempts),
			[]any{t.Payments, t.RefundedPayments}, share(t.RefundedPayments, t.Payments), []any{t.Disputes}, share(t.Disputes, t.Payments)))
	}
	return rows
}

func (b reportBooks) costs() (rows [][]any) {
	for name, t := range b.totals(true, way) {
		if t.Payments > 0 {
			rows = append(rows, []any{
				name, t.Payments, dollars(t.Gross), ratio{t.Gross, 100 * t.Payments}, t.Payments, dollars(t.Fee), ratio{t.Fee, 100 * t.Payments}, ratio{100 * t.Fee, t.Gross},
			})
		}
	}
	return rows
}

// byProvider counts the payments on credit with each provider.
func (b reportBooks) byProvider(of func(stripesim.Payment) (string, bool), place string) (counts []any) {
	for _, provider := range b.providers {
		counts = append(counts, b.totals(false, func(p stripesim.Payment) (string, bool) {
			k, ok := of(p)
			return k, ok && p.PaysLater && p.Method == provider
		})[place].Payments)
	}
	return counts
}

func week(p stripesim.Payment) (string, bool) {
	at := time.Unix(p.Created, 0).UTC()
	return at.AddDate(0, 0, -(int(at.Weekday())+6)%7).Format(time.DateOnly), p.Sold()
}

func (b reportBooks) weeks() (rows [][]any) {
	inUSD := b.totals(true, week)
	for monday, t := range b.totals(false, week) {
		u := inUSD[monday]
		rows = append(rows, slices.Concat([]any{monday, t.Payments, t.Later, ratio{100 * t.Later, t.Payments}}, b.byProvider(week, monday),
			[]any{volume(u.Gross, u.Payments), volume(u.LaterGross, u.Payments), ratio{100 * u.LaterGross, u.Gross}}))
	}
	return rows
}

func (b reportBooks) halves(middle string) (rows [][]any) {
	for half, t := range b.totals(false, func(p stripesim.Payment) (string, bool) {
		if time.Unix(p.Created, 0).UTC().Format(time.DateOnly) < middle {
			return "first half", p.Sold()
		}
		return "second half", p.Sold()
	}) {
		rows = append(rows, slices.Concat([]any{half, t.Payments, t.Later}, share(t.Later, t.Payments)))
	}
	return rows
}

func (b reportBooks) where() (rows [][]any) {
	country := func(p stripesim.Payment) (string, bool) { return p.Country, p.Sold() }
	for place, t := range b.totals(false, country) {
		rows = append(rows, slices.Concat([]any{place, t.Payments, t.Later, ratio{100 * t.Later, t.Payments}}, b.byProvider(country, place)))
	}
	return rows
}

// baskets counts what lies between the edges that the page shows.
func (b reportBooks) baskets(page [][]string) (rows [][]any) {
	for _, bin := range page {
		low, high := cents(bin[0]), cents(bin[1])
		within := b.totals(true, func(p stripesim.Payment) (string, bool) {
			name, _ := way(p)
			return name, p.Sold() && p.Captured >= low && p.Captured < high
		})
		row := []any{bin[0], bin[1]}
		for _, name := range append(slices.Clone(b.providers), "card", "other") {
			row = append(row, within[name].Payments)
		}
		rows = append(rows, row)
	}
	return rows
}

func cents(dollars string) int64 {
	n, _ := strconv.ParseInt(strings.Replace(dollars, ".", "", 1), 10, 64)
	return n
}

// known is a method, or other where the report does not name it.
func (b reportBooks) known(method string) string {
	if method == "card" || slices.Contains(b.providers, method) {
		return method
	}
	return "other"
}

func (b reportBooks) flow() (rows [][]any) {
	type path struct{ began, latest string }
	customers, switched := map[path]int{}, map[path]int{}
	for _, s := range b.shoppers {
		if s.Payments > 1 {
			p := path{b.known(s.First), b.known(s.Last)}
			customers[p]++
			if s.Switches > 0 {
				switched[p]++
			}
		}
	}
	for p, n := range customers {
		rows = append(rows, []any{p.began, p.latest, n, switched[p]})
	}
	return rows
}

func (b reportBooks) repeat() (rows [][]any) {
	customers, returned := map[string]int64{}, map[string]int64{}
	for _, s := range b.shoppers {
		customers[b.known(s.First)]++
		if s.Payments > 1 {
			returned[b.known(s.First)]++
		}
	}
	for began, n := range customers {
		rows = append(rows, slices.Concat([]any{began, n, returned[began]}, share(returned[began], n)))
	}
	return rows
}

func (b reportBooks) segments() (rows [][]any) {
	customers, volume := map[string]int64{}, map[string]int64{}
	for _, s := range b.shoppers {
		segment := "pays later, no add-on yet"
		switch {
		case s.Later == 0:
			segment = "pays at once"
		case s.AddOns > 0:
			segment = "pays later, has an add-on"
		case s.AboveMedian():
			segment = "pays later, basket above median, no add-on yet"
		}
		customers[segment]++
		if s.Currency == "usd" {
			volume[segment] += s.Basket.Sum
		}
	}
	for segment, n := range customers {
		rows = append(rows, []any{segment, n, ratio{100 * n, int64(len(b.shoppers))}, dollars(volume[segment])})
	}
	return rows
}
