package load

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stripelake/stripelake/load/internal/lakedir"
)

// An empty state replaces one that does not fit, with the reason, and the log makes the
// same tables again.
func TestStateStartsFresh(t *testing.T) {
	t.Parallel()
	same := func(*Options) {}
	for _, tc := range []struct {
		name, reason string
		spoil        func(k *testLake)
		opts         func(*Options)
	}{
		{"kept", "", func(*testLake) {}, same},
		{"lost", "no state yet", func(k *testLake) { remove(k, "work.duckdb") }, same},
		{"not a database", "damaged", func(k *testLake) { write(k, []byte("hello")) }, same},
		{"empty file", "damaged", func(k *testLake) { write(k, nil) }, same},
		{"cut", "damaged", func(k *testLake) { truncate(k) }, same},
		{"other schemas", "schemas or mappings changed", func(*testLake) {}, func(o *Options) { o.Tables[0].Fingerprint = "2" }},
		{"other words", "", func(*testLake) {}, func(o *Options) { o.Fingerprint = "2" }},
		{"asked for", "asked for", func(*testLake) {}, func(o *Options) { o.Anew = true }},
		{"other table", "schemas or mappings changed", func(*testLake) {}, func(o *Options) { o.Tables[1].Schema.Fields[2].Name = "count" }},
		{"other version", "state version 0", func(k *testLake) { set(k, "version = 0") }, same},
		{"other DuckDB", "made by DuckDB v0.1", func(k *testLake) { set(k, "duckdb = 'v0.1'") }, same},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			k := newLake(t)
			if k.state.Fresh != "no state yet" {
				t.Errorf("a new lake: %q", k.state.Fresh)
			}
			k.sync(charge("ch_1", "paid", "it_1"))
			first := k.publish()
			before := k.rows(chargeRows)
			if err := k.state.Close(); err != nil {
				t.Fatal(err)
			}
			k.state = nil
			tc.spoil(k)
			k.close()
			k = openLake(t, k.dir, tc.opts)
			if (k.state.Fresh == "") != (tc.reason == "") || !strings.Contains(k.state.Fresh, tc.reason) {
				t.Errorf("fresh because %q, want %q", k.state.Fresh, tc.reason)
			}
			_, err := os.Stat(k.databasePath() + ".damaged")
			if (err == nil) != (tc.reason == "damaged") {
				t.Errorf("set aside: %v", err)
			}
			if tc.reason == "" {
				return
			}
			if p := k.state.Position(acct, "charge"); p != 0 {
				t.Errorf("fresh, but at position %d", p)
			}
			if tc.name == "other table" {
				return // its rows are mapped differently
			}
			k.apply(0, 1)
			expect(t, "charges", k.rows(chargeRows), before...)
			if needs, err := k.state.NeedsPublish(t.Context()); !needs || err != nil {
				t.Error("a fresh state of the same revision passed for the published one", err)
			}
			if g := k.publish(); g.Number <= first.Number {
				t.Errorf("generation %d after %d", g.Number, first.Number)
			}
		})
	}
}

// A required amount may be null: only its minor units are required.
func TestRequiredAmountMayBeNull(t *testing.T) {
	t.Parallel()
	k := newLake(t, func(o *Options) {
		for _, f := range o.Tables[0].Schema.Fields {
			f.Required = f.Required || f.Name == "amount"
		}
	})
	k.sync(version{ID: "ch_2", Day: "2024-01-05", Row: map[string]any{"amount": nil, "amount_minor": 7}})
	expect(t, "rows", k.rows("SELECT concat_ws(' ', id, amount, amount_minor) FROM charges"), "ch_2 7")
	publishAndCheck(k)
}

func remove(k *testLake, name string) {
	if err := os.Remove(k.path(lakedir.StateDir, name)); err != nil {
		k.t.Fatal(err)
	}
}

func write(k *testLake, data []byte) {
	if err := os.WriteFile(k.databasePath(), data, 0o600); err != nil {
		k.t.Fatal(err)
	}
}

func truncate(k *testLake) {
	if err := os.Truncate(k.databasePath(), 20000); err != nil {
		k.t.Fatal(err)
	}
}

func set(k *testLake, assignment string) {
	s, err := k.OpenState(k.t.Context())
	if err != nil {
		k.t.Fatal(err)
	}
	if _, err := s.db.Exec(k.t.Context(), "UPDATE state.info SET "+assignment); err != nil {
		k.t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		k.t.Fatal(err)
	}
}

func TestCommentsDescribeTheWarehouse(t *testing.T) {
	t.Parallel()
	k := newLake(t)
	k.publish()
	db, err := OpenWarehouse(k.path("current", lakedir.WarehouseName))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var table, address, amount, minor, status, customer string
	err = db.QueryRowContext(t.Context(), `SELECT (SELECT comment FROM duckdb_tables() WHERE table_name = 'charges'),
		max(comment) FILTER (column_name = 'address'), max(comment) FILTER (column_name = 'amount'),
		max(comment) FILTER (column_name = 'amount_minor'), max(comment) FILTER (column_name = 'status'),
		max(comment) FILTER (column_name = 'customer_id')
		FROM duckdb_columns() WHERE table_name = 'charges'`).Scan(&table, &address, &amount, &minor, &status, &customer)
	if err != nil {
		t.Fatal(err)
	}
	got := []string{table, address, amount, minor, status, customer}
	want := []string{
		"Stripe charge: One attempt to move money.",
		"Address\n  .city City [pii]\n  .geo Geo\n    .lat Lat\n    .at At\n  .tags Tags\n  .limit Limit [unit: currency]\n  .limit_minor Limit in minor units, as Stripe sent it [unit: currency]",
		"Amount [unit: currency]",
		"Amount in minor units, as Stripe sent it [unit: currency]",
		"Status [one of: paid, failed]",
		"Customer [→ stripe.customer]",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	var without int
	err = db.QueryRowContext(t.Context(), `SELECT count(*) FROM duckdb_columns()
		WHERE table_name IN ('charges', 'items') AND comment IS NULL`).Scan(&without)
	if without != 0 || err != nil {
		t.Errorf("%d columns without a comment; %v", without, err)
	}
}

// Compaction rewrites the file; all its content stays, comments too.
func TestCompact(t *testing.T) {
	t.Parallel()
	k := newLake(t)
	k.sync(charge("ch_1", "paid", "it_1"))
	if err := k.state.rewrite(t.Context()); err != nil {
		t.Fatal(err)
	}
	k.sync(charge("ch_2", "paid"))
	expect(t, "charges", k.rows(chargeRows), "ch_1 paid 1", "ch_2 paid 2")
	expect(t, "comments", k.rows("SELECT comment FROM duckdb_tables() WHERE table_name = 'items'"), "Item")
	publishAndCheck(k)
	k = k.reopen()
	if k.state.Fresh != "" || k.state.Position(acct, "charge") != 2 {
		t.Errorf("fresh because %q, at %d", k.state.Fresh, k.state.Position(acct, "charge"))
	}
}
