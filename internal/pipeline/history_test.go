package pipeline_test

import (
	"context"
	"flag"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/stripelake/stripelake/internal/pipeline"
	"github.com/stripelake/stripelake/internal/pipeline/laketest"
	"github.com/stripelake/stripelake/internal/stripesim"
	"github.com/stripelake/stripelake/load"
	"github.com/stripelake/stripelake/load/loadtest"
)

var histories = flag.Int("histories", laketest.Sample(1, 12), "how many histories TestAnyHistory tries")

// TestAnyHistory holds that whatever happens at Stripe, on the way, and to us,
// a sync in quiet weather has everything: each object as Stripe has it now, and
// a tombstone of each that is gone. Between syncs the business goes on for
// minutes or for longer than Stripe tells of changes; syncs fail and are
// stopped; segments end anywhere. What is listed late is there after the next
// look-back. Two lakes with other knobs come to the same.
// `make soak` runs thousands of histories.
func TestAnyHistory(t *testing.T) {
	if testing.Short() {
		t.Skip("takes minutes under the race detector")
	}
	// Not parallel: the number of checks is rapid's, for every test of the process.
	before := flag.Lookup("rapid.checks").Value.String()
	defer func() { _ = flag.Set("rapid.checks", before) }()
	if err := flag.Set("rapid.checks", strconv.Itoa(*histories)); err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(rt *rapid.T) { anyHistory(t, rt) })
}

func anyHistory(t *testing.T, rt *rapid.T) {
	late := time.Duration(rapid.SampledFrom([]int{0, 0, 90, 20 * 60}).Draw(rt, "late")) * time.Minute
	server, err := stripesim.New(stripesim.Config{
		Seed: rapid.Int64Range(1, 1000).Draw(rt, "seed"), Charges: rapid.SampledFrom([]int{30, 300, 1200}).Draw(rt, "charges"),
		Shape:     rapid.SampledFrom([]stripesim.Shape{"", stripesim.ShapeUniform, stripesim.ShapeSaleDay, stripesim.ShapeOneSecond, stripesim.ShapeSparse}).Draw(rt, "shape"),
		LongLists: rapid.Bool().Draw(rt, "long"), Deletions: 30, ChosenIDs: rapid.SampledFrom([]int{0, 200}).Draw(rt, "chosen"),
		Now:          time.Date(2025, 7, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(rapid.IntRange(0, 100*24).Draw(rt, "hours")) * time.Hour),
		Lag:          time.Duration(rapid.IntRange(0, 20).Draw(rt, "lag")) * time.Second,
		Late:         late,
		EventVersion: rapid.SampledFrom([]string{"", "2014-01-31", "2025-03-31.basil"}).Draw(rt, "version"),
		Pricing:      rapid.Bool().Draw(rt, "pricing"), Variants: rapid.SampledFrom([]int{0, 300}).Draw(rt, "variants"),
		CapturesSince: rapid.SampledFrom([]time.Time{{}, time.Date(2025, 4, 1, 0, 0, 0, 0, time.UTC), time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}).Draw(rt, "captures"),
		Faults: stripesim.Faults{
			Rate: rapid.SampledFrom([]float64{0, 0.02, 0.1}).Draw(rt, "faults"), Seed: 1, Stall: time.Millisecond,
			Scripted: []stripesim.Fault{{Kind: stripesim.EndlessPage, Nth: rapid.IntRange(1, 200).Draw(rt, "end"), Times: rapid.IntRange(1, 20).Draw(rt, "ends")}},
		},
	})
	if err != nil {
		rt.Fatal(err)
	}
	url, stop, err := server.Start("127.0.0.1:0")
	if err != nil {
		rt.Fatal(err)
	}
	defer stop()
	dir := t.TempDir()
	defer func() { _ = os.RemoveAll(dir) }()
	lakes := []string{filepath.Join(dir, "a"), filepath.Join(dir, "b")}

	for range rapid.IntRange(1, 4).Draw(rt, "rounds") {
		for _, lake := range lakes {
			somehow(rt, lake, url)
		}
		for range rapid.IntRange(0, 3).Draw(rt, "bursts") {
			action := rapid.SampledFrom(stripesim.Actions()).Draw(rt, "action")
			if ids, err := server.Change(action, rapid.IntRange(1, 5).Draw(rt, "times")); err != nil {
				rt.Logf("%s: %d done, then %v", action, len(ids), err)
			}
			server.Advance(time.Duration(rapid.SampledFrom([]int{0, 1, 59, 61, 3000, 86_400}).Draw(rt, "pause")) * time.Second)
		}
		server.Advance(time.Duration(rapid.SampledFrom([]int{0, 5, 600, 40_000, 20 * 86_400, 61 * 86_400}).Draw(rt, "gap")) * time.Second)
	}
	server.Advance(5 * time.Minute)
	if late > 0 { // until the look-back of another day, when nothing is late any more
		if _, err := server.Change(stripesim.UpdateCharge, 1); err != nil {
			rt.Fatal(err)
		}
		server.Advance(late + 24*time.Hour)
	}
	if err := server.SetFaults(); err != nil {
		rt.Fatal(err)
	}
	for _, lake := range lakes {
		if _, err := laketest.NewPatientSync(rt, lake, url, nil).Run(context.Background()); err != nil {
			rt.Fatalf("the quiet sync: %v", err)
		}
		laketest.CheckAgainstLedger(rt, lake, server)
	}
	checkEquations(rt, lakes[0], url, server)
	if diff := cmp.Diff(living(rt, lakes[0]), living(rt, lakes[1])); diff != "" {
		rt.Errorf("the lakes differ:\n%s", diff)
	}
}

// checkEquations checks that a verification of everything, also against Stripe,
// has no findings: each mart adds up, and all balance transactions add up to
// the balance. It also checks, by currency, that the payments and the money
// without a payment come to the sums of the simulator's own ledger.
func checkEquations(rt *rapid.T, lake, url string, server *stripesim.Server) {
	sync := laketest.NewPatientSync(rt, lake, url, nil)
	v := pipeline.Verify{Dir: lake, Wait: -1, Stripe: &pipeline.AtStripe{Client: sync.Client, Redactors: sync.Redactors}}
	found, err := v.Run(context.Background())
	if found.RunID == "" {
		rt.Fatal(err)
	}
	for _, c := range found.Checks {
		for _, f := range c.Findings {
			rt.Errorf("%s: %s: %s: %s", c.Check, f.Name, f.What, f.Says)
		}
		if (c.Check == "marts" || c.Check == "balance at Stripe") && len(c.Notes) > 0 {
			rt.Errorf("%s: %q", c.Check, c.Notes)
		}
	}
	left, kept := map[string]int64{}, map[string]int64{}
	for b := range server.Ledger().BalanceTransactions() {
		if b.Category != "payout" {
			left[strings.ToUpper(b.Currency)] += b.Net * milli(b.Currency)
		}
	}
	for p := range server.Ledger().Payments() {
		if p.Sold() {
			kept[strings.ToUpper(p.Currency)] += (p.Captured - p.Refunded) * milli(p.Currency)
		}
	}
	for what, books := range map[string]struct {
		want  map[string]int64
		query string
	}{
		"left": {left, `SELECT settled_in AS currency, settled_net AS amount FROM payments WHERE settled_in IS NOT NULL
			UNION ALL SELECT currency, net FROM payments_unassigned`},
		"kept": {kept, "SELECT currency, kept AS amount FROM payments WHERE succeeded"},
	} {
		if diff := cmp.Diff(books.want, thousandths(rt, lake, books.query)); diff != "" {
			rt.Errorf("what payments %s (-simulator +lake):\n%s", what, diff)
		}
	}
}

// thousandths adds up amounts by currency, in thousandths of it.
func thousandths(rt *rapid.T, lake, query string) map[string]int64 {
	db, err := load.OpenWarehouse(filepath.Join(lake, "current", "warehouse.duckdb"))
	if err != nil {
		rt.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	rows, err := db.Query("SELECT currency, (sum(amount) * 1000)::BIGINT FROM (" + query + ") GROUP BY ALL")
	if err != nil {
		rt.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	sums := map[string]int64{}
	for rows.Next() {
		var currency string
		var amount int64
		if err := rows.Scan(&currency, &amount); err != nil {
			rt.Fatal(err)
		}
		sums[currency] = amount
	}
	if err := rows.Err(); err != nil {
		rt.Fatal(err)
	}
	return sums
}

// somehow runs a sync with knobs of its own and perhaps stops it after some event.
func somehow(rt *rapid.T, lake, url string) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	left := rapid.SampledFrom([]int{-1, -1, 3, 10, 40, 150}).Draw(rt, "events")
	s := laketest.NewPatientSync(rt, lake, url, func(o *load.Options) {
		o.SegmentObjects = rapid.SampledFrom([]int{20_000, 150, 700}).Draw(rt, "segment")
	})
	s.OnEvent = func(pipeline.Event) {
		if left--; left == 0 {
			cancel()
		}
	}
	if _, err := s.Run(ctx); err != nil {
		rt.Logf("a sync: %v", err)
	}
}

// living hashes the rows of every table that are not marked as deleted: of those
// that were, one lake may have seen some that were gone before the other came.
// It also checks the lake's files against its warehouse.
func living(rt rapid.TB, dir string) map[string]string {
	tables, err := loadtest.Digest(context.Background(), dir)
	if err != nil {
		rt.Fatal(err)
	}
	db, err := load.OpenWarehouse(filepath.Join(dir, "current", "warehouse.duckdb"))
	if err != nil {
		rt.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	delete(tables, "log")
	for table := range tables {
		columns := "* EXCLUDE (_seq, synced_at)"
		if table == "prices" { // what is kept as it was sent has other white space in a list than by itself
			columns += " REPLACE (json(currency_options) AS currency_options)"
		}
		var sum string
		err := db.QueryRow("SELECT count(*) || ' rows ' || coalesce(sum(hash(t)::HUGEINT), 0) FROM (SELECT " + columns + " FROM " + table + " WHERE NOT deleted) t").Scan(&sum)
		if err != nil {
			rt.Fatal(err)
		}
		if tables[table] = sum; sum == "0 rows 0" {
			delete(tables, table)
		}
	}
	return tables
}
