package stripesim

import (
	"fmt"
	"slices"
	"strings"
)

// A param is a filter of a list, beside the ones for paging and created.
type param struct {
	name   string
	object string   // the type of object whose id it takes, for the error; "" if it takes no id
	values []string // the only ones allowed; nil for any
}

// paramsOf returns the filters of a resource.
func paramsOf(resource string) []param {
	customer := param{name: "customer", object: "customer"}
	intent := param{name: "payment_intent", object: "payment_intent"}
	switch resource {
	case "balance_transactions":
		return []param{{name: "currency"}, {name: "payout", object: "payout"}, {name: "source"}, {name: "type"}}
	case "charges":
		return []param{customer, intent}
	case "customers":
		return []param{{name: "email"}}
	case "prices":
		return []param{
			{name: "active", values: []string{"true", "false"}},
			{name: "currency"},
			{name: "product", object: "product"},
			{name: "recurring[interval]", values: []string{"day", "week", "month", "year"}},
			{name: "recurring[usage_type]", values: []string{"licensed", "metered"}},
			{name: "type", values: []string{"one_time", "recurring"}},
		}
	case "refunds":
		return []param{{name: "charge", object: "charge"}, intent}
	case "disputes":
		return []param{{name: "charge", object: "charge"}, intent}
	case "payouts":
		return []param{
			{name: "arrival_date"},
			{name: "arrival_date[gt]"},
			{name: "arrival_date[gte]"},
			{name: "arrival_date[lt]"},
			{name: "arrival_date[lte]"},
			{name: "destination"},
			{name: "status", values: payoutStatuses},
		}
	case "invoices":
		return []param{
			{name: "collection_method", values: []string{"charge_automatically", "send_invoice"}},
			customer,
			{name: "status", values: invoiceStatuses},
			{name: "subscription", object: "subscription"},
		}
	case "invoice_payments":
		return []param{
			{name: "invoice", object: "invoice"},
			{name: "payment[payment_intent]", object: "payment_intent"},
			{name: "payment[type]", values: []string{"charge", "payment_intent"}},
			{name: "status", values: []string{"canceled", "open", "paid"}},
		}
	case "payment_intents", "setup_intents":
		return []param{customer}
	case "checkout/sessions":
		return []param{customer, intent, {name: "status", values: sessionStatuses}, {name: "subscription", object: "subscription"}}
	case "transfers":
		return []param{{name: "destination"}, {name: "transfer_group"}}
	case "application_fees":
		return []param{{name: "charge"}}
	case "credit_notes":
		return []param{customer, {name: "invoice", object: "invoice"}}
	case "products":
		return []param{{name: "active", values: []string{"true", "false"}}}
	case "promotion_codes":
		return []param{{name: "active", values: []string{"true", "false"}}, {name: "code"}, {name: "coupon", object: "coupon"}, customer}
	case "subscriptions":
		return []param{customer, {name: "price", object: "price"}, {name: "status", values: append(slices.Clone(subStatuses[:]), "all", "ended")}}
	}
	return nil
}

// check returns what is wrong with a value, or nil.
func (p *param) check(value string) *apiError {
	if p.values == nil || slices.Contains(p.values, value) {
		return nil
	}
	return errParam("", p.name, fmt.Sprintf("Invalid %s: must be one of %s", p.name, strings.Join(p.values, ", ")))
}

// listable reports whether a subscription of a status passes the status filter;
// "" is no filter. Stripe: canceled subscriptions are hidden unless asked for,
// incomplete_expired ones are not.
func listable(filter, status string) bool {
	switch filter {
	case "":
		return status != subCanceled.String()
	case "all":
		return true
	case "ended":
		return status == subCanceled.String() || status == subExpired.String()
	}
	return status == filter
}

func (b *business) matchCharge(p, value string, _ int64) (matcher, bool) {
	if p == "payment_intent" {
		only, ok := b.findIntent(value)
		return func(n int) bool { return n == only }, ok
	}
	who, ok := b.findCustomer(value)
	return func(n int) bool { return int(b.charges[n].customer) == who }, ok
}

func (b *business) matchRefund(p, value string, _ int64) (matcher, bool) {
	find := b.findCharge
	if p == "payment_intent" {
		find = b.findIntent
	}
	c, ok := find(value)
	return func(n int) bool { return int(b.refunds[n].charge) == c }, ok
}

func (b *business) matchTxn(p, value string, at int64) (matcher, bool) {
	switch p {
	case "currency":
		return func(n int) bool { return b.txns[n].currency.String() == value }, true
	case "type":
		return func(n int) bool { return b.txnType(&b.txns[n]) == value }, true
	case "payout":
		return b.matchHeld(value, at)
	}
	return b.matchSource(value), true
}

// matchSource filters balance transactions by the id of their source. The entry
// constants of one kind of source are consecutive.
func (b *business) matchSource(id string) matcher {
	of := func(source int, first, last entry) matcher {
		return func(n int) bool {
			t := &b.txns[n]
			return int(t.source) == source && t.entry >= first && t.entry <= last
		}
	}
	if n, ok := b.findCharge(id); ok {
		return of(n, entryCharge, entryCaptureReversal)
	}
	if n, ok := b.findRefund(id); ok {
		return of(n, entryRelease, entryRefundFailure)
	}
	if n, ok := b.find(idDispute, b.appendDisputeID, len(b.disputes), id); ok {
		return of(n, entryDispute, entryDisputeReversal)
	}
	if n, ok := b.findPayout(id); ok {
		return of(n, entryPayout, entryPayoutFailure)
	}
	if n, ok := b.findTransfer(id); ok {
		return of(n, entryTransfer, entryTransferReversal)
	}
	if n, ok := b.findApplicationFee(id); ok {
		return of(n, entryApplicationFee, entryApplicationFeeRefund)
	}
	return func(int) bool { return false }
}

func (b *business) matchCustomer(_, value string, _ int64) (matcher, bool) {
	return func(n int) bool { return b.email(n) == value }, true
}

func (b *business) matchSubscription(p, value string, at int64) (matcher, bool) {
	switch p {
	case "customer":
		who, ok := b.findCustomer(value)
		return func(n int) bool { return int(b.subs[n].customer) == who }, ok
	case "price":
		wanted, ok := b.findPrice(value)
		return func(n int) bool {
			s := &b.subs[n]
			return slices.ContainsFunc(b.items[s.firstItem:s.firstItem+s.items], func(it item) bool { return int(it.price) == wanted })
		}, ok
	}
	return func(n int) bool { return listable(value, b.subAt(n, at).status.String()) }, true
}

func (b *business) matchPrice(p, value string, at int64) (matcher, bool) {
	is := func(get func(*price) string) (matcher, bool) {
		return func(n int) bool { return get(&b.prices[n]) == value }, true
	}
	switch p {
	case "active":
		return func(n int) bool { return b.priceAt(n, at).active == (value == "true") }, true
	case "currency":
		return is(func(p *price) string { return p.currency.String() })
	case "product":
		return is(func(p *price) string { return string(b.appendProductID(nil, p.product)) })
	case "recurring[interval]":
		return is(func(p *price) string { return p.interval })
	case "recurring[usage_type]":
		return is(func(p *price) string { return p.recurringUsage() })
	}
	return is((*price).kind)
}

// recurringUsage returns how the usage of a price counts; "" if it does not
// recur.
func (p *price) recurringUsage() string {
	if !p.recurring() {
		return ""
	}
	return p.usage()
}
