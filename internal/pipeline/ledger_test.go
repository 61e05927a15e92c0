package pipeline_test

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/stripelake/stripelake/internal/pipeline/laketest"
	"github.com/stripelake/stripelake/internal/stripesim"
)

// TestLakeEqualsLedger syncs a whole simulated business (25,000 objects, 200,000 if
// it is to be thorough) and compares counts and sums per currency of every resource with the
// simulator's own ledger, once from the warehouse and once from the Parquet
// files. The two sides share no code: one adds up what it sold, the other what
// arrived over HTTP as JSON.
func TestLakeEqualsLedger(t *testing.T) {
	t.Parallel()
	charges := laketest.Sample(10_000, 80_000)
	if testing.Short() {
		charges = 2_000
	}
	server, err := stripesim.New(stripesim.Config{Seed: 3, Charges: charges})
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "lake")
	if err := laketest.Run(laketest.NewSync(dir, laketest.Serve(t, server), nil)); err != nil {
		t.Fatal(err)
	}
	want := ledger(server.Ledger())
	total := 0
	for _, resource := range []string{"charges", "subscriptions", "refunds", "balance_transactions", "customers", "prices"} {
		total += server.Ledger().Count(resource)
	}
	t.Logf("%d objects", total)

	db := laketest.Warehouse(t, dir)
	if diff := cmp.Diff(want, lakeBooks(t, db, func(table string) string { return table })); diff != "" {
		t.Errorf("warehouse differs from the ledger (-ledger +warehouse):\n%s", diff)
	}
	files := func(table string) string {
		return fmt.Sprintf("read_parquet('%s/current/%s/*/*/*.parquet')", dir, table)
	}
	if diff := cmp.Diff(want, lakeBooks(t, db, files)); diff != "" {
		t.Errorf("Parquet files differ from the ledger (-ledger +files):\n%s", diff)
	}
}

// line is one currency's count and sums in minor units; what the sums are
// depends on the resource.
type line struct{ Count, A, B, C int64 }

// ledger adds up the simulator's ledger by resource and currency.
func ledger(l stripesim.Ledger) map[string]line {
	sums := map[string]line{}
	add := func(key string, a, b, c int64) {
		s := sums[key]
		sums[key] = line{s.Count + 1, s.A + a, s.B + b, s.C + c}
	}
	for c := range l.Charges() {
		add("charges "+c.Currency, c.Amount, c.Captured, c.Refunded+c.Released)
		if c.BNPL {
			add("bnpl "+c.Method+" "+c.Currency, c.Amount, 0, 0)
		}
	}
	for r := range l.Refunds() {
		add("refunds "+r.Currency+" "+r.Status, r.Amount, 0, 0)
	}
	for b := range l.BalanceTransactions() {
		add("balance_transactions "+b.Currency+" "+b.Category+" "+b.Status, b.Amount, b.Fee, b.Net)
	}
	for range l.Customers() {
		add("customers", 0, 0, 0)
	}
	for s := range l.Subscriptions() {
		add("subscriptions "+s.Currency+" "+s.Status, 0, 0, 0)
		for _, item := range s.Items {
			add("subscription_items", item.Quantity, 0, 0)
		}
	}
	for p := range l.Prices() {
		amount := int64(0)
		if p.HasUnitAmount {
			amount = p.UnitAmount
		}
		add("prices "+p.Currency+" "+p.Type, amount, 0, 0)
	}
	return sums
}

// lakeBooks adds up the lake in the same way. from says where a table is read.
func lakeBooks(t rapid.TB, db *sql.DB, from func(table string) string) map[string]line {
	t.Helper()
	queries := []string{
		`SELECT 'charges ' || lower(currency), count(*), sum(amount_minor), sum(amount_captured_minor), sum(amount_refunded_minor) FROM ` + from("charges") + ` GROUP BY 1`,
		`SELECT 'bnpl ' || bnpl.provider || ' ' || lower(currency), count(*), sum(amount_minor), 0, 0 FROM ` + from("charges") + ` WHERE bnpl IS NOT NULL GROUP BY 1`,
		`SELECT 'refunds ' || lower(currency) || ' ' || status, count(*), sum(amount_minor), 0, 0 FROM ` + from("refunds") + ` GROUP BY 1`,
		`SELECT 'balance_transactions ' || lower(currency) || ' ' || reporting_category || ' ' || status, count(*), sum(amount_minor), sum(fee_minor), sum(net_minor) FROM ` + from("balance_transactions") + ` GROUP BY 1`,
		`SELECT 'customers', count(*), 0, 0, 0 FROM ` + from("customers"),
		`SELECT 'subscriptions ' || lower(currency) || ' ' || status, count(*), 0, 0, 0 FROM ` + from("subscriptions") + ` GROUP BY 1`,
		`SELECT 'subscription_items', count(*), coalesce(sum(quantity), 0), 0, 0 FROM ` + from("subscription_items"),
		`SELECT 'prices ' || lower(currency) || ' ' || type, count(*), coalesce(sum(unit_amount_minor), 0), 0, 0 FROM ` + from("prices") + ` GROUP BY 1`,
	}
	sums := map[string]line{}
	for _, query := range queries {
		addLines(t, db, sums, query)
	}
	return sums
}

// addLines adds the lines that a query returns.
func addLines(t rapid.TB, db *sql.DB, sums map[string]line, query string) {
	t.Helper()
	rows, err := db.QueryContext(context.Background(), "SELECT #1, #2::BIGINT, #3::BIGINT, #4::BIGINT, #5::BIGINT FROM ("+query+")")
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var key string
		var l line
		if err := rows.Scan(&key, &l.Count, &l.A, &l.B, &l.C); err != nil {
			t.Fatal(err)
		}
		sums[key] = l
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
}
