package authoring

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/stripelake/stripelake/schemas"
)

// readFile has the parts of a properties file that the test reads.
type readFile struct {
	Sources []struct {
		Name   string
		Tables []struct {
			Name        string
			Description string
			Columns     []struct {
				Name, Description string
				DataType          string `json:"data_type"`
			}
		}
	}
}

// exported returns the file for a set, after a check against dbt's own JSON Schema.
func exported(t *testing.T, set *schemas.Set) (text string, file readFile) {
	t.Helper()
	text, err := DBT(t.Context(), set, "stripe")
	if err != nil {
		t.Fatal(err)
	}
	asJSON, err := yaml.YAMLToJSON([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(asJSON))
	if err != nil {
		t.Fatal(err)
	}
	schema, err := jsonschema.NewCompiler().Compile(filepath.Join("..", "..", "testdata", "dbt", "sources.schema.json"))
	if err == nil {
		err = schema.Validate(value)
	}
	if err != nil {
		t.Errorf("dbt would not take it: %v", err)
	}
	if err := json.Unmarshal(asJSON, &file); err != nil {
		t.Fatal(err)
	}
	return text, file
}

// The file has everything that is published, and each column has a type and a
// description.
func TestDBT(t *testing.T) {
	t.Parallel()
	set, err := schemas.Load(schemas.Embedded())
	if err != nil {
		t.Fatal(err)
	}
	_, file := exported(t, set)
	var want, got []string
	for _, s := range set.Schemas {
		want = append(want, s.Table)
		if s.History {
			want = append(want, s.HistoryTable())
		}
	}
	for _, m := range set.Marts {
		want = append(want, m.Name)
	}
	for _, table := range file.Sources[0].Tables {
		got = append(got, table.Name)
		if table.Description == "" || len(table.Columns) == 0 {
			t.Errorf("%s has %d columns and says %q", table.Name, len(table.Columns), table.Description)
		}
		var names []string
		for _, c := range table.Columns {
			names = append(names, c.Name)
			if c.Description == "" || c.DataType == "" {
				t.Errorf("%s.%s: type %q, description %q", table.Name, c.Name, c.DataType, c.Description)
			}
		}
		if s := set.Table(table.Name); s != nil && len(names) != len(s.Columns()) {
			t.Errorf("%s has %d columns, not %d", table.Name, len(names), len(s.Columns()))
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-published +exported):\n%s", diff)
	}
	if len(file.Sources) != 2 || file.Sources[1].Name != "stripe_meta" {
		t.Errorf("sources: %+v", file.Sources)
	}
}

// A set that uses all properties of schemas gives a file that dbt accepts. It has a
// test only where the test holds.
func TestDBTOfAnotherSet(t *testing.T) {
	t.Parallel()
	shipped, err := schemas.Load(schemas.Embedded())
	if err != nil {
		t.Fatal(err)
	}
	files := shipped.Files()
	files["privacy.yaml"] = "pii: hash\n"
	files["marts/broken.sql"] = "-- It names what is not there.\nSELECT\n  nothing -- of the kind\nFROM charges"
	files["stripe/thing.yaml"] = `schema: stripe.thing
version: 1.0.0
title: 'A "thing" {{ in braces }}'
description: "Two lines:\n- {% raw %} # and more"
table: things
primary_key: [id, n]
timestamp: created
fields:
  id: {type: string, title: ID, required: true}
  n: {type: integer, title: N, required: true}
  created: {type: date-time, title: Created, required: true}
  y: {type: string, title: Yes, enum: {"no": No, "on": "On"}, closed: true}
  mail: {type: string, title: Mail, label: pii, enum: {a: A}, closed: true}
  charge_id: {type: string, title: Charge, ref: stripe.charge}
  line: {type: short, title: Line, description: Once., status: deprecated, replaced_by: n}
`
	set, err := schemas.LoadFiles(files)
	if err != nil {
		t.Fatal(err)
	}
	text, file := exported(t, set)
	names := []string{}
	for _, table := range file.Sources[0].Tables {
		names = append(names, table.Name)
	}
	if slices.Contains(names, "broken") || !slices.Contains(names, "things") {
		t.Errorf("tables %v", names)
	}
	_, thing, _ := strings.Cut(text, "      - name: \"things\"\n")
	thing, _, _ = strings.Cut(thing, "\n      - name: ")
	thing = strings.Join(strings.Fields(thing), " ")
	for _, want := range []string{
		`description: "A \"thing\" { { in braces }}. Two lines:\n- { % raw %} # and more"`,
		`column_name: "concat_ws('/', account, \"id\", \"n\")"`,
		`- name: "y"`, `values: - "no" - "on"`, `meta: pii: true hashed: true`, `meta: status: "deprecated" replaced_by: "n"`,
	} {
		if !strings.Contains(thing, want) {
			t.Errorf("no %s in:\n%s", want, thing)
		}
	}
	// Hashes are not tested as values. Rows without synced_at could be late ones.
	for _, wrong := range []string{`- "a"`, "relationships"} {
		if strings.Contains(thing, wrong) {
			t.Errorf("%s in:\n%s", wrong, thing)
		}
	}
}

// References are tested if the existence of their objects can be known: not for
// deletable objects, not for columns that may be filled late, and only from the start
// of the other list, unless its objects are made together with the row.
func TestDBTReferences(t *testing.T) {
	t.Parallel()
	set, err := schemas.Load(schemas.Embedded())
	if err != nil {
		t.Fatal(err)
	}
	text, _ := exported(t, set)
	var got []string
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if to, is := strings.CutPrefix(line, `to: "source('stripe', '`); is {
			got = append(got, strings.TrimSuffix(to, `')"`))
		}
		if strings.Contains(line, "k.complete_from IS NULL OR") {
			got[len(got)-1] += ", made with the row"
		}
	}
	want := []string{"balance_transactions, made with the row", "charges", "balance_transactions, made with the row", "subscriptions"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("references (-want +got):\n%s", diff)
	}
}
