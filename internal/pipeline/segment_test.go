package pipeline_test

import (
	"bytes"
	"encoding/csv"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stripelake/stripelake/internal/pipeline/laketest"
	"github.com/stripelake/stripelake/internal/stripesim"
	"github.com/stripelake/stripelake/load"
	"github.com/stripelake/stripelake/load/query"
	"github.com/stripelake/stripelake/schemas"
)

// lakeSet is the schema set that a lake was built with, edited.
func lakeSet(t *testing.T, lake string, edit func(files map[string]string)) *schemas.Set {
	t.Helper()
	files, err := load.ReadSchemas(lake)
	if err != nil {
		t.Fatal(err)
	}
	if edit != nil {
		edit(files)
	}
	set, err := schemas.LoadFiles(files)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// offers are the members of the shipped segment, line by line, and what is said
// of them.
func offers(t *testing.T, lake string, set *schemas.Set, reveal ...string) ([]string, *query.Members) {
	t.Helper()
	m, err := query.AskAudience(t.Context(), lake, query.AudienceQuestion{Set: set, Segment: set.Segment("bnpl-offers"), Reveal: reveal})
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := m.Write(t.Context(), &b, query.CSV); err != nil {
		t.Fatal(err)
	}
	if err := m.Close(); err != nil {
		t.Error(err)
	}
	lines := strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n")
	return lines[1:], m
}

// people are the customers of the corner, as Stripe has them.
func people() []string {
	at := time.Date(2025, 2, 1, 9, 0, 0, 0, time.UTC)
	return []string{
		laketest.Sent("customer", "cus_ada", at, `"email":" Ada@Example.com ","name":"Ada Lovelace","address":{"city":"London","country":"GB"}`),
		laketest.Sent("customer", "cus_bo", at, `"email":"bo@example.com"`),
	}
}

// adasHash is SHA-256 of ada@example.com.
const adasHash = "b5fc85e55755f9e0d030a10ab4429b6b2944855f9a0d60077fe832becbc41d72"

// The members of the shipped segment, worked out by hand: of those who pay later
// only Ada's dollars are above the median, and Bo has an add-on.
func TestSegmentByHand(t *testing.T) {
	t.Parallel()
	s := corner(t, people()...)
	set := lakeSet(t, s.Lake, nil)
	const row = "cus_ada,USD,US,70.000,65.000,40.000,100.000,2,1,card,klarna,2025-03-05T09:30:00Z,2025-03-05T09:30:00Z,"
	account := s.Rows("SELECT DISTINCT account FROM charges")[0] + ","
	got, m := offers(t, s.Lake, set)
	if diff := cmp.Diff([]string{account + row + adasHash}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if m.Rows != 1 || m.Deleted+m.Unknown+m.Forgotten != 0 || len(m.Empty) != 0 || len(m.AsOf) != 1 {
		t.Errorf("%+v", m)
	}
	if got, _ := offers(t, s.Lake, set, "email"); !cmp.Equal(got, []string{account + row + adasHash + ", Ada@Example.com "}) {
		t.Errorf("revealed: %q", got)
	}
}

// Without a row of the customer nobody knows whether they are deleted.
func TestSegmentOfUnknownCustomers(t *testing.T) {
	t.Parallel()
	s := corner(t)
	if got, m := offers(t, s.Lake, lakeSet(t, s.Lake, nil)); len(got) != 0 || m.Unknown != 1 || m.Rows != 0 {
		t.Errorf("%q, %+v", got, m)
	}
}

// What privacy.yaml says of e-mail addresses in the tables holds for a segment,
// and where the lake and the schemas that name it disagree, the stricter of both.
func TestSegmentPrivacy(t *testing.T) {
	t.Parallel()
	s := corner(t, people()...)
	const keep, hash, drop = "pii: keep\n", "pii: keep\nfields: {customers.email: hash}\n", "pii: drop\n"
	lakes := map[string]string{keep: s.Lake}
	for _, privacy := range []string{hash, drop} {
		lakes[privacy] = filepath.Join(t.TempDir(), "lake")
		if err := laketest.Run(withPrivacy(t, laketest.NewSync(lakes[privacy], s.API, nil), lakes[privacy], privacy)); err != nil {
			t.Fatal(err)
		}
	}
	const lakeHash = "SELECT email FROM customers WHERE id = 'cus_ada'"
	ofLake := (&laketest.Scene{T: t, Lake: lakes[hash]}).Rows(lakeHash)[0]
	if len(ofLake) != 64 || ofLake == adasHash {
		t.Fatalf("the lake's hash is %q: the test would prove nothing", ofLake)
	}
	for _, tc := range []struct {
		name, built, asked string
		want               []string // email_sha256, email
		said               string
	}{
		{"kept", keep, keep, []string{adasHash, " Ada@Example.com "}, ""},
		{"hashed", hash, hash, []string{"", ofLake}, "lake's own key"},
		{"dropped", drop, drop, []string{"", ""}, "privacy.yaml drops customers.email"},
		{"kept, to be hashed", keep, hash, []string{"", ""}, "rebuild"},
		{"kept, to be dropped", keep, drop, []string{"", ""}, "privacy.yaml drops customers.email"},
		{"hashed, to be kept", hash, keep, []string{"", ofLake}, "lake's own key"},
		{"dropped, to be kept", drop, keep, []string{"", ""}, "privacy.yaml drops customers.email"},
	} {
		set := lakeSet(t, lakes[tc.built], func(files map[string]string) { files["privacy.yaml"] = tc.asked })
		got, m := offers(t, lakes[tc.built], set, "email")
		if len(got) != 1 {
			t.Errorf("%s: %q", tc.name, got)
			continue
		}
		cells, err := csv.NewReader(strings.NewReader(got[0])).Read()
		if err != nil || !cmp.Equal(cells[len(cells)-2:], tc.want) {
			t.Errorf("%s: %q, want %q, %v", tc.name, cells[len(cells)-2:], tc.want, err)
		}
		if said := m.Empty["email_sha256"]; (said == "") != (tc.said == "") || !strings.Contains(said, tc.said) {
			t.Errorf("%s: it says %q", tc.name, said)
		}
		if m.Hashed["email"] != (tc.want[1] == ofLake) {
			t.Errorf("%s: the column is known as a hash: %t", tc.name, m.Hashed["email"])
		}
	}
}

// Whatever a segment's SQL tries, it finds nothing that is labelled.
func TestSegmentSeesNothingPersonal(t *testing.T) {
	t.Parallel()
	s := corner(t, people()...)
	if !slices.Contains(s.Rows("SELECT email, name, address.city FROM customers"), " Ada@Example.com  Ada Lovelace London") {
		t.Fatal("there is nothing to find: the test would prove nothing")
	}
	queries := laketest.SampledList([]string{
		"email FROM customers", "c.email FROM customers c", "address.city FROM customers", "address FROM customers", "c FROM customers c",
		"c::VARCHAR FROM customers c", "to_json(c) FROM customers c", "* EXCLUDE (account, id) FROM customers", "COLUMNS('email|name') FROM customers",
		"struct_extract(address, 'city') FROM customers", "email FROM main.customers", "email FROM warehouse.main.customers", "email FROM warehouse.customers",
		"email FROM query_table('customers')", "c FROM query_table('customers') c", "email FROM query('FROM warehouse.main.customers')",
		"email FROM query('FROM ' || (SELECT database_name FROM duckdb_databases() WHERE database_name LIKE 'warehouse%') || '.main.customers')",
		"m FROM everyone m", "object FROM meta.rejects", "raw FROM read_parquet('" + s.Lake + "/raw/*/customers/*.parquet')",
		"email FROM '" + s.Lake + "/current/customers/*/*/*.parquet'", "sql FROM duckdb_views()", "comment FROM duckdb_columns()",
		"1; ATTACH '" + s.Lake + "/current/warehouse.duckdb' AS w; SELECT 1", "payload FROM customers_history",
	})
	refused := 0
	for _, from := range queries {
		set := lakeSet(t, s.Lake, func(files map[string]string) {
			files["marts/everyone.sql"] = "-- Everyone.\nSELECT * FROM customers"
			files["segments/spy.sql"] = "-- Everybody.\n\nWITH found AS (SELECT " + from + ")\nSELECT\n" +
				"  u.account, -- the account\n  u.id AS customer_id, -- the customer\n  found::VARCHAR AS found -- what was found\nFROM customers u, found"
		})
		m, err := query.AskAudience(t.Context(), s.Lake, query.AudienceQuestion{Set: set, Segment: set.Segment("spy")})
		if err != nil {
			refused++
			continue
		}
		var b bytes.Buffer
		if err := m.Write(t.Context(), &b, query.JSON); err != nil {
			t.Error(err)
		}
		if err := m.Close(); err != nil {
			t.Error(err)
		}
		for _, mark := range []string{"xample.com", "Lovelace", "London"} {
			if strings.Contains(b.String(), mark) {
				t.Errorf("%s finds %s: %.300s", from, mark, b.String())
			}
		}
	}
	if refused < len(queries)/2 {
		t.Errorf("only %d were refused", refused)
	}
}

// A segment of a simulated business is the mart's rows; who is deleted or
// forgotten is in it no more; and it is written the same twice.
func TestSegmentOfTheLiving(t *testing.T) {
	laketest.Slow(t)
	t.Parallel()
	server := laketest.Shop(t, func(c *stripesim.Config) { c.Charges = 400 })
	s := laketest.NewScene(t, server.Handler())
	s.Sync()
	set := lakeSet(t, s.Lake, nil)
	const mart = "FROM bnpl_customers WHERE segment = 'pays later, basket above median, no add-on yet'"
	members := func() map[string]bool {
		t.Helper()
		lines, m := offers(t, s.Lake, set)
		again, _ := offers(t, s.Lake, set)
		if !slices.IsSorted(lines) || !cmp.Equal(lines, again) || int(m.Rows) != len(lines) {
			t.Errorf("%d rows, said to be %d; the same again: %t", len(lines), m.Rows, cmp.Equal(lines, again))
		}
		found := map[string]bool{}
		for _, line := range lines {
			found[strings.Join(strings.Split(line, ",")[:3], " ")] = true
		}
		return found
	}
	before := members()
	if diff := cmp.Diff(s.Rows("SELECT account, customer_id, currency "+mart+" ORDER BY ALL"), slices.Sorted(maps.Keys(before))); diff != "" || len(before) < 5 {
		t.Fatalf("the segment is not the mart (-mart +segment):\n%s", diff)
	}
	whole := slices.Sorted(maps.Keys(before))
	account, gone, forgotten, listed := strings.Fields(whole[0])[0], strings.Fields(whole[0])[1], strings.Fields(whole[1])[1], strings.Fields(whole[2])[1]
	laketest.Act(t, server, stripesim.DeleteCustomer, gone)
	server.Advance(5 * time.Minute)
	s.Sync()
	_, m := offers(t, s.Lake, set)
	if left := members(); left[whole[0]] || m.Deleted != 1 {
		t.Errorf("the deleted customer is in the segment, or %d are left out", m.Deleted)
	}
	if len(s.Rows("FROM bnpl_customers WHERE customer_id = '"+gone+"'")) == 0 {
		t.Error("the mart has no row of the deleted customer: the test proves nothing")
	}
	if _, err := laketest.Forget(t.Context(), s.Lake, nil, forgotten); err != nil {
		t.Fatal(err)
	}
	if left := members(); left[whole[1]] || len(left) == 0 {
		t.Error("the forgotten customer is in the segment")
	}
	// A lake may be older than its list of the forgotten: restored from a backup.
	lake, err := load.Open(s.Lake, load.Options{Mode: "test"})
	if err != nil {
		t.Fatal(err)
	}
	list, err := lake.Forgotten()
	if err == nil {
		err = list.Add(t.Context(), account, []string{listed})
	}
	if err != nil {
		t.Fatal(err)
	}
	_, m = offers(t, s.Lake, set)
	if left := members(); left[whole[2]] || m.Forgotten != 1 {
		t.Errorf("who is on the list of the forgotten is in the segment, or %d are left out", m.Forgotten)
	}
	// An erasure that was interrupted has its person still in what is published.
	if err := os.WriteFile(filepath.Join(s.Lake, "forget.json"), []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = query.AskAudience(t.Context(), s.Lake, query.AudienceQuestion{Set: set, Segment: set.Segment("bnpl-offers")})
	if err == nil || !strings.Contains(err.Error(), "is not finished") {
		t.Errorf("during an erasure: %v", err)
	}
}
