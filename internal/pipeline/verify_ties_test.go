package pipeline_test

import (
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stripelake/stripelake/internal/pipeline/laketest"
	"github.com/stripelake/stripelake/internal/stripesim"
	"github.com/stripelake/stripelake/load"
	"github.com/stripelake/stripelake/load/query"
	"github.com/stripelake/stripelake/load/verify"
	"github.com/stripelake/stripelake/schemas"
)

// Each mart that somebody got wrong is found, under its name: in the warehouse as
// it is published, by what the mart declares.
func TestVerifyFindsWrongMarts(t *testing.T) {
	laketest.Slow(t)
	t.Parallel()
	notUnderRace(t)
	set, err := schemas.Load(schemas.Embedded())
	if err != nil {
		t.Fatal(err)
	}
	year, rare := aYear(t), rareMoney(t)
	for _, lake := range []string{year, rare} {
		if found := addUp(t, lake, query.Ties(set)); len(found) > 0 {
			t.Fatalf("before anything was planted: %q", found)
		}
	}
	for name, plant := range laketest.Sampled(map[string]struct{ lake, mart, from, to string }{
		"a release counts as given back":      {rare, "payments", "a.kept,  ", "a.gross - coalesce(a.refunded, 0) - 40 AS kept,  "},
		"what was authorized counts as taken": {year, "attempts", "CASE WHEN succeeded THEN amount_captured ELSE 0 END AS gross", "amount_captured AS gross"},
		"the newest dispute only":             {rare, "payments", "WHERE payment_id IS NOT NULL", "WHERE payment_id IS NOT NULL AND learned_from IS DISTINCT FROM 'events'"},
		"fees of the first movement only":     {year, "payments", "b.fee + coalesce(s.fee, 0) AS settled_fee", "b.fee AS settled_fee"},
		"currencies summed as one":            {rare, "payments", "AND s.currency = b.currency", ""},
		"a failed refund does not come back":  {rare, "payment_movements", "'refund_failure', ", ""},
		"what no payment is known of is lost": {rare, "payments_unassigned", "WHERE h.currency IS DISTINCT FROM m.currency", "WHERE h.currency <> m.currency"},
		"payouts left out of the ledger":      {year, "ledger", "FROM balance_transactions\n", "FROM balance_transactions WHERE reporting_category <> 'payout'\n"},
		"a balance of one category":           {year, "ledger", "PARTITION BY account, currency ORDER BY day", "PARTITION BY account, currency, reporting_category ORDER BY day"},
		"a join that doubles":                 {year, "bnpl_usage", "FROM payments\n", "FROM payments JOIN (SELECT account FROM payments LIMIT 2) USING (account)\n"},
		"payments by card only":               {year, "checkout_daily", "sum(gross) AS volume", "sum(gross) FILTER (method = 'card') AS volume"},
		"refunds of known charges only":       {year, "refunds_made", "LEFT JOIN attempts p ON", "JOIN attempts p ON p.customer_id IS NOT NULL AND"},
		"releases taken for refunds":          {rare, "refunds_made", "b.reporting_category IS DISTINCT FROM 'partial_capture_reversal'", "true"},
		"guests left out":                     {year, "revenue_daily", "LEFT JOIN firsts", "JOIN firsts"},
		"failed attempts left out":            {year, "revenue_daily", "FROM attempts\nLEFT JOIN", "FROM (FROM attempts WHERE succeeded)\nLEFT JOIN"},
		"currencies of a customer mixed":      {year, "customer_lifetime", "p.currency,  ", "'USD' AS currency,  "},
		"the first month left out":            {year, "bnpl_cohorts", "WHERE p.succeeded\n", "WHERE p.succeeded AND p.created >= f.cohort + INTERVAL 1 MONTH\n"},
		"who paid once left out":              {year, "bnpl_customers", "FROM customers_paid c\n", "FROM (FROM customers_paid WHERE payments > 1) c\n"},
		"those that ended not taken off":      {year, "recurring_revenue", "count(*) FILTER (at_end) AS subscriptions", "count(*) AS subscriptions"},
		"payouts taken for costs":             {year, "net_monthly", "('payout', 'payout_reversal') THEN 'payouts'", "('payout', 'payout_reversal') THEN NULL"},
		"an empty mart":                       {year, "bnpl_usage", "FROM cells", "FROM cells WHERE false"},
	}) {
		mart := martOf(t, set, plant.mart)
		wrong := strings.Replace(mart.SQL, plant.from, plant.to, 1)
		if wrong == mart.SQL {
			t.Errorf("%s: %s has no %q", name, plant.mart, plant.from)
			continue
		}
		replaceView(t, plant.lake, mart.Name, wrong)
		found := addUp(t, plant.lake, slices.DeleteFunc(query.Ties(set), func(t query.Tie) bool { return t.Mart != mart.Name }))
		replaceView(t, plant.lake, mart.Name, mart.SQL)
		if !strings.Contains(strings.Join(found, "\n"), "mart does not add up: "+plant.mart+" of acct_") {
			t.Errorf("%s: found %q", name, found)
		}
	}
}

// aYear is a lake of a simulated business.
func aYear(t *testing.T) string {
	t.Helper()
	server := laketest.Shop(t, func(c *stripesim.Config) {
		c.From, c.Charges, c.Pricing = laketest.ShopEnd.AddDate(-1, 0, 0), 300, true
	})
	s := laketest.NewScene(t, server.Handler())
	s.Sync()
	server.SetNow(laketest.ShopEnd.Add(24 * time.Hour))
	s.Sync()
	return s.Lake
}

// rareMoney makes a lake of rare movements: two disputes of one charge, one of
// which only an event names, one of no known charge, a refund that failed, the
// part that a partial capture released, and a movement in another currency.
func rareMoney(t *testing.T) string {
	t.Helper()
	at := laketest.Noon.AddDate(0, 0, -20)
	charge := func(id string, members ...string) string {
		return laketest.Paid(id, at, append(members, fmt.Sprintf(`"balance_transaction":"txn_%s"`, id[3:]))...)
	}
	category := func(name string) string { return fmt.Sprintf(`"reporting_category":%q`, name) }
	objects := []string{
		charge("ch_d", `"disputed":true,"dispute":"du_2"`), movement("txn_d", "charge", "ch_d", at, 100, 3),
		movement("txn_d1", "adjustment", "du_1", at, -40, 15, category("dispute")),
		movement("txn_d2", "adjustment", "du_2", at, -60, 15, category("dispute")),
		movement("txn_d3", "adjustment", "du_2", at, -5, 0, category("dispute"), `"currency":"eur"`),
		movement("txn_d4", "adjustment", "du_unknown", at, -7, 15, category("dispute")),
		charge("ch_f"), movement("txn_f", "charge", "ch_f", at, 100, 3),
		returned("re_f", "ch_f", at, 30, `"status":"failed","balance_transaction":"txn_f1","failure_balance_transaction":"txn_f2"`),
		movement("txn_f1", "refund", "re_f", at, -30, 0), movement("txn_f2", "adjustment", "re_f", at, 30, 0, category("refund_failure")),
		charge("ch_p", `"amount_captured":60,"amount_refunded":40`), movement("txn_p", "charge", "ch_p", at, 100, 3),
		returned("re_p", "ch_p", at, 40, `"balance_transaction":"txn_p1"`), movement("txn_p1", "refund", "re_p", at, -40, 0, category("partial_capture_reversal")),
	}
	s := laketest.NewScene(t, laketest.Recorded(t, 1, laketest.Noon, objects...))
	s.Sync()
	told := laketest.Event("evt_1", "charge.dispute.created", laketest.Noon.Add(time.Hour), `{"id":"du_1","object":"dispute","charge":"ch_d"}`)
	s.Becomes(laketest.Recorded(t, 1, laketest.Noon.Add(2*time.Hour), append(objects, told)...))
	s.Sync()
	return s.Lake
}

// Every mart that shows amounts says what they agree with.
func TestMartsDeclareTies(t *testing.T) {
	t.Parallel()
	set, err := schemas.Load(schemas.Embedded())
	if err != nil {
		t.Fatal(err)
	}
	fitted, err := query.CheckViews(t.Context(), set.Schemas, load.Views(set))
	if err != nil {
		t.Fatal(err)
	}
	for i, m := range set.Marts {
		money := ""
		for column, kind := range fitted[i].Types {
			if strings.HasPrefix(kind, "DECIMAL") && strings.HasSuffix(kind, ",3)") {
				money = column
			}
		}
		if money != "" && len(m.Ties) == 0 {
			t.Errorf("mart %s shows %s and says of no book that it agrees", m.Name, money)
		}
	}
}

func martOf(t *testing.T, set *schemas.Set, name string) *schemas.Mart {
	t.Helper()
	for _, m := range set.Marts {
		if m.Name == name {
			return m
		}
	}
	t.Fatalf("there is no mart %s", name)
	return nil
}

// addUp adds up ties of what is published in a lake, and returns what is found.
func addUp(t *testing.T, dir string, ties []query.Tie) (found []string) {
	t.Helper()
	lake, err := load.Open(dir, load.Options{Mode: "test", StateWait: -1})
	if err != nil {
		t.Fatal(err)
	}
	v, err := verify.Open(t.Context(), lake)
	if err != nil {
		t.Fatal(err)
	}
	err = errors.Join(v.Use(nil), v.CheckGeneration(t.Context()), v.CheckTies(t.Context(), ties))
	if err := errors.Join(err, v.Close()); err != nil {
		t.Fatal(err)
	}
	checked := v.Checks[len(v.Checks)-1]
	if len(checked.Notes) > 0 || checked.LookedAt == 0 {
		t.Errorf("%d sums, %q", checked.LookedAt, checked.Notes)
	}
	for _, f := range checked.Findings {
		found = append(found, f.Name+": "+f.What+": "+f.Says)
	}
	return found
}

// replaceView makes a mart anew in what is published.
func replaceView(t *testing.T, lake, name, query string) {
	t.Helper()
	db, err := sql.Open("duckdb", filepath.Join(lake, "current", "warehouse.duckdb"))
	if err != nil {
		t.Fatal(err)
	}
	_, err = db.ExecContext(t.Context(), "CREATE OR REPLACE VIEW "+name+" AS "+query)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}
