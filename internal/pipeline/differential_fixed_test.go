package pipeline_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stripelake/stripelake/internal/stripesim"
	"github.com/stripelake/stripelake/schemas"
	"github.com/stripelake/stripelake/transform"
)

// TestKernelEqualsSQL maps the fixtures of package transform and the objects of
// a simulated business both ways.
func TestKernelEqualsSQL(t *testing.T) {
	t.Parallel()
	d := shipped(t)
	for object, raws := range fixtures(t) {
		if d.compare(t, object, raws) == 0 {
			t.Errorf("%s: no rows", object)
		}
	}
	server, err := stripesim.New(stripesim.Config{Seed: 11, Charges: 400})
	if err != nil {
		t.Fatal(err)
	}
	for _, resource := range []string{"charges", "subscriptions", "refunds", "balance_transactions", "customers", "prices"} {
		var raws [][]byte
		for _, raw := range server.Ledger().Raw(resource) {
			if raws = append(raws, raw); len(raws) == 300 {
				break
			}
		}
		rows := d.compare(t, strings.TrimSuffix(resource, "s"), raws)
		t.Logf("%s: %d rows of %d objects", resource, rows, len(raws))
		if rows == 0 {
			t.Errorf("%s: no rows", resource)
		}
	}
}

// fixtures are the objects in transform/testdata, by type.
func fixtures(tb testing.TB) map[string][][]byte {
	tb.Helper()
	files, err := filepath.Glob("../../transform/testdata/objects/*.json")
	if err != nil || len(files) == 0 {
		tb.Fatal("no fixtures", err)
	}
	out := map[string][][]byte{}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			tb.Fatal(err)
		}
		object, _, _ := strings.Cut(filepath.Base(file), ".")
		out[object] = append(out[object], raw)
	}
	return out
}

// TestKernelEqualsSQLOnRandomObjects maps random objects of every type both
// ways, with the shipped mappings.
func TestKernelEqualsSQLOnRandomObjects(t *testing.T) {
	t.Parallel()
	compareRandom(t, shipped(t), 120)
}

// TestKernelEqualsSQLOnTheWholeLanguage does the same with mappings that use
// every function and operator.
func TestKernelEqualsSQLOnTheWholeLanguage(t *testing.T) {
	t.Parallel()
	compareRandom(t, language(t), 250)
}

// language is the test set that uses the whole language.
func language(tb testing.TB) *differential {
	tb.Helper()
	set, err := schemas.Load(os.DirFS("testdata/language"))
	if err != nil {
		tb.Fatal(err)
	}
	return newDifferential(tb, set)
}

func compareRandom(t *testing.T, d *differential, count int) {
	for _, name := range []string{"charge", "subscription", "refund", "balance_transaction", "customer", "price"} {
		if d.mappings.Mapper(name) == nil {
			continue
		}
		catalog, err := schemas.LoadCatalog(name)
		if err != nil {
			t.Fatal(err)
		}
		var raws [][]byte
		for _, s := range edges {
			raws = append(raws, []byte(s))
		}
		for i := range count {
			raws = append(raws, []byte(object(catalog, i).Example(i)))
		}
		rows := d.compare(t, name, raws)
		t.Logf("%s: %d rows of %d objects", name, rows, count)
		if rows < count/10 {
			t.Errorf("%s: %d rows of %d objects: too few to say anything", name, rows, count)
		}
	}
}

// edges are objects that chance does not make often enough.
var edges = []string{
	`{"id":"e1","created":1,"amount":-0,"currency":"JPY","metadata":{"*":"1","a.b":[1.50],"n":"1e3"}}`,
	`{"id":"e2","created":"1","outcome":[],"customer":{"id":"c"},"amount":0}`,
	`{"id":"e3","created":-1,"amount":0,"balance":0,"unit_amount":0,"currency":7}`, // zero, and a currency that cannot be read
	`{"id":"e4","created":-1,"amount":0,"balance":0,"unit_amount":0,"currency":null}`,
	`{"id":"e5","created":-1,"amount":7,"amount_captured":"x","amount_refunded":1,"currency":"usd","paid":true}`,
	"{\"id\":\"e6\",\"created\":-1,\"description\":\"\\u0000\\u2028\",\"preferred_locales\":[\"usd\",null],\"balance\":7}",
	`{"id":"e7","created":-1,"preferred_locales":["usd",7],"balance":0}`,
	`{"id":"e8","items":{"data":[{"id":"i","tax_rates":[{"percentage":1e-2}],"discounts":["d",{"id":"e"}]},null,[]]},"created":1}`,
	`{"id":"e9","created":9223372036854,"amount":9223372036854775807,"currency":"kwd","amount_captured":-9223372036854775808}`,
	`{"id":"e11","created":1,"amount":9223372036854775807,"amount_captured":-9223372036854775808,"amount_refunded":0,"fee":0,"net":7,"balance":3,"unit_amount":12,"currency":"usdc","fee_details":[{"amount":1,"currency":"pyusd"},{"amount":0,"currency":""}]}`,
	`{"id":"e12","created":1,"amount":5,"presentment_details":{"presentment_amount":7,"presentment_currency":"usdc"},"currency":"usd"}`,
	`{"id":"e13","created":1,"amount":9995,"amount_captured":-1,"amount_refunded":10000,"currency":"usd"}`, // beside 99.95, -0.005 and 100
	`{"id":"e14","created":1,"amount":9996,"amount_captured":-5,"amount_refunded":100000,"currency":"kwd"}`,
	`{"id":"e15","created":1,"amount":100,"amount_captured":0,"amount_refunded":100,"currency":"JPY"}`,
	`{"id":"e10","created":9223372036855,"metadata":[],"outcome":{}}`,
	`null`, `[]`, `7`,
}

// TestLanguageIsWhole holds that the test set uses every function and operator,
// so that a new one is compared before it is used.
func TestLanguageIsWhole(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/language/mappings/stripe/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatal("no mappings", err)
	}
	var all strings.Builder
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(text)
	}
	for _, f := range transform.Functions() {
		if !strings.Contains(all.String(), f.Name+"(") {
			t.Errorf("nothing uses the function %s", f.Name)
		}
	}
	for _, operator := range []string{
		" == ", " != ", " < ", " <= ", " > ", " >= ", " and ", " or ", "not ", " not in ", " in ", " + ", " - ", " * ", " ? ", " ?? ", "[0]", `["`,
		"let:", "where:", "same:", "$from:", "$when:", "$each:", "$same:", "$root", "each:", "$synced_at", "$account", "$seq", "$id",
	} {
		if !strings.Contains(all.String(), operator) {
			t.Errorf("nothing uses %s", operator)
		}
	}
}
