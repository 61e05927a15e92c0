package pipeline_test

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/stripelake/stripelake/internal/stripesim"
)

// figures are the simulator's ledger, written as the marts write theirs. Money is
// in thousandths of its currency here, which is exact for all of them.
type figures struct {
	paid     []stripesim.Payment // in order of time
	returned map[string]bool     // payments of customers who had paid before, by id
	shoppers []stripesim.Shopper
	ledger   stripesim.Ledger
}

func newFigures(l stripesim.Ledger) figures {
	f := figures{slices.Collect(l.Payments()), map[string]bool{}, l.Shoppers(), l}
	slices.SortFunc(f.paid, func(x, y stripesim.Payment) int {
		return cmp.Or(cmp.Compare(x.Created, y.Created), cmp.Compare(x.ID, y.ID))
	})
	known := map[string]bool{}
	for i, p := range f.paid {
		f.paid[i].Country = cmp.Or(p.Country, "null")
		f.returned[p.ID] = p.Customer != "" && known[p.Customer]
		known[p.Customer] = known[p.Customer] || p.Sold()
	}
	return f
}

// row is a row as text; nil is null.
func row(cells ...any) string {
	texts := make([]string, len(cells))
	for i, cell := range cells {
		if texts[i] = fmt.Sprint(cell); cell == nil {
			texts[i] = "null"
		}
	}
	return strings.Join(texts, " ")
}

// money is an amount in minor units.
func money(minor int64, currency string) string { return fixed(minor*milli(currency), 3) }

// milli is how many thousandths a minor unit has. Stripe: JPY has no minor unit,
// KWD has three digits.
func milli(currency string) int64 {
	switch currency {
	case "jpy":
		return 1000
	case "kwd":
		return 1
	}
	return 10
}

// fixed writes an integer with the point before its last digits.
func fixed(n int64, digits int) string {
	one := int64(math.Pow10(digits))
	sign := ""
	if n < 0 {
		sign, n = "-", -n
	}
	return fmt.Sprintf("%s%d.%0*d", sign, n/one, digits, n%one)
}

// part is a rate with six digits; null without a whole.
func part(some, whole int64) any {
	if whole == 0 {
		return nil
	}
	return fixed(divided(some*1_000_000, whole), 6)
}

// mean is an average with three digits; null of nothing.
func mean(a stripesim.Average, currency string) any {
	if a.Of == 0 {
		return nil
	}
	return fixed(divided(a.Sum*milli(currency), a.Of), 3)
}

// divided rounds half away from zero.
func divided(n, by int64) int64 {
	if n < 0 {
		return -divided(-n, by)
	}
	return (2*n + by) / (2 * by)
}

// cost is a payment's fee in millionths of its own currency, at the rate at
// which it was settled; false where nothing was.
func cost(p stripesim.Payment) (int64, bool) {
	fee, taken := p.Settled.Fee*milli(p.Settled.Currency), p.Settled.Taken*milli(p.Settled.Currency)
	if taken == 0 {
		return 0, false
	}
	return divided(1000*fee*p.Captured*milli(p.Currency), taken), true
}

// costs adds up the costs of payments that took money.
func costs[K comparable](paid []stripesim.Payment, key func(stripesim.Payment) (K, bool)) map[K]int64 {
	sums := map[K]int64{}
	for _, p := range paid {
		k, ok := key(p)
		if c, settled := cost(p); ok && settled && p.Sold() {
			sums[k] += c
		}
	}
	return sums
}

// costOf writes what costs holds; null for nothing.
func costOf[K comparable](sums map[K]int64, k K) any {
	if c, ok := sums[k]; ok {
		return fixed(c, 6)
	}
	return nil
}

func day(unix int64) string { return time.Unix(unix, 0).UTC().Format(time.DateOnly) }

func month(unix int64) string { return time.Unix(unix, 0).UTC().Format("2006-01") + "-01" }

var upper = strings.ToUpper

// provider is who finances a payment, if anybody.
func provider(p stripesim.Payment) string {
	if p.BNPL {
		return p.Method
	}
	return ""
}

func (f figures) payments() (lines []string) {
	for _, p := range f.paid {
		outcome, gross, refunded := p.Status, int64(0), int64(0)
		switch {
		case p.Sold():
			gross, refunded = p.Captured, p.Refunded
		case p.Status == "succeeded":
			outcome = "authorized"
		}
		cells := []any{
			p.ID, p.Created, p.Customer, p.Method, provider(p), p.Category, p.PaysLater, p.Country, outcome, p.Sold(), upper(p.Currency),
			money(p.Amount, p.Currency), money(gross, p.Currency), money(refunded, p.Currency), money(gross-refunded, p.Currency), p.IsDisputed,
		}
		if p.Customer == "" {
			cells = append(cells, nil)
		} else {
			cells = append(cells, f.returned[p.ID])
		}
		lines = append(lines, row(append(cells, notLate(p)...)...))
	}
	return lines
}

// notLate are a payment's cells of the balance.
func notLate(p stripesim.Payment) []any {
	s := p.Settled
	if s.Currency == "" {
		return []any{nil, nil, nil, nil, nil, nil}
	}
	cells := []any{upper(s.Currency), money(s.Taken, s.Currency), nil, money(s.Fee, s.Currency), money(s.Net, s.Currency), nil}
	if s.Disputed {
		cells[2] = money(s.Withdrawn, s.Currency)
	}
	if c, ok := cost(p); ok {
		cells[5] = fixed(c, 6)
	}
	return cells
}

func (f figures) usage() (lines []string) {
	type cell struct {
		place
		provider string
	}
	later := func(p stripesim.Payment) (cell, bool) { return cell{placeOf(p), p.Method}, p.BNPL }
	spent := costs(f.paid, later)
	for c, t := range stripesim.Totals(slices.Values(f.paid), later) {
		var rate any
		if t.Gross > 0 {
			rate = fixed(divided(1000*spent[c], t.Gross*milli(c.currency)), 6)
		}
		lines = append(lines, row(c.day, c.provider, upper(c.currency), c.country, t.Attempts, t.Payments, part(t.Payments, t.Attempts), money(t.Gross, c.currency),
			mean(stripesim.Average{Sum: t.Gross, Of: t.Payments}, c.currency), t.RefundedPayments, money(t.Refunded, c.currency), 0, part(t.RefundedPayments, t.Payments),
			t.Disputes, part(t.Disputes, t.Payments), costOf(spent, c), rate))
	}
	return lines
}

// place is where payments are made on a day.
type place struct{ day, currency, country string }

func placeOf(p stripesim.Payment) place { return place{day(p.Created), p.Currency, p.Country} }

func (f figures) checkout() (lines []string) {
	all := slices.Values(f.paid)
	cards := stripesim.Totals(all, func(p stripesim.Payment) (place, bool) { return placeOf(p), p.Method == "card" })
	for at, t := range stripesim.Totals(all, func(p stripesim.Payment) (place, bool) { return placeOf(p), true }) {
		lines = append(lines, row(at.day, upper(at.currency), at.country, t.Attempts, t.Payments, money(t.Gross, at.currency), cards[at].Payments, money(cards[at].Gross, at.currency)))
	}
	return lines
}

func (f figures) customers() (lines []string) {
	for _, s := range f.shoppers {
		segment := "pays later, no add-on yet"
		switch {
		case s.Later == 0:
			segment = "pays at once"
		case s.AddOns > 0:
			segment = "pays later, has an add-on"
		case s.AboveMedian():
			segment = "pays later, basket above median, no add-on yet"
		}
		var since, basketSince any
		if s.Later > 0 {
			since = s.LaterSince
			basketSince = mean(stripesim.Average{Sum: s.Basket.Sum - s.Before.Sum, Of: s.Basket.Of - s.Before.Of}, s.Currency)
		}
		lines = append(lines, row(s.Customer, upper(s.Currency), s.Payments, s.Later, s.Payments > 1, s.First, s.Last, s.Switches, s.FirstPaid, s.LastPaid, since,
			money(s.Basket.Sum, s.Currency), mean(s.Basket, s.Currency), mean(s.Before, s.Currency), basketSince, mean(s.Median, s.Currency), s.AddOns, segment))
	}
	return lines
}

// who is a customer in one currency.
type who struct{ customer, currency string }

func whoPaid(p stripesim.Payment) (who, bool) { return who{p.Customer, p.Currency}, p.Customer != "" }

func (f figures) cohorts() (lines []string) {
	type cohort struct {
		currency, month string
		later           bool
	}
	type cell struct {
		cohort
		months int
	}
	of, sizes := map[who]cohort{}, map[cohort]int{}
	for _, s := range f.shoppers {
		c := cohort{s.Currency, month(s.FirstPaid), s.BeganLater}
		of[who{s.Customer, s.Currency}] = c
		sizes[c]++
	}
	for c, t := range stripesim.Totals(slices.Values(f.paid), func(p stripesim.Payment) (cell, bool) {
		w, known := whoPaid(p)
		return cell{of[w], monthsSince(of[w].month, p.Created)}, known && p.Sold()
	}) {
		lines = append(lines, row(upper(c.currency), c.month, c.later, c.months, sizes[c.cohort], t.Customers, t.Payments, t.Later, money(t.Gross, c.currency)))
	}
	return lines
}

// monthsSince is how many months after its month a time is.
func monthsSince(first string, unix int64) int {
	from, _ := time.Parse(time.DateOnly, first)
	to := time.Unix(unix, 0).UTC()
	return 12*(to.Year()-from.Year()) + int(to.Month()) - int(from.Month())
}

func (f figures) revenue() (lines []string) {
	type cell struct{ day, currency string }
	on := func(p stripesim.Payment) (cell, bool) { return cell{day(p.Created), p.Currency}, true }
	returning := map[cell]int64{}
	for _, p := range f.paid {
		if c, _ := on(p); p.Sold() && f.returned[p.ID] {
			returning[c]++
		}
	}
	for c, t := range stripesim.Totals(slices.Values(f.paid), on) {
		lines = append(lines, row(c.day, upper(c.currency), t.Attempts, t.Payments, money(t.Gross, c.currency), money(t.Refunded, c.currency),
			money(t.Gross-t.Refunded, c.currency), 0, money(t.LaterGross, c.currency), t.Customers, returning[c]))
	}
	return lines
}

func (f figures) refunds() (lines []string) {
	of, booked := map[string]stripesim.Payment{}, map[string]stripesim.BalanceTransaction{}
	for _, p := range f.paid {
		of[p.ID] = p
	}
	for b := range f.ledger.BalanceTransactions() {
		booked[b.ID] = b
	}
	for r := range f.ledger.Refunds() {
		p := of[r.Charge]
		gross := int64(0)
		if p.Sold() {
			gross = p.Captured
		}
		share := part(r.Amount, gross)
		b, moved := booked[r.BalanceTransaction]
		if moved = moved && !r.IsRelease; !moved {
			share = nil
		}
		cells := []any{
			r.ID, r.Created, r.Charge, p.Customer, p.Method, provider(p), upper(r.Currency), money(r.Amount, r.Currency), moved, money(gross, r.Currency), share,
			r.Created/86400 - p.Created/86400, r.Status, r.Reason,
		}
		if b.ID != "" {
			cells = append(cells, upper(b.Currency), money(b.Amount, b.Currency), money(b.Fee, b.Currency))
		} else {
			cells = append(cells, nil, nil, nil)
		}
		lines = append(lines, row(cells...))
	}
	return lines
}

func (f figures) balance() (lines []string) {
	type account struct{ day, currency string }
	type cell struct {
		account
		category string
	}
	sums := stripesim.Movements(f.ledger.BalanceTransactions(), func(b stripesim.BalanceTransaction) cell {
		return cell{account{day(b.Created), b.Currency}, b.Category}
	})
	for c, m := range sums {
		balance := int64(0)
		for other, o := range sums {
			if other.currency == c.currency && other.day <= c.day {
				balance += o.Net
			}
		}
		lines = append(lines, row(c.day, upper(c.currency), c.category, m.Movements, money(m.Amount, c.currency), money(m.Fee, c.currency), money(m.Net, c.currency),
			money(m.Pending, c.currency), money(balance, c.currency)))
	}
	return lines
}

func (f figures) recurring(now time.Time) (lines []string) {
	for m := time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC); !m.After(now); m = m.AddDate(0, 1, 0) {
		for currency, r := range f.ledger.Recurring(m) {
			monthly := func(yearly int64) any { return mean(stripesim.Average{Sum: yearly, Of: 12 * 100_000}, currency) }
			lines = append(lines, row(m.Format(time.DateOnly), upper(currency), r.Subscriptions, monthly(r.Yearly), monthly(r.Discounted), monthly(r.NewYearly), monthly(r.ChurnedYearly),
				r.New, r.Churned, part(r.Churned, r.Started+r.New), r.Metered+r.Unshown, r.Metered, r.Unshown, 0, 0, 0, 0))
		}
	}
	return lines
}

func (f figures) lifetime() (lines []string) {
	cells := map[who][3]any{}
	for _, s := range f.shoppers {
		cells[who{s.Customer, s.Currency}] = [3]any{s.FirstPaid, s.LastPaid, f.decile(s)}
	}
	spent := costs(f.paid, whoPaid)
	for w, t := range stripesim.Totals(slices.Values(f.paid), whoPaid) {
		lines = append(lines, row(w.customer, upper(w.currency), cells[w][0], cells[w][1], t.Attempts, t.Payments, money(t.Gross, w.currency), money(t.Refunded, w.currency),
			money(t.Gross-t.Refunded, w.currency), 0, t.Disputes, t.Later, costOf(spent, w), cells[w][2]))
	}
	return lines
}

// decile is in which tenth of those who paid in a currency somebody is, by what
// they paid.
func (f figures) decile(of stripesim.Shopper) int {
	all, above := 0, 0
	for _, s := range f.shoppers {
		if s.Currency != of.Currency {
			continue
		}
		all++
		if s.Basket.Sum > of.Basket.Sum {
			above++
		}
	}
	return 1 + 10*above/all
}

func (f figures) rates() (lines []string) {
	type cell struct{ day, from, to string }
	type rate struct{ millionths, charges int64 }
	first, rates := map[string]string{}, map[cell]rate{}
	for _, p := range f.paid {
		first[p.BalanceTransaction] = p.Currency
	}
	for b := range f.ledger.BalanceTransactions() {
		if from := first[b.ID]; from != "" && b.RateMillionths != 0 {
			c := cell{day(b.Created), from, b.Currency}
			rates[c] = rate{b.RateMillionths, rates[c].charges + 1}
		}
	}
	for c, r := range rates {
		major := fixed(r.millionths*1_000_000*milli(c.to)/milli(c.from), 12)
		lines = append(lines, row(c.day, upper(c.from), upper(c.to), major, major, major, r.charges))
	}
	return lines
}
