package load

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stripelake/stripelake/internal/sqltext"
	"github.com/stripelake/stripelake/load/internal/duck"
	"github.com/stripelake/stripelake/load/internal/lakedir"
)

// askAttached asks the published warehouse as a BI tool or dbt does: attached under a
// name of its own, beside another database.
func (k *testLake) askAttached(query string) []string {
	k.t.Helper()
	var rows []string
	err := duck.With(k.t.Context(), "64MB", 1, k.t.TempDir(), func(q duck.Session) error {
		path := filepath.Join(k.dir, "current", lakedir.WarehouseName)
		if err := q.Run(k.t.Context(), "ATTACH "+sqltext.Literal(path)+" AS bi (READ_ONLY)"); err != nil {
			return err
		}
		rows = queryRows(k.t, q, query)
		return nil
	})
	if err != nil {
		k.t.Fatal(err)
	}
	return rows
}

const flatDescribed = `SELECT concat_ws(' ', table_name, column_name, data_type, comment) FROM duckdb_columns() WHERE database_name = 'bi' AND schema_name = 'flat'`

// TestFlatViews holds that a flat view has the table's rows and values, exactly, without
// a nested type, and that each column says what it means, however the warehouse came to
// be: as a copy, patched, and after the state was rewritten.
func TestFlatViews(t *testing.T) {
	t.Parallel()
	k := newLake(t, patching)
	k.sync(version{ID: "ch_1", Day: "2024-01-05", Row: map[string]any{
		"amount": "12.500", "amount_minor": 1250, "address": map[string]any{"city": "Bern", "geo": map[string]any{"lat": 46.9}, "tags": []string{"a", `"b"`}, "limit": "0.001"},
		"metadata": []map[string]any{{"key": "k", "value": "v"}}, "lines": []map[string]any{{"sku": "s", "price": "999999999999999.999"}}, "raw": `{"a":  1}`,
	}}, charge("ch_2", "paid", "it_1"))
	k.publish()
	const values = `SELECT concat_ws('|', id, amount, amount_minor, address_city, address_geo_lat, address_tags, address_limit, metadata, lines, raw) FROM bi.flat.charges`
	want := []string{
		`ch_1|12.500|1250|Bern|46.9|["a","\"b\""]|0.001|{"k":"v"}|[{"sku":"s","price":999999999999999.999,"exact":null,"at":null}]|{"a":  1}`,
		"ch_2",
	}
	expect(t, "values", k.askAttached(values), want...)
	expect(t, "another table", k.askAttached("SELECT concat_ws(' ', id, quantity, deleted) FROM bi.flat.items"), "it_1 4 false")
	described := k.askAttached(flatDescribed)
	for _, line := range []string{
		"charges address_city VARCHAR City [pii]", "charges address_limit DECIMAL(18,3) Limit [unit: currency]", "charges address_limit_minor BIGINT Limit in minor units, as Stripe sent it [unit: currency]",
		"charges address_tags VARCHAR Tags", "charges metadata VARCHAR Metadata", "charges _seq BIGINT ", "items quantity BIGINT Quantity",
	} {
		if !slices.ContainsFunc(described, func(d string) bool { return strings.HasPrefix(d, line) }) {
			t.Errorf("no column %q in\n%s", line, strings.Join(described, "\n"))
		}
	}
	for _, line := range described {
		if strings.ContainsAny(strings.Fields(line)[2], "[") || strings.Contains(line, "STRUCT") || strings.Contains(line, "MAP(") || len(strings.Fields(line)) < 4 {
			t.Errorf("nested, or without a comment: %s", line)
		}
	}

	if err := k.state.rewrite(t.Context()); err != nil {
		t.Fatal(err)
	}
	for i, status := range []string{"failed", "paid", "failed"} {
		k.sync(charge("ch_2", status, "it_1"))
		if patched := k.publishSame(); patched != (i == 2) {
			t.Errorf("patched: %t", patched)
		}
		expect(t, "values after a "+status, k.askAttached(values), want...)
		expect(t, "comments", k.askAttached(flatDescribed), described...)
	}
}

// TestFlatViewsFollowWords holds that another title is in the views at the next publish,
// without a rebuild, and that a state without the views gets them.
func TestFlatViewsFollowWords(t *testing.T) {
	t.Parallel()
	k := newLake(t)
	k.sync(charge("ch_1", "paid", "it_1"))
	if err := k.state.db.Run(t.Context(), "DROP SCHEMA flat CASCADE"); err != nil { // as an older program made it
		t.Fatal(err)
	}
	k = k.reopen(func(o *Options) { o.Tables[1].Schema.Fields[2].Title = "How many" })
	k.publish()
	const title = "SELECT comment FROM duckdb_columns() WHERE database_name = 'bi' AND schema_name = 'flat' AND table_name = 'items' AND column_name = 'quantity'"
	expect(t, "the new title", k.askAttached(title), "How many")
	expect(t, "rows", k.askAttached("SELECT id FROM bi.flat.charges"), "ch_1")
}
