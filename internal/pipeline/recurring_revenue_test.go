package pipeline_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stripelake/stripelake/internal/pipeline/laketest"
)

// A price with a period of its own, as an item of a subscription shows it. CUR
// is the currency of the case, and CASE its number.
const (
	perMonth = `"currency":"CUR","recurring":{"interval":"month","interval_count":1,"usage_type":"licensed"}`
	tenMonth = perMonth + `,"unit_amount":1000,"unit_amount_decimal":"1000"`
)

// lined is an item: a quantity, the fields of its price and its own.
func lined(quantity int, price string, more ...string) string {
	return fmt.Sprintf(`{"object":"subscription_item","quantity":%d,"price":{"id":"price_CASE","object":"price","product":"prod_1",%s}%s}`,
		quantity, price, strings.Join(append([]string{""}, more...), ","))
}

func every(interval string, count int) string {
	return fmt.Sprintf(`"currency":"CUR","recurring":{"interval":%q,"interval_count":%d},"unit_amount":1000,"unit_amount_decimal":"1000"`, interval, count)
}

// off is a discount from 10 March on, or from a time until another.
func off(coupon string, fromUntil ...int64) string {
	start, end := at(3, 10), "null"
	if len(fromUntil) > 0 {
		start = fromUntil[0]
	}
	if len(fromUntil) > 1 {
		end = fmt.Sprint(fromUntil[1])
	}
	return fmt.Sprintf(`{"id":"di_1","object":"discount","start":%d,"end":%s,"coupon":{"id":"OFF","object":"coupon",%s}}`, start, end, coupon)
}

func at(month time.Month, day int) int64 {
	return time.Date(2025, month, day, 0, 0, 0, 0, time.UTC).Unix()
}

// what Stripe says of a subscription, and what it brings in May 2025.
type recurringCase struct {
	name         string
	currency     string // one of its own, if none is named
	subscription string
	items        []string
	price        string // the object in the list of prices; its fields
	customer     string // fields of the customer
	want         string // subscriptions, mrr, mrr_discounted and what is counted apart
}

var recurringCases = []recurringCase{
	{name: "the amount times the quantity", items: []string{lined(3, tenMonth)}, want: "1 30.000 30.000"},
	{name: "items add up", items: []string{lined(3, tenMonth), lined(1, every("year", 1))}, want: "1 30.833 30.833"},
	{name: "packages, rounded up", items: []string{lined(6, tenMonth+`,"transform_quantity":{"divide_by":5,"round":"up"}`)}, want: "1 20.000 20.000"},
	{name: "full packages", items: []string{lined(10, tenMonth+`,"transform_quantity":{"divide_by":5,"round":"up"}`)}, want: "1 20.000 20.000"},
	{name: "packages, rounded down", items: []string{lined(9, tenMonth+`,"transform_quantity":{"divide_by":5,"round":"down"}`)}, want: "1 10.000 10.000"},
	{name: "packages of an old plan", items: []string{`{"object":"subscription_item","quantity":6,"plan":{"id":"p","amount":1000,"currency":"CUR","interval":"month","interval_count":1,"transform_usage":{"divide_by":5,"round":"up"}}}`}, want: "1 20.000 20.000"},
	{name: "less than a cent", items: []string{lined(1000, perMonth+`,"unit_amount":null,"unit_amount_decimal":"12.5"`)}, want: "1 125.000 125.000"},
	{name: "twelve places", items: []string{lined(1000000, perMonth+`,"unit_amount":null,"unit_amount_decimal":"0.000000000001"`)}, want: "1 0.000 0.000"},
	{name: "the largest amount", items: []string{lined(1000000, perMonth+`,"unit_amount":999999999999,"unit_amount_decimal":"999999999999"`)}, want: "1 9999999999990000.000 9999999999990000.000"},
	{name: "the largest amount by the day", items: []string{lined(1000000, `"currency":"CUR","recurring":{"interval":"day","interval_count":1},"unit_amount_decimal":"999999999999.999999999999"`)}, want: "1 304166666666666666.667 304166666666666666.667"},
	{name: "yen have no cents", currency: "jpy", items: []string{lined(2, perMonth+`,"unit_amount":1100`)}, want: "1 2200.000 2200.000"},
	{name: "dinars have a thousand fils", currency: "kwd", items: []string{lined(1, perMonth+`,"unit_amount":1235`)}, want: "1 1.235 1.235"},

	{name: "a year is 12 months", items: []string{lined(1, every("year", 1))}, want: "1 0.833 0.833"},
	{name: "a year has 52 weeks", items: []string{lined(1, every("week", 1))}, want: "1 43.333 43.333"},
	{name: "a year has 365 days", items: []string{lined(1, every("day", 1))}, want: "1 304.167 304.167"},
	{name: "every three months", items: []string{lined(1, every("month", 3))}, want: "1 3.333 3.333"},
	{name: "every two weeks", items: []string{lined(1, every("week", 2))}, want: "1 21.667 21.667"},
	{name: "thirds add up before they are rounded", items: []string{lined(1, every("month", 3)), lined(1, every("month", 3)), lined(1, every("month", 3))}, want: "1 10.000 10.000"},
	{name: "half a thousandth is rounded up", items: []string{lined(1, perMonth+`,"unit_amount":null,"unit_amount_decimal":"0.05"`)}, want: "1 0.001 0.001"},

	{
		name: "graduated tiers", items: []string{lined(25, perMonth+`,"billing_scheme":"tiered","tiers_mode":"graduated"`)},
		price: perMonth + `,"billing_scheme":"tiered","tiers_mode":"graduated","tiers":[{"up_to":10,"unit_amount":100,"flat_amount":500},{"up_to":20,"unit_amount":80},{"up_to":null,"unit_amount":null,"unit_amount_decimal":"0.5","flat_amount":50}]`,
		want:  "1 23.525 23.525", // 10 of 1.00 and 5.00, 10 of 0.80, 5 of 0.005 and 0.50
	},
	{
		name: "a graduated tier that is just full", items: []string{lined(10, perMonth+`,"billing_scheme":"tiered","tiers_mode":"graduated"`)},
		price: perMonth + `,"billing_scheme":"tiered","tiers_mode":"graduated","tiers":[{"up_to":10,"unit_amount":100},{"up_to":null,"unit_amount":80,"flat_amount":500}]`,
		want:  "1 10.000 10.000",
	},
	{
		name: "tiers by volume", items: []string{lined(11, perMonth+`,"billing_scheme":"tiered","tiers_mode":"volume"`)},
		price: perMonth + `,"billing_scheme":"tiered","tiers_mode":"volume","tiers":[{"up_to":10,"unit_amount":100},{"up_to":null,"unit_amount":80,"flat_amount":500}]`,
		want:  "1 13.800 13.800",
	},
	{
		name: "the end of a tier by volume", items: []string{lined(10, perMonth+`,"billing_scheme":"tiered","tiers_mode":"volume"`)},
		price: perMonth + `,"billing_scheme":"tiered","tiers_mode":"volume","tiers":[{"up_to":10,"unit_amount":100},{"up_to":null,"unit_amount":80,"flat_amount":500}]`,
		want:  "1 10.000 10.000",
	},
	{
		name: "more than the last tier", items: []string{lined(11, perMonth+`,"billing_scheme":"tiered","tiers_mode":"volume"`)},
		price: perMonth + `,"billing_scheme":"tiered","tiers_mode":"volume","tiers":[{"up_to":10,"unit_amount":100}]`,
		want:  "1 0.000 0.000 items_without_amount=1",
	},
	{name: "tiers that are not there", items: []string{lined(11, perMonth+`,"billing_scheme":"tiered","tiers_mode":"volume"`)}, want: "1 0.000 0.000 items_without_amount=1"},

	{
		name: "an amount in the currency of the subscription", items: []string{lined(2, strings.Replace(tenMonth, "CUR", "usd", 1))},
		price: strings.Replace(tenMonth, "CUR", "usd", 1) + `,"currency_options":{"usd":{"unit_amount":1000},"CUR":{"unit_amount":900,"unit_amount_decimal":"900"}}`,
		want:  "1 18.000 18.000",
	},
	{
		name: "an amount without cents, of a price in dollars", currency: "clp", items: []string{lined(2, strings.Replace(tenMonth, "CUR", "usd", 1))},
		price: strings.Replace(tenMonth, "CUR", "usd", 1) + `,"currency_options":{"CUR":{"unit_amount":1500,"unit_amount_decimal":"1500"}}`,
		want:  "1 3000.000 3000.000",
	},
	{
		name: "less than a cent in the other currency", items: []string{lined(1000, strings.Replace(tenMonth, "CUR", "usd", 1))},
		price: strings.Replace(tenMonth, "CUR", "usd", 1) + `,"currency_options":{"CUR":{"unit_amount":null,"unit_amount_decimal":"0.125"}}`,
		want:  "1 1.250 1.250",
	},
	{
		name: "tiers in the other currency", items: []string{lined(11, strings.Replace(perMonth, "CUR", "usd", 1)+`,"billing_scheme":"tiered","tiers_mode":"graduated"`)},
		price: strings.Replace(perMonth, "CUR", "usd", 1) + `,"billing_scheme":"tiered","tiers_mode":"graduated","tiers":[{"up_to":null,"unit_amount":1}],
			"currency_options":{"CUR":{"tiers":[{"up_to":10,"unit_amount":100,"unit_amount_decimal":"100"},{"up_to":null,"unit_amount":null,"unit_amount_decimal":"50.5","flat_amount":7}]}}`,
		want: "1 10.575 10.575",
	},
	{name: "no option for the currency", items: []string{lined(2, strings.Replace(tenMonth, "CUR", "usd", 1))}, price: strings.Replace(tenMonth, "CUR", "usd", 1) + `,"currency_options":{"usd":{"unit_amount":1000}}`, want: "1 0.000 0.000 items_without_amount=1 items_without_currency=1"},
	{name: "options that are not shown", items: []string{lined(2, strings.Replace(tenMonth, "CUR", "usd", 1))}, price: strings.Replace(tenMonth, "CUR", "usd", 1), want: "1 0.000 0.000 items_without_amount=1 items_without_currency=1"},
	{name: "metered", items: []string{lined(1, tenMonth), `{"object":"subscription_item","price":{"id":"p","currency":"CUR","unit_amount":5,"recurring":{"interval":"month","interval_count":1,"usage_type":"metered"}}}`}, want: "1 10.000 10.000 items_without_amount=1 items_metered=1"},
	{name: "no amount", items: []string{lined(1, perMonth+`,"unit_amount":null,"unit_amount_decimal":null`)}, want: "1 0.000 0.000 items_without_amount=1"},

	{name: "tax on top", items: []string{lined(1, tenMonth+`,"tax_behavior":"exclusive"`, `"tax_rates":[{"id":"txr_1","object":"tax_rate","inclusive":false,"percentage":19}]`)}, want: "1 10.000 10.000"},
	{name: "tax inside", items: []string{lined(1, every("month", 1)+`,"tax_behavior":"inclusive"`, `"tax_rates":[{"id":"txr_1","object":"tax_rate","inclusive":true,"percentage":25}]`)}, want: "1 8.000 8.000"},
	{name: "tax inside by the subscription's rates", subscription: `"default_tax_rates":[{"id":"txr_1","object":"tax_rate","inclusive":true,"percentage":25}]`, items: []string{lined(1, tenMonth)}, want: "1 8.000 8.000"},
	{name: "tax inside of an unknown rate", items: []string{lined(1, tenMonth+`,"tax_behavior":"inclusive"`)}, want: "1 10.000 10.000 items_with_unknown_tax=1"},

	{name: "a percentage for ever", subscription: `"discount":` + off(`"percent_off":12.5,"duration":"forever"`), items: []string{lined(2, tenMonth)}, want: "1 17.500 17.500"},
	{name: "all of it for ever", subscription: `"discount":` + off(`"percent_off":100,"duration":"forever"`), items: []string{lined(2, tenMonth)}, want: "1 0.000 0.000"},
	{name: "an amount for ever", subscription: `"discount":` + off(`"amount_off":300,"currency":"CUR","duration":"forever"`), items: []string{lined(2, tenMonth)}, want: "1 17.000 17.000"},
	{name: "an amount off a yearly invoice", subscription: `"discount":` + off(`"amount_off":300,"currency":"CUR","duration":"forever"`), items: []string{lined(2, every("year", 1))}, want: "1 1.417 1.417"},
	{name: "no less than nothing", subscription: `"discount":` + off(`"amount_off":3000,"currency":"CUR","duration":"forever"`), items: []string{lined(2, tenMonth)}, want: "1 0.000 0.000"},
	{name: "the customer's coupon", customer: `"discount":` + off(`"percent_off":50,"duration":"forever"`), items: []string{lined(2, tenMonth)}, want: "1 10.000 10.000"},
	{name: "the subscription's before the customer's", subscription: `"discount":` + off(`"percent_off":10,"duration":"forever"`), customer: `"discount":` + off(`"percent_off":50,"duration":"forever"`), items: []string{lined(2, tenMonth)}, want: "1 18.000 18.000"},
	{name: "the customer's when the subscription's ended", subscription: `"discount":` + off(`"percent_off":10,"duration":"forever"`, at(3, 10), at(4, 1)), customer: `"discount":` + off(`"percent_off":50,"duration":"forever"`), items: []string{lined(2, tenMonth)}, want: "1 10.000 10.000"},
	{name: "before its start", subscription: `"discount":` + off(`"percent_off":10,"duration":"forever"`, at(6, 1)), items: []string{lined(2, tenMonth)}, want: "1 20.000 20.000"},
	{name: "in its first second", subscription: `"discount":` + off(`"percent_off":10,"duration":"forever"`, at(6, 1)-1), items: []string{lined(2, tenMonth)}, want: "1 18.000 18.000"},
	{name: "until its end", subscription: `"discount":` + off(`"percent_off":10,"duration":"forever"`, at(3, 10), at(6, 1)), items: []string{lined(2, tenMonth)}, want: "1 18.000 18.000"},
	{name: "from its end on", subscription: `"discount":` + off(`"percent_off":10,"duration":"forever"`, at(3, 10), at(6, 1)-1), items: []string{lined(2, tenMonth)}, want: "1 20.000 20.000"},
	{name: "repeating", subscription: `"discount":` + off(`"percent_off":10,"duration":"repeating","duration_in_months":3`, at(3, 10), at(6, 10)), items: []string{lined(2, tenMonth)}, want: "1 20.000 18.000"},
	{name: "repeating, without its end", subscription: `"discount":` + off(`"percent_off":10,"duration":"repeating","duration_in_months":2`), items: []string{lined(2, tenMonth)}, want: "1 20.000 20.000"},
	{name: "once, in its month", subscription: `"discount":` + off(`"percent_off":10,"duration":"once"`, at(5, 20)), items: []string{lined(2, tenMonth)}, want: "1 20.000 18.000"},
	{name: "once, long ago", subscription: `"discount":` + off(`"percent_off":10,"duration":"once"`), items: []string{lined(2, tenMonth)}, want: "1 20.000 20.000"},
	{name: "once, on a year", subscription: `"discount":` + off(`"percent_off":10,"duration":"once"`), items: []string{lined(12, every("year", 1))}, want: "1 10.000 9.000"},
	{name: "once beside the customer's for ever", subscription: `"discount":` + off(`"percent_off":10,"duration":"once"`, at(5, 20)), customer: `"discount":` + off(`"percent_off":50,"duration":"forever"`), items: []string{lined(2, tenMonth)}, want: "1 10.000 18.000"},
	{name: "a discount known by id", subscription: `"discounts":["di_1","di_2"]`, items: []string{lined(2, tenMonth)}, want: "1 20.000 20.000 discounts_by_id=2"},
	{name: "a second one known by id", subscription: `"discounts":["di_1","di_2"],"discount":` + off(`"percent_off":10,"duration":"forever"`), items: []string{lined(2, tenMonth)}, want: "1 18.000 18.000 discounts_by_id=1"},
	{name: "an item's discount", items: []string{lined(2, tenMonth, `"discounts":["di_3"]`)}, want: "1 20.000 20.000 discounts_by_id=1"},
	{name: "a customer's known by id", customer: `"discount":{"id":"di_1","object":"discount","source":{"coupon":"OFF","type":"coupon"},"start":1741564800}`, items: []string{lined(2, tenMonth)}, want: "1 20.000 20.000 discounts_by_id=1"},
	{name: "nobody knows whether the customer's applies", subscription: `"discounts":["di_9"]`, customer: `"discount":` + off(`"percent_off":50,"duration":"forever"`), items: []string{lined(2, tenMonth)}, want: "1 20.000 20.000 discounts_by_id=1"},
	{name: "an item's discount beside the customer's", customer: `"discount":` + off(`"percent_off":50,"duration":"forever"`), items: []string{lined(2, tenMonth, `"discounts":["di_3"]`)}, want: "1 10.000 10.000 discounts_by_id=1"},
	{name: "some products", subscription: `"discount":` + off(`"percent_off":10,"duration":"forever","applies_to":{"products":["prod_1"]}`), items: []string{lined(2, tenMonth)}, want: "1 20.000 20.000 discounts_on_some_products=1"},
	{name: "an amount in another currency", subscription: `"discount":` + off(`"amount_off":300,"currency":"usd","duration":"forever"`), items: []string{lined(2, tenMonth)}, want: "1 20.000 20.000 discounts_without_amount=1"},
	{name: "an amount off several intervals", subscription: `"discount":` + off(`"amount_off":300,"currency":"CUR","duration":"forever"`), items: []string{lined(2, tenMonth), lined(12, every("year", 1))}, want: "1 30.000 30.000 discounts_without_amount=1"},

	{name: "past due", subscription: `"status":"past_due"`, items: []string{lined(1, tenMonth)}, want: "1 10.000 10.000"},
	{name: "trialing", subscription: fmt.Sprint(`"status":"trialing","trial_end":`, at(6, 20)), items: []string{lined(1, tenMonth)}},
	{name: "unpaid", subscription: `"status":"unpaid"`, items: []string{lined(1, tenMonth)}},
	{name: "paused", subscription: `"status":"paused"`, items: []string{lined(1, tenMonth)}},
	{name: "incomplete", subscription: `"status":"incomplete"`, items: []string{lined(1, tenMonth)}},
	{name: "invoices voided", subscription: `"pause_collection":{"behavior":"void","resumes_at":null}`, items: []string{lined(1, tenMonth)}},
	{name: "invoices kept as drafts", subscription: `"pause_collection":{"behavior":"keep_as_draft","resumes_at":null}`, items: []string{lined(1, tenMonth)}, want: "1 10.000 10.000"},
	{name: "past its trial", subscription: fmt.Sprint(`"trial_end":`, at(5, 31)), items: []string{lined(1, tenMonth)}, want: "1 10.000 10.000"},
}

// TestRecurringRevenueByHand holds a subscription for each rule, each in a
// currency of its own.
func TestRecurringRevenueByHand(t *testing.T) {
	t.Parallel()
	notUnderRace(t)
	var objects []string
	names, want := map[string]string{}, map[string]string{}
	for n, c := range recurringCases {
		if c.currency == "" {
			c.currency = currencyOf(n)
		}
		currency := strings.ToUpper(c.currency)
		names[currency], want[currency] = c.name, c.want
		objects = append(objects, c.objects(n)...)
	}
	s := laketest.NewScene(t, laketest.Recorded(t, 1, laketest.Noon, objects...))
	s.Sync()
	got := map[string]string{}
	for _, line := range s.Rows(`SELECT currency, subscriptions || ' ' || mrr || ' ' || mrr_discounted || concat(` + beside("items_without_amount", "items_metered", "items_without_currency",
		"items_with_unknown_tax", "discounts_by_id", "discounts_on_some_products", "discounts_without_amount") + `) FROM recurring_revenue WHERE month = '2025-05-01'`) {
		currency, figures, _ := strings.Cut(line, " ")
		got[currency] = figures
	}
	for currency, figures := range want {
		if got[currency] != figures {
			t.Errorf("%s: %q, want %q", names[currency], got[currency], figures)
		}
	}
}

// beside are the columns that are not 0, as text.
func beside(columns ...string) string {
	for i, c := range columns {
		columns[i] = fmt.Sprintf("CASE WHEN %s <> 0 THEN ' %[1]s=' || %[1]s END", c)
	}
	return strings.Join(columns, ", ")
}

// currencyOf is a currency that no other case has.
func currencyOf(n int) string { return fmt.Sprintf("q%c%c", 'a'+n/26, 'a'+n%26) }

// objects are what Stripe has of a case: a subscription, active since 10 March if
// it says nothing else, its price and its customer.
func (c recurringCase) objects(n int) []string {
	var items []string
	for i, item := range c.items {
		items = append(items, fmt.Sprintf(`{"id":"si_%d_%d",%s`, n, i, item[1:]))
	}
	began := time.Date(2025, 3, 10, 0, 0, 0, 0, time.UTC)
	objects := []string{laketest.Sent("subscription", fmt.Sprint("sub_", n), began, fmt.Sprintf(`"customer":"cus_%d","status":"active","currency":"CUR","start_date":%d`, n, began.Unix()), some(c.subscription),
		`"items":{"object":"list","has_more":false,"data":[`+strings.Join(items, ",")+`]}`)}
	if c.price != "" {
		objects = append(objects, laketest.Sent("price", "price_CASE", began, `"type":"recurring","active":true`, c.price))
	}
	if c.customer != "" {
		objects = append(objects, laketest.Sent("customer", fmt.Sprint("cus_", n), began, c.customer))
	}
	for i := range objects {
		objects[i] = strings.NewReplacer("CUR", c.currency, "CASE", fmt.Sprint(n)).Replace(objects[i])
	}
	return objects
}

// some is a field that means nothing, for none.
func some(fields string) string {
	if fields == "" {
		return `"livemode":false`
	}
	return fields
}

// TestChurnByHand follows subscriptions of 10 a month that begin and end.
func TestChurnByHand(t *testing.T) {
	t.Parallel()
	notUnderRace(t)
	n := 0
	ran := func(currency, more string, from, until int64) string {
		n++
		status, ended := "active", "null"
		if until != 0 {
			status, ended = "canceled", fmt.Sprint(until)
		}
		return laketest.Sent("subscription", fmt.Sprint("sub_", n), time.Unix(from, 0), fmt.Sprintf(`"customer":"cus_1","status":%q,"currency":%q,"start_date":%d,"ended_at":%s`, status, currency, from, ended),
			some(more), fmt.Sprintf(`"items":{"object":"list","has_more":false,"data":[{"id":"si_%d",%s]}`, n, strings.ReplaceAll(lined(1, tenMonth)[1:], "CUR", currency)))
	}
	s := laketest.NewScene(t, laketest.Recorded(t, 1, laketest.Noon,
		// Of the three that ran at the beginning of April one ends; two begin, one of which ends too.
		ran("aaa", "", at(3, 1), 0), ran("aaa", "", at(3, 2), 0), ran("aaa", "", at(3, 3), at(4, 20)), ran("aaa", "", at(4, 5), 0), ran("aaa", "", at(4, 6), at(4, 7)),
		// Months begin with their first second.
		ran("bbb", "", at(4, 1), at(5, 1)),
		// A trial brings nothing, whether it ends in a subscription or not.
		ran("ccc", fmt.Sprint(`"trial_end":`, at(4, 10)), at(3, 10), at(5, 10)), ran("ccc", fmt.Sprint(`"trial_end":`, at(4, 10)), at(3, 10), at(4, 1)),
		ran("ccc", fmt.Sprint(`"trial_end":`, at(4, 10)), at(3, 10), at(4, 10)),
		// What it brought is what it cost when it ended.
		ran("ddd", `"discount":`+off(`"percent_off":10,"duration":"forever"`, at(3, 10), at(4, 15)), at(3, 1), at(4, 12)),
	))
	s.Sync()
	s.Expect("months", `SELECT currency, month, subscriptions, mrr, new_mrr, churned_mrr, new_subscriptions, churned, churn_rate FROM recurring_revenue WHERE month < '2025-06-01' ORDER BY ALL`,
		"AAA 2025-03-01 3 30.000 30.000 0.000 3 0 0.000000",
		"AAA 2025-04-01 3 30.000 20.000 20.000 2 2 0.400000",
		"AAA 2025-05-01 3 30.000 0.000 0.000 0 0 0.000000",
		"BBB 2025-04-01 1 10.000 10.000 0.000 1 0 0.000000",
		"BBB 2025-05-01 0 0.000 0.000 10.000 0 1 1.000000",
		"CCC 2025-04-01 1 10.000 10.000 0.000 1 0 0.000000",
		"CCC 2025-05-01 0 0.000 0.000 10.000 0 1 1.000000",
		"DDD 2025-03-01 1 9.000 9.000 0.000 1 0 0.000000",
		"DDD 2025-04-01 0 0.000 0.000 9.000 0 1 1.000000")
}

// An amount beyond 38 digits is an error and no wrong number.
func TestRecurringRevenueOverflows(t *testing.T) {
	t.Parallel()
	notUnderRace(t)
	c := recurringCase{currency: "usd", items: []string{lined(9_000_000_000_000_000_000, perMonth+`,"unit_amount_decimal":"99999999999999"`)}}
	s := laketest.NewScene(t, laketest.Recorded(t, 1, laketest.Noon, c.objects(0)...))
	s.Sync()
	if _, err := laketest.Warehouse(t, s.Lake).ExecContext(t.Context(), "SELECT sum(mrr) FROM recurring_revenue"); err == nil || !strings.Contains(err.Error(), "Out of Range") {
		t.Errorf("%v", err)
	}
}

// A subscription whose items end their periods apart has no period of its own.
func TestPeriodsOfItems(t *testing.T) {
	t.Parallel()
	notUnderRace(t)
	lasting := func(until ...int64) string {
		var items []string
		for i, end := range until {
			items = append(items, fmt.Sprintf(`{"id":"si_%d_%d","object":"subscription_item","quantity":1,"current_period_start":%d,"current_period_end":%d}`, len(until), i, at(3, 1), end))
		}
		return `"items":{"object":"list","has_more":false,"data":[` + strings.Join(items, ",") + `]}`
	}
	ago := laketest.Noon.Add(-time.Hour)
	s := laketest.NewScene(t, laketest.Recorded(t, 1, laketest.Noon,
		laketest.Sent("subscription", "sub_1", ago, lasting(at(4, 1))),
		laketest.Sent("subscription", "sub_2", ago, lasting(at(4, 1), at(4, 1))),
		laketest.Sent("subscription", "sub_3", ago, lasting(at(4, 1), at(4, 1), at(5, 1))),
		laketest.Sent("subscription", "sub_4", ago, lasting(at(4, 1), at(4, 1), at(4, 1), at(5, 1)), fmt.Sprint(`"current_period_end":`, at(4, 1))),
		laketest.Sent("subscription", "sub_5", ago, fmt.Sprint(`"current_period_end":`, at(4, 1))),
	))
	s.Sync()
	s.Expect("periods", `SELECT id, current_period_start::DATE, current_period_end::DATE FROM subscriptions ORDER BY id`,
		"sub_1 2025-03-01 2025-04-01", "sub_2 2025-03-01 2025-04-01", "sub_3 2025-03-01 null", "sub_4 2025-03-01 null", "sub_5 null 2025-04-01")
	s.Expect("periods of items", `SELECT count(*) FROM subscription_items WHERE current_period_end IS NOT NULL`, "10")
}
