package stripesim

import (
	"iter"
	"time"
)

// A Movement is a sum of balance transactions, in minor units.
type Movement struct {
	Movements        int64
	Amount, Fee, Net int64
	Pending          int64 // the part of Net that is not yet available
}

// Movements adds up balance transactions by key. The key must keep currencies
// apart.
func Movements[K comparable](transactions iter.Seq[BalanceTransaction], key func(BalanceTransaction) K) map[K]Movement {
	sums := map[K]Movement{}
	for t := range transactions {
		m := sums[key(t)]
		m.Movements, m.Amount, m.Fee, m.Net = m.Movements+1, m.Amount+t.Amount, m.Fee+t.Fee, m.Net+t.Net
		if t.Status == "pending" {
			m.Pending += t.Net
		}
		sums[key(t)] = m
	}
	return sums
}

// Recurring is the recurring revenue of one month. Amounts are for twelve
// months, in hundred-thousandths of a minor unit, so that nothing is divided.
type Recurring struct {
	Subscriptions int64 // that bill at the end of the month
	Yearly        int64 // their revenue in twelve months, less coupons that last for ever
	Discounted    int64 // Yearly less also the coupons that end
	NewYearly     int64 // revenue of those that began to bill in the month, even if they ended in it
	ChurnedYearly int64 // revenue of those that ended in the month
	Started       int64 // subscriptions that billed at the beginning of the month
	New           int64 // that began to bill in it
	Churned       int64 // that ended in it
	Metered       int64 // items of Subscriptions that are in no amount because they cost by use
	Unshown       int64 // items that are in no amount because their price does not show it in that currency
}

// Recurring returns the recurring revenue in the month of a time, by currency,
// if all subscriptions go on unchanged. A subscription bills from the end of
// its trial to its own end. It does not bill if it never began, or is neither
// paid nor ended.
func (l Ledger) Recurring(month time.Time) map[string]Recurring {
	begin := time.Date(month.Year(), month.Month(), 1, 0, 0, 0, 0, time.UTC)
	end := begin.AddDate(0, 1, 0)
	bills := records(l, "subscriptions", func(b *business, n int, at int64) recurringBill { return b.billOf(b.subAt(n, at), n, end.Unix()) })
	sums := map[string]Recurring{}
	for s := range bills {
		before, after := s.runs(begin.Unix()), s.runs(end.Unix())
		began, ended := s.bills && inMonth(s.from, begin, end), s.bills && inMonth(s.until, begin, end)
		if !before && !after && !began {
			continue
		}
		r := sums[s.currency]
		if before {
			r.Started++
		}
		if after {
			r.Subscriptions, r.Yearly, r.Discounted = r.Subscriptions+1, r.Yearly+s.yearly, r.Discounted+s.discounted
			r.Metered, r.Unshown = r.Metered+s.metered, r.Unshown+s.unshown
		}
		if began {
			r.New, r.NewYearly = r.New+1, r.NewYearly+s.yearly
		}
		if ended {
			r.Churned, r.ChurnedYearly = r.Churned+1, r.ChurnedYearly+s.yearly
		}
		sums[s.currency] = r
	}
	return sums
}

func inMonth(at int64, begin, end time.Time) bool { return at >= begin.Unix() && at < end.Unix() }

// A recurringBill is the recurring revenue of a subscription and its time;
// until is 0 for ever.
type recurringBill struct {
	currency           string
	from, until        int64
	yearly, discounted int64 // in the last second that it bills in the month
	metered, unshown   int64
	bills              bool // it bills at some time
}

// runs reports whether the subscription bills in the second before at.
func (s recurringBill) runs(at int64) bool {
	return s.bills && s.from < at && (s.until == 0 || s.until >= at)
}

// billOf returns what subscription n bills in the month that ends at end.
func (b *business) billOf(s subscription, n int, end int64) recurringBill {
	made := recurringBill{currency: s.currency.String(), from: s.firstBilling(), until: s.ended}
	switch s.status {
	case subActive, subPastDue:
		made.bills = !s.onHold || b.heldInvoices(n) != "void"
	case subCanceled:
		made.bills = made.from < made.until && (!s.onHold || b.heldInvoices(n) != "void")
	}
	period, last := int64(0), end-1
	if s.ended > 0 {
		last = min(last, s.ended-1)
	}
	for _, it := range b.items[s.firstItem : s.firstItem+s.items] {
		cost, ok := b.cost(it, s.currency)
		switch {
		case !ok:
			made.metered++
		case b.prices[it.price].currency != s.currency && s.currency == unshownOption:
			made.unshown++
		default:
			period += cost
		}
	}
	periods := int64(12 / s.months())
	made.yearly = periods * b.foreverDiscount(&s, n, last).applyTo(period)
	made.discounted = periods * b.currentDiscount(&s, n, last).applyTo(period)
	return made
}
