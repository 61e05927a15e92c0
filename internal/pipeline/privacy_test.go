package pipeline_test

import (
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/stripelake/stripelake/internal/pipeline"
	"github.com/stripelake/stripelake/internal/pipeline/laketest"
	"github.com/stripelake/stripelake/internal/stripesim"
	"github.com/stripelake/stripelake/load"
	"github.com/stripelake/stripelake/schemas"
	"github.com/stripelake/stripelake/transform"
)

// withPrivacy makes a sync use the shipped set under another privacy.yaml.
func withPrivacy(t *testing.T, s *laketest.Setup, dir, privacy string) *laketest.Setup {
	t.Helper()
	if s.Err != nil {
		t.Fatal(s.Err)
	}
	shipped, err := schemas.Load(schemas.Embedded())
	if err != nil {
		t.Fatal(err)
	}
	files := shipped.Files()
	files["privacy.yaml"] = privacy
	set, err := schemas.LoadFiles(files)
	if err != nil {
		t.Fatal(err)
	}
	if s.Mappings, err = transform.Compile(set); err != nil {
		t.Fatal(err)
	}
	s.Redactors = transform.Redactors(set.Privacy.RawRedact)
	if s.Lake, err = load.Open(dir, pipeline.LakeOptions(set, "test")); err != nil {
		t.Fatal(err)
	}
	return s
}

// personalStreams picks texts of the simulated business: e-mail addresses, names,
// phone numbers.
func personalStreams(t *testing.T, objects []string, pattern string) []string {
	t.Helper()
	found := map[string]bool{}
	for _, o := range objects {
		for _, m := range regexp.MustCompile(pattern).FindAllStringSubmatch(o, -1) {
			found[m[1]] = true
		}
	}
	if len(found) < 5 {
		t.Fatalf("only %d texts match %s", len(found), pattern)
	}
	return slices.Sorted(maps.Keys(found))[:5]
}

// TestPrivacy holds that what the policy drops, hashes or redacts is found in no
// file that it may not be in, and that hashes stay the same.
func TestPrivacy(t *testing.T) {
	t.Parallel()
	from := time.Date(2025, 3, 1, 0, 0, 0, 0, time.UTC)
	server, err := stripesim.New(stripesim.Config{Seed: 5, Charges: 120, From: from, To: from.AddDate(0, 0, 14), Now: from.AddDate(0, 0, 14)})
	if err != nil {
		t.Fatal(err)
	}
	api := laketest.Serve(t, server)
	plain := filepath.Join(t.TempDir(), "lake")
	if err := laketest.Run(laketest.NewSync(plain, api, nil)); err != nil {
		t.Fatal(err)
	}
	all := laketest.RawObjects(t, plain)
	emails := personalStreams(t, all["customers"], `"email": ?"([^"]+)"`)
	names := personalStreams(t, all["customers"], `"name": ?"([^"]+)"`)
	for _, kind := range []string{"segment", "partition", "warehouse", "state"} {
		if found := laketest.Look(t, plain, append(emails, names...))[kind]; len(found) != len(emails)+len(names) {
			t.Fatalf("a %s holds only %v: the test would prove nothing", kind, found)
		}
	}

	dir := filepath.Join(t.TempDir(), "lake")
	const privacy = "pii: drop\nfields: {customers.email: hash, charges.billing.email: hash}\nraw_redact: [customer.name, charge.billing_details.name, charge.shipping]\n"
	if err := laketest.Run(withPrivacy(t, laketest.NewSync(dir, api, nil), dir, privacy)); err != nil {
		t.Fatal(err)
	}
	// Events show whole objects, and are redacted as those are.
	for _, action := range []stripesim.Action{stripesim.UpdateCustomer, stripesim.UpdateCharge} {
		if _, err := server.Change(action, 60); err != nil {
			t.Fatal(err)
		}
	}
	server.Advance(5 * time.Minute)
	if err := laketest.Run(withPrivacy(t, laketest.NewSync(dir, api, nil), dir, privacy)); err != nil {
		t.Fatal(err)
	}
	if n := len(laketest.RawObjects(t, dir)["events"]); n < 100 {
		t.Fatalf("only %d events: the test would prove nothing", n)
	}
	for kind, found := range laketest.Look(t, dir, emails) {
		if kind != "segment" { // the raw log holds what is not redacted
			t.Errorf("a %s holds %v", kind, found)
		}
	}
	for kind, found := range laketest.Look(t, dir, names) {
		t.Errorf("a %s holds %v", kind, found)
	}
	var same, hashed int
	err = laketest.Warehouse(t, dir).QueryRowContext(t.Context(), `SELECT count(*) FILTER (c.billing.email = u.email), count(*) FILTER (length(u.email) = 64)
		FROM charges c JOIN customers u ON u.id = c.customer_id WHERE c.billing.email IS NOT NULL`).Scan(&same, &hashed)
	if err != nil || same == 0 || hashed < same {
		t.Errorf("%d charges have their customer's hash, %d customers a hash: %v", same, hashed, err)
	}
	// The flat views have what the tables have: nothing that is dropped, and the same hashes.
	var shown, unequal int
	err = laketest.Warehouse(t, dir).QueryRowContext(t.Context(), `SELECT (SELECT count(*) FROM duckdb_columns() WHERE schema_name = 'flat' AND column_name IN ('name', 'phone', 'billing_name', 'billing_phone')),
		(SELECT count(*) FILTER (f.billing_email IS DISTINCT FROM c.billing.email) FROM flat.charges f JOIN charges c USING (account, id))`).Scan(&shown, &unequal)
	if err != nil || shown > 0 || unequal > 0 {
		t.Errorf("flat views: %d columns that are dropped, %d other hashes: %v", shown, unequal, err)
	}
	before := laketest.Digest(t, dir)
	again := withPrivacy(t, laketest.NewSync(dir, api, nil), dir, privacy)
	if _, err := (&pipeline.Rebuild{Mappings: again.Mappings, Lake: again.Lake, Tables: []string{"charges", "customers"}}).Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if after := laketest.Digest(t, dir); !maps.Equal(before, after) {
		t.Errorf("rebuilt: %v, before: %v", after, before)
	}
}

// An event is redacted as the object that it shows, and as an event.
func TestPrivacyOfEvents(t *testing.T) {
	t.Parallel()
	shown := func(kind string) string {
		return laketest.Sent(kind, kind+"_1", laketest.Noon.Add(-time.Hour), `"customer_email":"ada@example.com","name":"Ada Lovelace","phone":"5550100"`)
	}
	s := laketest.NewScene(t, laketest.Recorded(t, 1, laketest.Noon, shown("customer"),
		laketest.Event("evt_1", "invoice.paid", laketest.Noon.Add(-5*time.Minute), shown("invoice")), laketest.Event("evt_2", "customer.updated", laketest.Noon.Add(-5*time.Minute), shown("customer"))))
	const privacy = "raw_redact: [customer.name, event.data.object.customer_email]\n"
	if err := laketest.Run(withPrivacy(t, laketest.NewSync(s.Lake, s.API, nil), s.Lake, privacy)); err != nil {
		t.Fatal(err)
	}
	s.Expect("what the log holds", `SELECT id, json_value(object, '$.data.object.customer_email'), json_value(object, '$.data.object.name'), object->>'$.data.object.phone'
		FROM 'LAKE/raw/*/events/*.parquet' ORDER BY id`, `evt_1 null "Ada Lovelace" 5550100`, "evt_2 null null 5550100")
	s.Expect("the customer itself", "SELECT object->>'$.customer_email', json_value(object, '$.name') FROM 'LAKE/raw/*/customers/*.parquet'", "ada@example.com null")
}

// Examples of drift and of refused values are shown while the policy keeps
// everything. Once it hides anything, they are replaced by type and length,
// also in tables that the policy leaves unchanged. No object is ever shown.
func TestExamplesFollowThePolicy(t *testing.T) {
	t.Parallel()
	ago := laketest.Noon.Add(-time.Hour)
	s := laketest.NewScene(t, laketest.Recorded(t, 1, laketest.Noon,
		laketest.Paid("ch_1", ago, `"amount":"Ann Secret"`), laketest.Paid("ch_2", ago, `"status":"Secretly"`, `"novel":{"name":"Ann Secret"}`),
		laketest.Sent("customer", "cus_1", ago, `"email":"ann@example.com"`, `"balance":0`)))
	examples := func(want ...string) {
		t.Helper()
		s.Expect("drift", `SELECT path, found, example FROM meta.drift WHERE stream = 'charges' ORDER BY ALL`, want[:3]...)
		s.Expect("refused", "SELECT reason, example, object IS NOT NULL FROM meta.rejects", want[3])
	}
	if err := laketest.Run(withPrivacy(t, laketest.NewSync(s.Lake, s.API, nil), s.Lake, "pii: keep\n")); pipeline.ExitCode(err) != 3 {
		t.Fatal(err)
	}
	examples(`charge.amount string "Ann Secret"`, `charge.novel a field that the catalog does not know object, 21 bytes`,
		`charges.status an unknown value: "Secretly" "Secretly"`, `the amount is not an integer of minor units "Ann Secret" true`)

	stricter := withPrivacy(t, laketest.NewSync(s.Lake, s.API, nil), s.Lake, "pii: keep\nfields: {customers.email: hash}\n")
	if _, err := (&pipeline.Rebuild{Mappings: stricter.Mappings, Lake: stricter.Lake}).Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	examples(`charge.amount string string, 10 characters`, `charge.novel a field that the catalog does not know object, 21 bytes`,
		`charges.status an unknown value string, 8 characters`, `the amount is not an integer of minor units string, 10 characters false`)
	if found := laketest.Look(t, s.Lake, []string{"Ann Secret", "Secretly"}); len(found["warehouse"]) > 1 { // the status itself is a row's
		t.Errorf("%v", found)
	}
}
