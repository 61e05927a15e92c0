package transform

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/google/go-cmp/cmp"

	"github.com/stripelake/stripelake/schemas"
)

var update = flag.Bool("update", false, "write the golden files anew")

// embedded is the shipped set, compiled.
func embedded(tb testing.TB) *Mappings {
	tb.Helper()
	set, err := schemas.Load(schemas.Embedded())
	if err != nil {
		tb.Fatal(err)
	}
	p, err := Compile(set)
	if err != nil {
		tb.Fatal(err)
	}
	return p
}

// fixture is one object of testdata/objects.
func fixture(tb testing.TB, name string) []byte {
	tb.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", "objects", name+".json"))
	if err != nil {
		tb.Fatal(err)
	}
	return raw
}

// objectOf is raw as the raw log would hold it.
func objectOf(raw []byte) Object {
	var head struct{ ID string }
	_ = json.Unmarshal(raw, &head) // what is not JSON has no id
	return Object{Raw: raw, Account: "acct_1", ID: head.ID, ObservedAt: time.Unix(1_722_000_000, 0), Seq: 7}
}

// lookups are the lookups of small test sets.
const lookups = `
- lookup: currency_exponent
  title: Exponents
  rows: {jpy: 0, kwd: 3}
- lookup: bnpl_provider
  title: Providers
  rows: {klarna: klarna, alma: alma}
`

// small loads a set of one schema and one mapping, given as the lines under
// fields: and the mapping from its source on.
func small(tb testing.TB, fields, mapping string) *schemas.Set {
	tb.Helper()
	set, err := schemas.Load(fstest.MapFS{
		"lookups/all.yaml": {Data: []byte(lookups)},
		"stripe/t.yaml": {Data: []byte("schema: stripe.t\nversion: 1.0.0\ntitle: T\ndescription: A test table.\ntable: ts\nbehavior: record\n" +
			"primary_key: [id]\nversion_by: $seq\ntimestamp: created\nfields:\n" +
			"  id: {type: string, title: ID, description: Id., required: true}\n" +
			"  created: {type: date-time, title: Created, description: When., required: true}\n" + indent(fields))},
		"mappings/stripe/t.yaml": {Data: []byte("mapping: stripe.t\nversion: 1.0.0\n" + mapping)},
	})
	if err != nil {
		tb.Fatal(err)
	}
	return set
}

func indent(lines string) string {
	return "  " + strings.ReplaceAll(strings.TrimSpace(lines), "\n", "\n  ") + "\n"
}

// charges is the beginning of a mapping of charges; its fields follow. Its
// created is always there, so that a test's object needs only what the test is
// about.
const charges = "source: {system: stripe, object: charge, api_version: 2023-10-16}\ntarget: stripe.t@1\nfields:\n  id: id\n  created: $synced_at\n"

// mapOne maps one object to the rows of the only table.
func mapOne(tb testing.TB, set *schemas.Set, object, raw string) Batch {
	tb.Helper()
	p, err := Compile(set)
	if err != nil {
		tb.Fatal(err)
	}
	m := p.Mapper(object)
	o := objectOf([]byte(raw))
	if o.ID == "" {
		o.ID = "ch_1"
	}
	b := m.Map([]Object{o})[0]
	tb.Cleanup(b.Rows.Release)
	return b
}

// rows renders a batch as one JSON object a row, nulls left out.
func rows(tb testing.TB, b Batch) []string {
	tb.Helper()
	var out []string
	for i := range int(b.Rows.NumRows()) {
		var line bytes.Buffer
		for j, c := range b.Rows.Columns() {
			if c.IsNull(i) {
				continue
			}
			v, err := json.Marshal(withoutNulls(c.GetOneForMarshal(i)))
			if err != nil {
				tb.Fatal(err)
			}
			if line.Len() > 0 {
				line.WriteString(", ")
			}
			line.WriteString(`"` + b.Rows.ColumnName(j) + `": `)
			line.Write(v)
		}
		out = append(out, "{"+line.String()+"}")
	}
	return out
}

// withoutNulls drops the null members of nested objects.
func withoutNulls(v any) any {
	text, err := json.Marshal(v)
	if err != nil {
		return v
	}
	var plain any
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	if err := decoder.Decode(&plain); err != nil {
		return v
	}
	return pruned(plain)
}

func pruned(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for k, m := range v {
			if v[k] = pruned(m); m == nil {
				delete(v, k)
			}
		}
	case []any:
		for i := range v {
			v[i] = pruned(v[i])
		}
	}
	return v
}

// golden compares with a file of testdata/golden, or writes it.
func golden(tb testing.TB, name, got string) {
	tb.Helper()
	path := filepath.Join("testdata", "golden", name)
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
			tb.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			tb.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		tb.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		tb.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

// columnNames are the names of a record's columns.
func columnNames(s *arrow.Schema) []string {
	var names []string
	for _, f := range s.Fields() {
		names = append(names, f.Name)
	}
	return names
}
