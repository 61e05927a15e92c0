package stripesim

import (
	"bytes"
	"compress/gzip"
	"os"
	"sync"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// openAPI compiles the schema of one of Stripe's objects, for parallel tests too.
func openAPI(t testing.TB) func(name string) *jsonschema.Schema {
	t.Helper()
	return compiler(t, readOpenAPI(t, Version))
}

// readOpenAPI reads the schemas of an API version.
func readOpenAPI(t testing.TB, version string) any {
	t.Helper()
	f, err := os.Open("testdata/openapi/" + version + ".json.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	zr, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(zr)
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func compiler(t testing.TB, doc any) func(name string) *jsonschema.Schema {
	t.Helper()
	c := jsonschema.NewCompiler()
	if err := c.AddResource("stripe.json", doc); err != nil {
		t.Fatal(err)
	}
	var compiling sync.Mutex // a Compiler is not for several goroutines
	return func(name string) *jsonschema.Schema {
		compiling.Lock()
		defer compiling.Unlock()
		s, err := c.Compile("stripe.json#/$defs/" + name)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
}

func validate(t *testing.T, s *jsonschema.Schema, what string, raw []byte) {
	t.Helper()
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		t.Fatalf("%s is not JSON: %v\n%s", what, err, raw)
	}
	if err := s.Validate(v); err != nil {
		t.Fatalf("%s: %v\n%s", what, err, raw)
	}
}

// Every object is one that Stripe could have sent.
func TestObjectsFollowOpenAPI(t *testing.T) {
	t.Parallel()
	compile := openAPI(t)
	for _, cfg := range []Config{{Seed: 1, Charges: 3000}, {Seed: 2, Charges: 700}, {Seed: 4, Charges: 2000, Pricing: true}, {Seed: 99, Charges: 1}} {
		s := newTestServer(t, cfg)
		for _, res := range s.resources {
			schema := compile(res.object)
			for id, raw := range s.Ledger().Raw(res.name) {
				validate(t, schema, id, raw)
			}
		}
		plan, item := compile("plan"), compile("subscription_item")
		b := s.business
		for n := range b.items {
			w := newWriter(viewOf(s.moment().at))
			b.renderItem(w, n)
			validate(t, item, "item", w.buf)
			w = newWriter(viewOf(s.moment().at))
			b.renderPlan(w, int(b.items[n].price))
			validate(t, plan, "plan", w.buf)
		}
		w := newWriter(viewOf(s.moment().at))
		s.renderAccount(w)
		validate(t, compile("account"), "account", w.buf)
		w = newWriter(viewOf(s.moment().at))
		w.moment = s.moment()
		s.renderBalance(w)
		validate(t, compile("balance"), "balance", w.buf)
	}
}

func newTestServer(t testing.TB, cfg Config) *Server {
	t.Helper()
	s, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return s
}
