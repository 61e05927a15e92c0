package transform

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/stripelake/stripelake/schemas"
)

// TestEveryObjectIsAccountedFor holds Invariant 3 for whatever bytes come: each
// object ends as a row, as a reject, or left out, and nothing panics.
func TestEveryObjectIsAccountedFor(t *testing.T) {
	t.Parallel()
	mappings := embedded(t)
	files, _ := filepath.Glob("testdata/objects/*.json")
	mappers, raws := map[string]*Mapper{}, map[string][]byte{}
	var names []string
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".json")
		names = append(names, name)
		raws[name] = fixture(t, name)
		object, _, _ := strings.Cut(name, ".")
		mappers[object] = mappings.Mapper(object)
	}
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.SampledFrom(names).Draw(t, "fixture")
		object, _, _ := strings.Cut(name, ".")
		objects := make([]Object, rapid.IntRange(0, 5).Draw(t, "objects"))
		for i := range objects {
			objects[i] = objectOf(mutated(t, bytes.Clone(raws[name])))
			objects[i].Deleted = rapid.IntRange(0, 9).Draw(t, "deleted") == 0
		}
		accounted(t, mappers[object], objects)
	})
}

// accounted maps objects and checks the counts of every batch.
func accounted(t *rapid.T, m *Mapper, objects []Object) {
	live := 0
	for _, o := range objects {
		if !o.Deleted {
			live++
		}
	}
	for _, b := range m.Map(objects) {
		if b.Objects != live {
			t.Fatalf("%s: %d objects, want %d", b.Schema.Table, b.Objects, live)
		}
		n := int(b.Rows.NumRows()) + len(b.Rejects) + b.LeftOut
		if perObject := b.Schema.Table != "subscription_items"; perObject && n != live {
			t.Fatalf("%s: %d rows, %d rejects, %d left out of %d", b.Schema.Table, b.Rows.NumRows(), len(b.Rejects), b.LeftOut, live)
		}
		for _, c := range b.Rows.Columns() {
			if c.Len() != int(b.Rows.NumRows()) {
				t.Fatalf("a column of %s has %d values in %d rows", b.Schema.Table, c.Len(), b.Rows.NumRows())
			}
		}
		b.Rows.Release()
	}
}

// mutated breaks an object in a few places.
func mutated(t *rapid.T, raw []byte) []byte {
	for range rapid.IntRange(0, 4).Draw(t, "mutations") {
		if len(raw) == 0 {
			break
		}
		at := rapid.IntRange(0, len(raw)-1).Draw(t, "at")
		switch rapid.IntRange(0, 3).Draw(t, "kind") {
		case 0:
			raw = raw[:at]
		case 1:
			raw[at] = rapid.Byte().Draw(t, "byte")
		case 2:
			raw[at] = rapid.SampledFrom([]byte(`{}[]":,\0n`)).Draw(t, "token")
		case 3:
			end := rapid.IntRange(at, len(raw)).Draw(t, "end")
			raw = append(raw[:at:at], raw[end:]...)
		}
	}
	return raw
}

// TestNoAllocations holds that mapping an object allocates nothing. A call
// allocates only the columns, whatever the number of objects is.
func TestNoAllocations(t *testing.T) {
	m := embedded(t).Mapper("charge")
	few, many := chargesLike(t, 1000), chargesLike(t, 2000)
	count := func(objects []Object) float64 {
		return testing.AllocsPerRun(5, func() {
			for _, b := range m.Map(objects) {
				b.Rows.Release()
			}
		})
	}
	// Text buffers double as they grow: one step more for twice the objects.
	columns := float64(len(m.tables[0].columns)) * 4
	if a, b := count(few), count(many); b-a > columns {
		t.Errorf("1000 objects cost %v allocations, 2000 cost %v", a, b)
	}
	c := &m.evaluation
	if n := testing.AllocsPerRun(100, func() {
		c.begin(&few[0], m.program.scopes[0])
		c.tape = c.tape[:0]
		for i := range m.program.mappings[0].fields {
			c.evalField(&m.program.mappings[0].fields[i])
		}
	}); n != 0 {
		t.Errorf("scanning and evaluating one object costs %v allocations", n)
	}
}

// TestOneMapperManyCalls holds that nothing of one object or call shows in the
// next.
func TestOneMapperManyCalls(t *testing.T) {
	t.Parallel()
	mappings := embedded(t)
	names := []string{"charge.card", "charge.ancient", "charge.klarna_jpy", "charge.unreadable_money", "charge.card"}
	reused := mappings.Mapper("charge")
	var together []Object
	var apart []string
	for _, name := range names {
		o := objectOf(fixture(t, name))
		together = append(together, o)
		fresh := rowsOf(t, mappings.Mapper("charge"), []Object{o})
		if diff := cmp.Diff(fresh, rowsOf(t, reused, []Object{o})); diff != "" {
			t.Errorf("%s from a used Mapper (-fresh +used):\n%s", name, diff)
		}
		apart = append(apart, fresh...)
	}
	if diff := cmp.Diff(apart, rowsOf(t, reused, together)); diff != "" {
		t.Errorf("(-one by one +together):\n%s", diff)
	}
}

func rowsOf(t *testing.T, m *Mapper, objects []Object) []string {
	t.Helper()
	var out []string
	for _, b := range m.Map(objects) {
		out = append(out, rows(t, b)...)
		b.Rows.Release()
	}
	return out
}

// TestSeveralMappings feeds one table from two objects, and two tables from one.
func TestSeveralMappings(t *testing.T) {
	t.Parallel()
	set := small(t, "x: {type: string, title: X, description: X.}", charges+"  x: status\n")
	again := *set.Mappings[0]
	again.Name = "stripe.t2"
	refund := *set.Mappings[0]
	refund.Source.Object = "refund"
	set.Mappings = append(set.Mappings, &again, &refund)
	mappings, err := Compile(set)
	if err != nil {
		t.Fatal(err)
	}
	if got := mappings.Tables("charge"); len(got) != 1 || got[0] != set.Schemas[0] {
		t.Errorf("Tables(charge) = %v", got)
	}
	b := mappings.Mapper("charge").Map([]Object{{Raw: []byte(`{"id":"ch_1","status":"s"}`), ID: "ch_1"}})
	if len(b) != 1 || b[0].Rows.NumRows() != 2 || b[0].Objects != 2 {
		t.Errorf("two mappings of one object into one table made %d batches, %d rows of %d objects", len(b), b[0].Rows.NumRows(), b[0].Objects)
	}
	b[0].Rows.Release()
	b = mappings.Mapper("refund").Map([]Object{{Raw: []byte(`{"id":"re_1","status":"s"}`), ID: "re_1"}})
	if len(b) != 1 || b[0].Rows.NumRows() != 1 || b[0].Schema.Table != "ts" {
		t.Errorf("refunds: %+v", b)
	}
	b[0].Rows.Release()
}

// TestArrowSchema holds the Arrow type of every kind, and that nothing carries
// a time zone.
func TestArrowSchema(t *testing.T) {
	t.Parallel()
	var fields []string
	for _, kind := range []schemas.Kind{
		schemas.String, schemas.Boolean, schemas.Short, schemas.Integer, schemas.Long, schemas.Number,
		schemas.Decimal, schemas.Date, schemas.DateTime, schemas.JSON, "list<string>", "map<string>",
	} {
		name := strings.NewReplacer("-", "_", "<", "_", ">", "").Replace(string(kind))
		fields = append(fields, name+"_: {type: "+string(kind)+", title: X, description: X.}")
	}
	fields = append(fields, "m: {type: money, unit: c, title: X, description: X.}", "c: {type: string, title: X, description: X.}",
		"r: {type: money, unit: c, required: true, title: X, description: X.}", "p: {type: money, unit: c, minor: false, required: true, title: X, description: X.}",
		"o: {type: object, title: X, description: X., fields: {s: {type: string, title: X, description: X., required: true}, m: {type: money, unit: c, title: X, description: X.}}}")
	set := small(t, strings.Join(fields, "\n"), charges+"  c: currency\n  r: money(amount, currency)\n  p: money(amount, currency)\n")
	want := []string{
		"account: type=utf8", "id: type=utf8", "created: type=timestamp[us]", "string_: type=utf8, nullable", "boolean_: type=bool, nullable",
		"short_: type=int16, nullable", "integer_: type=int32, nullable", "long_: type=int64, nullable", "number_: type=float64, nullable",
		"decimal_: type=decimal(38, 12), nullable", "date_: type=date32, nullable", "date_time_: type=timestamp[us], nullable", "json_: type=utf8, nullable",
		"list_string_: type=list<item: utf8, nullable>, nullable", "map_string_: type=map<utf8, utf8, items_nullable>, nullable",
		"m: type=decimal(18, 3), nullable", "m_minor: type=int64, nullable", "c: type=utf8, nullable",
		"r: type=decimal(18, 3), nullable", "r_minor: type=int64, nullable", "p: type=decimal(18, 3)",
		"o: type=struct<s: utf8 nullable, m: decimal(18, 3) nullable, m_minor: int64 nullable>, nullable",
		"deleted: type=bool", "deleted_seen_at: type=timestamp[us], nullable", "_source_id: type=utf8", "_seq: type=int64",
	}
	var got []string
	for _, f := range ArrowSchema(set.Schemas[0]).Fields() {
		got = append(got, strings.TrimSpace(f.String()))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// The member that followed the last time is only a guess. Objects whose members
// have another order, longer names or escapes are read as they are.
func TestMembersInAnyOrder(t *testing.T) {
	t.Parallel()
	set := small(t, "a: {type: long, title: A, description: A.}\nb: {type: long, title: B, description: B.}\nc: {type: string, title: C, description: C.}",
		charges+"  a: amount\n  b: amount_captured\n  c: billing_details.address.city\n")
	mappings, err := Compile(set)
	if err != nil {
		t.Fatal(err)
	}
	var objects []Object
	for _, raw := range []string{
		`{"id": "ch_1", "amount": 1, "amount_captured": 2, "billing_details": {"address": {"city": "Graz"}}}`,
		`{"id": "ch_1", "amount_captured": 2, "amount": 1, "billing_details": {"address": {"line1": "x", "city": "Graz"}}}`,
		`{"billing_details": {"address": {"cit": 1, "c\u0069ty": "Graz"}, "city": "x"}, "amount_captured": 2, "amount": 1, "id": "ch_1"}`,
		`{"id": "ch_1", "amount\"": 3, "amoun": 4, "am\u006funt": 1, "amount_captured": 2, "billing_details": {"address": {"city": "Graz"}}}`,
		`{"id": "ch_1", "unheard_of": 5, "amount": 1, "amount_captured": 2, "billing_details": {"address": {"city": "Graz"}}}`,
	} {
		objects = append(objects, Object{Raw: []byte(raw), ID: "ch_1", Account: "acct_1"})
	}
	objects = append(objects, objects...)
	b := mappings.Mapper("charge").Map(objects)[0]
	defer b.Rows.Release()
	got := rows(t, b)
	if len(got) != len(objects) || !strings.Contains(got[0], `"a": 1, "b": 2, "c": "Graz"`) {
		t.Fatal(got, b.Rejects)
	}
	for i, row := range got {
		if row != got[0] {
			t.Errorf("object %d: %s, want %s", i, row, got[0])
		}
	}
}
