package transform

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/stripelake/stripelake/schemas"
)

// FuzzMap maps any bytes as an object of every type: it never panics, every
// object is accounted for (Invariant 3), and for valid JSON the scanner found
// what a full parser finds at every path of the trie.
func FuzzMap(f *testing.F) {
	files, _ := filepath.Glob("testdata/objects/*.json")
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	for _, s := range []string{
		``, `{`, `{"id":"\ud83e\uddd7","amount":-0}`, `{"a":[[[{"]":"}"}]]],"id":"x"}`, `{"items":{"data":[{},null,[1]]},"items":{}}`,
		"{\"id\":\"\\\\\\\"\",\"metadata\":{\"a\":\"1\",\"a\":null}}", `{"metadata":{"\u00e9":1e400}}`, "{\"description\":\"\xff\"}",
	} {
		f.Add([]byte(s))
	}
	mappings := embedded(f)
	mappers := map[string]*Mapper{}
	for _, object := range []string{"charge", "customer", "price", "refund", "subscription", "balance_transaction"} {
		mappers[object] = mappings.Mapper(object)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		tree, valid := parsed(raw)
		for object, m := range mappers {
			for _, b := range m.Map([]Object{{Raw: raw, ID: object + "_1", Account: "acct_1"}}) {
				n := int(b.Rows.NumRows()) + len(b.Rejects) + b.LeftOut
				if b.Objects != 1 || n != 1 && b.Schema.Table != "subscription_items" {
					t.Errorf("%s: %d rows, %d rejects, %d left out of one object", b.Schema.Table, b.Rows.NumRows(), len(b.Rejects), b.LeftOut)
				}
				b.Rows.Release()
			}
			if !valid {
				continue
			}
			o := Object{Raw: raw}
			if ok := m.begin(&o, m.program.scopes[0]); ok != (tree.kind == jsonObject) {
				t.Fatalf("%s: scanned %v at %d, parsed %s", object, ok, m.at, kindNames[tree.kind])
			} else if ok {
				agree(t, m, m.program.scopes[0].root, tree)
			}
		}
	})
}

// tree is a value as a full parser sees it.
type tree struct {
	kind    kind
	text    string // of a string; of a number as sent
	members map[string]*tree
	items   []*tree
}

// parsed reads one JSON value with jsontext. Of a repeated key the last counts.
func parsed(raw []byte) (*tree, bool) {
	d := jsontext.NewDecoder(bytes.NewReader(raw), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	v, err := readTree(d)
	if err != nil {
		return nil, false
	}
	_, err = d.ReadToken()
	return v, errors.Is(err, io.EOF)
}

func readTree(d *jsontext.Decoder) (*tree, error) {
	token, err := d.ReadToken()
	if err != nil {
		return nil, err
	}
	v := &tree{}
	switch token.Kind() {
	case 'n':
		v.kind = jsonNull
	case 't', 'f':
		v.kind, v.text = jsonBoolean, token.String()
	case '"':
		v.kind, v.text = jsonText, token.String()
	case '0':
		v.kind, v.text = jsonNumber, token.String()
	case '{':
		v.kind, v.members = jsonObject, map[string]*tree{}
		for d.PeekKind() != '}' {
			key, err := d.ReadToken()
			if err != nil {
				return nil, err
			}
			name := key.String()
			if v.members[name], err = readTree(d); err != nil {
				return nil, err
			}
		}
		_, err = d.ReadToken()
	case '[':
		v.kind = jsonList
		for d.PeekKind() != ']' {
			item, err := readTree(d)
			if err != nil {
				return nil, err
			}
			v.items = append(v.items, item)
		}
		_, err = d.ReadToken()
	}
	return v, err
}

// agree compares the scanner's slots with the parsed value.
func agree(t *testing.T, m *Mapper, n *node, want *tree) {
	t.Helper()
	if n.slot == unwanted {
		return
	}
	s := m.slots[n.slot]
	if want == nil {
		want = &tree{}
	}
	found := s.kind
	if found == jsonEscaped {
		found = jsonText
	}
	if found != want.kind {
		t.Fatalf("%q is %s, parsed as %s", n.name, kindNames[s.kind], kindNames[want.kind])
	}
	switch found {
	case jsonText:
		if got := readText(&m.evaluation, s, 0); got.state != stateSet || string(got.text) != want.text {
			t.Fatalf("%q is %q, parsed as %q", n.name, got.text, want.text)
		}
	case jsonNumber:
		if got := string(m.raw[s.start:s.end]); got != want.text || !isNumber([]byte(got)) {
			t.Fatalf("%q is %q, parsed as %q", n.name, got, want.text)
		}
	case jsonBoolean:
		if got := string(m.raw[s.start:s.end]); got != want.text {
			t.Fatalf("%q is %q, parsed as %q", n.name, got, want.text)
		}
	case jsonList:
		if n.list >= 0 && len(m.lists[n.list]) != len(want.items) {
			t.Fatalf("%q has %d elements, parsed as %d", n.name, len(m.lists[n.list]), len(want.items))
		}
	}
	for _, bucket := range n.keys {
		for _, c := range bucket {
			agree(t, m, c.node, want.members[c.key])
		}
	}
	for i, c := range n.items {
		if c != nil && i < len(want.items) {
			agree(t, m, c, want.items[i])
		}
	}
}

// FuzzExpression compiles any text as an expression: mistakes come back, panics
// do not.
func FuzzExpression(f *testing.F) {
	for _, fn := range Functions() {
		f.Add(fn.Example)
	}
	for _, s := range []string{
		``, `(`, `a.b[0].c["d"]`, `$root`, `paid ? "a" : nil`, `status not in ["a"]`, `matches(matches(id, "a"), "b")`, `1 ?? 2`,
		`amount--1`, `money(amount, currency) > -99.95`, `1e400 == money(amount, currency)`, `5 < amount`, `let x = 1; x`, `a?.b`, `[1,2]`, `{a: 1}`, `#`, `"\x"`, `0x10 + 1e3`, `if a { b } else { c }`, `paid | map(#)`, "status\n== 'é'",
	} {
		f.Add(s)
	}
	set := small(f, "x: {type: string, title: X, description: X.}", charges+"  x: status\n")
	f.Fuzz(func(t *testing.T, text string) {
		m := *set.Mappings[0]
		root := *m.Root
		root.Fields = slices.Clone(root.Fields)
		root.Fields[len(root.Fields)-1].Expr = &schemas.Text{Value: text, Pos: schemas.Pos{File: "f", Line: 1, Col: 1}}
		m.Root = &root
		mappings, err := Compile(&schemas.Set{Schemas: set.Schemas, Mappings: []*schemas.Mapping{&m}, Lookups: set.Lookups})
		var problems schemas.Problems
		if err != nil && !errors.As(err, &problems) {
			t.Fatalf("%v is not Problems", err)
		}
		if err == nil {
			mappings.Mapper("charge").Map([]Object{{Raw: []byte(`{"id":"ch_1","amount":1,"status":"s"}`), ID: "ch_1"}})[0].Rows.Release()
		}
	})
}
