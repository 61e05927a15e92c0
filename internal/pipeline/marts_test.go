package pipeline_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stripelake/stripelake/internal/pipeline/laketest"
	"github.com/stripelake/stripelake/schemas"
)

// corner is a business small enough to be worked out by hand: Ada pays by card
// and then later, in two currencies; Bo's first try fails and his payment is
// disputed; a guest pays in yen; one charge is authorized only. More objects may
// be added.
func corner(t *testing.T, more ...string) *laketest.Scene {
	t.Helper()
	at := func(month time.Month, day, hour int) time.Time {
		return time.Date(2025, month, day, hour, 30, 0, 0, time.UTC)
	}
	charge := func(id string, created time.Time, customer, currency, country, method string, minor int, more ...string) string {
		return laketest.Paid(id, created, append([]string{
			fmt.Sprintf(`"amount":%d,"amount_captured":%d,"currency":%q`, minor, minor, currency),
			fmt.Sprintf(`"customer":%s,"billing_details":{"address":{"country":%q}}`, customer, country),
			fmt.Sprintf(`"payment_method_details":{"type":%q,%q:{}}`, method, method),
		}, more...)...)
	}
	moved := func(id string, created time.Time, source, category string, amount, fee int, more ...string) string {
		return laketest.Sent("balance_transaction", id, created, append([]string{fmt.Sprintf(
			`"source":%q,"reporting_category":%q,"type":"charge","amount":%d,"fee":%d,"net":%d,"currency":"usd","status":"available","available_on":%d,"fee_details":[]`,
			source, category, amount, fee, amount-fee, created.Unix())}, more...)...)
	}
	item := func(id, interval string, unit, quantity int) string {
		return fmt.Sprintf(`{"id":%q,"object":"subscription_item","created":1740000000,"quantity":%d,"price":{"id":"price_%s","object":"price","currency":"usd",`+
			`"unit_amount":%d,"recurring":{"interval":%q,"interval_count":1}}}`, id, quantity, id, unit, interval)
	}
	subscribed := func(id string, created time.Time, customer, status string, ended string, items ...string) string {
		return laketest.Sent("subscription", id, created, fmt.Sprintf(`"customer":%q,"status":%q,"currency":"usd","start_date":%d,"ended_at":%s`, customer, status, created.Unix(), ended),
			`"items":{"object":"list","has_more":false,"data":[`+strings.Join(items, ",")+`]}`)
	}
	const ada, bo = `"cus_ada"`, `"cus_bo"`
	s := laketest.NewScene(t, laketest.Recorded(t, 1, laketest.Noon, append(more,
		charge("ch_1", at(3, 1, 23), ada, "usd", "US", "card", 4000, `"balance_transaction":"txn_1"`),
		charge("py_2", at(3, 5, 9), ada, "usd", "US", "klarna", 10000, `"balance_transaction":"txn_2","amount_refunded":2500`),
		charge("py_3", at(3, 5, 10), bo, "usd", "US", "klarna", 5000, `"status":"failed","captured":false,"amount_captured":0`),
		charge("ch_4", at(3, 5, 11), bo, "usd", "US", "card", 6000, `"balance_transaction":"txn_4","disputed":true,"dispute":"du_1"`),
		charge("py_5", at(4, 2, 9), ada, "aud", "AU", "afterpay_clearpay", 8000, `"balance_transaction":"txn_5"`),
		charge("ch_6", at(4, 3, 9), "null", "jpy", "JP", "card", 1000, `"balance_transaction":"txn_6"`),
		charge("ch_7", at(4, 4, 9), ada, "usd", "US", "card", 3000, `"captured":false,"amount_captured":0`),
		laketest.Sent("refund", "pyr_1", at(3, 7, 9), `"charge":"py_2","amount":2500,"currency":"usd","status":"succeeded","balance_transaction":"txn_3"`),
		moved("txn_1", at(3, 1, 23), "ch_1", "charge", 4000, 146),
		moved("txn_2", at(3, 5, 9), "py_2", "charge", 10000, 630),
		moved("txn_3", at(3, 7, 9), "pyr_1", "refund", -2500, 0),
		moved("txn_4", at(3, 5, 11), "ch_4", "charge", 6000, 204),
		moved("txn_7", at(3, 6, 11), "du_1", "dispute", -6000, 1500),
		moved("txn_5", at(4, 2, 9), "py_5", "charge", 5200, 300, `"exchange_rate":0.65`),
		moved("txn_6", at(4, 3, 9), "ch_6", "charge", 670, 50, `"exchange_rate":0.67,"status":"pending"`),
		subscribed("sub_1", at(3, 10, 9), "cus_bo", "active", "null", item("si_1", "month", 1000, 2), item("si_2", "year", 12000, 1)),
		subscribed("sub_2", at(2, 15, 9), "cus_ada", "canceled", fmt.Sprint(at(3, 20, 9).Unix()), item("si_3", "week", 500, 1)),
	)...))
	s.Sync()
	return s
}

func TestMartsByHand(t *testing.T) {
	t.Parallel()
	s := corner(t)
	s.Expect("payments", `SELECT payment_id, method, pays_later, outcome, gross, refunded, kept, returning_customer, settled_in, settled_disputes, settled_fee, settled_net, cost
		FROM payments ORDER BY created`,
		"ch_1 card false succeeded 40.000 0.000 40.000 false USD null 1.460 38.540 1.460000",
		"py_2 klarna true succeeded 100.000 25.000 75.000 true USD null 6.300 68.700 6.300000",
		"py_3 klarna true failed 0.000 0.000 0.000 false null null null null null",
		"ch_4 card false succeeded 60.000 0.000 60.000 false USD -60.000 17.040 -17.040 17.040000",
		"py_5 afterpay_clearpay true succeeded 80.000 0.000 80.000 true USD null 3.000 49.000 4.615385",
		"ch_6 card false succeeded 1000.000 0.000 1000.000 null USD null 0.500 6.200 74.626866",
		"ch_7 card false authorized 0.000 0.000 0.000 true null null null null null")
	s.Expect("bnpl_usage", `SELECT * EXCLUDE (account) FROM bnpl_usage ORDER BY day`,
		"2025-03-05 klarna USD US 2 1 0.500000 100.000 100.000 1 25.000 0 1.000000 0 0.000000 6.300000 0.063000",
		"2025-04-02 afterpay_clearpay AUD AU 1 1 1.000000 80.000 80.000 0 0.000 0 0.000000 0 0.000000 4.615385 0.057692")
	s.Expect("checkout_daily", `SELECT * EXCLUDE (account) FROM checkout_daily ORDER BY day`,
		"2025-03-01 USD US 1 1 40.000 1 40.000",
		"2025-03-05 USD US 3 2 160.000 1 60.000",
		"2025-04-02 AUD AU 1 1 80.000 0 0.000",
		"2025-04-03 JPY JP 1 1 1000.000 1 1000.000",
		"2025-04-04 USD US 1 0 0.000 0 0.000")
	s.Expect("bnpl_customers", `SELECT customer_id, currency, payments, paid_later, repeats, first_method, last_method, switches, gross, basket, basket_before, basket_since,
		median_basket, add_ons, segment FROM bnpl_customers ORDER BY ALL`,
		"cus_ada AUD 1 1 false afterpay_clearpay afterpay_clearpay 0 80.000 80.000 null 80.000 80.000 0 pays later, no add-on yet",
		"cus_ada USD 2 1 true card klarna 1 140.000 70.000 40.000 100.000 65.000 0 pays later, basket above median, no add-on yet",
		"cus_bo USD 1 0 false card card 0 60.000 60.000 null null 65.000 1 pays at once")
	s.Expect("bnpl_cohorts", `SELECT * EXCLUDE (account) FROM bnpl_cohorts ORDER BY cohort`,
		"USD 2025-03-01 false 0 2 2 3 1 200.000",
		"AUD 2025-04-01 true 0 1 1 1 1 80.000")
	s.Expect("revenue_daily", `SELECT * EXCLUDE (account) FROM revenue_daily ORDER BY day`,
		"2025-03-01 USD 1 1 40.000 0.000 40.000 0 0.000 1 0",
		"2025-03-05 USD 3 2 160.000 25.000 135.000 0 100.000 2 1",
		"2025-04-02 AUD 1 1 80.000 0.000 80.000 0 80.000 1 1",
		"2025-04-03 JPY 1 1 1000.000 0.000 1000.000 0 0.000 0 0",
		"2025-04-04 USD 1 0 0.000 0.000 0.000 0 0.000 0 0")
	s.Expect("refunds_made", `SELECT refund_id, payment_id, customer_id, method, amount, moved_money, payment_gross, share, days_after, status, settled_amount, settled_fee FROM refunds_made`,
		"pyr_1 py_2 cus_ada klarna 25.000 true 100.000 0.250000 2 succeeded -25.000 0.000")
	s.Expect("ledger", `SELECT * EXCLUDE (account) FROM ledger ORDER BY day`,
		"2025-03-01 USD charge 1 40.000 1.460 38.540 0.000 38.540",
		"2025-03-05 USD charge 2 160.000 8.340 151.660 0.000 190.200",
		"2025-03-06 USD dispute 1 -60.000 15.000 -75.000 0.000 115.200",
		"2025-03-07 USD refund 1 -25.000 0.000 -25.000 0.000 90.200",
		"2025-04-02 USD charge 1 52.000 3.000 49.000 0.000 139.200",
		"2025-04-03 USD charge 1 6.700 0.500 6.200 6.200 145.400")
	s.Expect("net_monthly", `SELECT * EXCLUDE (account) FROM net_monthly ORDER BY month`,
		"2025-03-01 USD 200.000 -25.000 -60.000 -24.800 0.000 0.000 90.200 0.000 0.000 90.200 90.200",
		"2025-04-01 USD 58.700 0.000 0.000 -3.500 0.000 0.000 55.200 0.000 0.000 55.200 145.400")
	s.Expect("recurring_revenue", `SELECT * EXCLUDE (account) FROM recurring_revenue ORDER BY month`,
		"2025-02-01 USD 1 21.667 21.667 21.667 0.000 1 0 0.000000 0 0 0 0 0 0 0",
		"2025-03-01 USD 1 30.000 30.000 30.000 21.667 1 1 0.500000 0 0 0 0 0 0 0",
		"2025-04-01 USD 1 30.000 30.000 0.000 0.000 0 0 0.000000 0 0 0 0 0 0 0",
		"2025-05-01 USD 1 30.000 30.000 0.000 0.000 0 0 0.000000 0 0 0 0 0 0 0",
		"2025-06-01 USD 1 30.000 30.000 0.000 0.000 0 0 0.000000 0 0 0 0 0 0 0")
	s.Expect("customer_lifetime", `SELECT * EXCLUDE (account, first_paid_at, last_paid_at) FROM customer_lifetime ORDER BY ALL`,
		"cus_ada AUD 1 1 80.000 0.000 80.000 0 0 1 4.615385 1",
		"cus_ada USD 3 2 140.000 25.000 115.000 0 0 1 7.760000 1",
		"cus_bo USD 2 1 60.000 0.000 60.000 0 1 0 17.040000 6")
	s.Expect("exchange_rates", `SELECT day, from_currency, to_currency, rate, charges FROM exchange_rates ORDER BY day`,
		"2025-04-02 AUD USD 0.650000000000 1",
		"2025-04-03 JPY USD 0.006700000000 1")
}

// The reporting day is that of the time zone that the analyst set.
func TestRevenueInATimeZone(t *testing.T) {
	t.Parallel()
	s := corner(t)
	conn, err := laketest.Warehouse(t, s.Lake).Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if _, err := conn.ExecContext(t.Context(), "SET VARIABLE time_zone = 'Europe/Berlin'"); err != nil {
		t.Fatal(err)
	}
	var first string
	if err := conn.QueryRowContext(t.Context(), "SELECT min(day)::VARCHAR FROM revenue_daily").Scan(&first); err != nil || first != "2025-03-02" {
		t.Errorf("half past eleven at night in London is %s in Berlin, %v", first, err)
	}
}

// Each column of each mart has a comment, and no comment is of no column.
func TestMartsAreDescribed(t *testing.T) {
	t.Parallel()
	s := corner(t)
	set, err := schemas.Load(schemas.Embedded())
	if err != nil {
		t.Fatal(err)
	}
	if len(set.Marts) < 10 {
		t.Fatalf("%d marts", len(set.Marts))
	}
	for _, m := range set.Marts {
		var want []string
		for _, c := range m.Columns {
			want = append(want, c.Name+" "+c.Description)
		}
		got := s.Rows("SELECT column_name, comment FROM duckdb_columns() WHERE table_name = '" + m.Name + "' ORDER BY column_index")
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-comments +columns):\n%s", m.Name, diff)
		}
		if title := s.Rows("SELECT comment FROM duckdb_views() WHERE view_name = '" + m.Name + "'"); len(title) != 1 || !strings.HasPrefix(title[0], m.Title) {
			t.Errorf("%s is described as %q", m.Name, title)
		}
	}
}
