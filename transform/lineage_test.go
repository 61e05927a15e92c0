package transform

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stripelake/stripelake/schemas"
)

// shippedMapping is a mapping of the shipped set, compiled.
func shippedMapping(t *testing.T, name string) (*Mappings, *schemas.Mapping) {
	t.Helper()
	set, err := schemas.Load(schemas.Embedded())
	if err != nil {
		t.Fatal(err)
	}
	mappings, err := Compile(set)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range set.Mappings {
		if m.Name == name {
			return mappings, m
		}
	}
	t.Fatalf("no mapping %s", name)
	return nil, nil
}

// TestDataPrep compares the whole charge mapping in Data Prep's language, and
// one of items, which has none.
func TestDataPrep(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"stripe.charge", "stripe.price", "stripe.subscription_item"} {
		mappings, m := shippedMapping(t, name)
		var out strings.Builder
		for _, l := range mappings.Lineage(m) {
			if (l.DataPrep == "") == (l.Reason == "") {
				t.Errorf("%s: Data Prep %q, reason %q: want one of the two", l.Target, l.DataPrep, l.Reason)
			}
			text := l.DataPrep
			if text == "" {
				text = "none: " + l.Reason
			}
			fmt.Fprintf(&out, "%s: %s\n", l.Target, text)
		}
		golden(t, strings.TrimPrefix(name, "stripe.")+".dataprep.txt", out.String())
	}
}

// TestSQL compares a query with its golden file. internal/pipeline, which has
// DuckDB, tests that it computes what the kernel computes.
func TestSQL(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"price", "subscription_item"} {
		mappings, m := shippedMapping(t, "stripe."+name)
		golden(t, name+".sql", mappings.SQL(m))
	}
	if mappings, m := shippedMapping(t, "stripe.price"); (&Mappings{}).SQL(m) != "" || (&Mappings{}).Lineage(m) != nil || mappings.SQL(nil) != "" {
		t.Error("something is known of a mapping that the plan does not have")
	}
}

func TestLineage(t *testing.T) {
	t.Parallel()
	mappings, m := shippedMapping(t, "stripe.charge")
	want := map[string]ColumnLineage{
		"bnpl.payer_country": {
			Type: schemas.Type{Kind: schemas.String}, Expression: "pm.klarna.payer_details.address.country",
			Sources: []string{"payment_method_details.klarna.payer_details.address.country"},
			SQL: "CASE json_type(raw.object, '$.payment_method_details.klarna.payer_details.address.country') WHEN 'VARCHAR' " +
				"THEN raw.object ->> '$.payment_method_details.klarna.payer_details.address.country' END",
		},
		"shipping.address.city": {
			Type: schemas.Type{Kind: schemas.String}, Expression: "city", Sources: []string{"shipping.address.city"},
			SQL: "CASE json_type(raw.object, '$.shipping.address.city') WHEN 'VARCHAR' THEN raw.object ->> '$.shipping.address.city' END",
		},
		"failure_code": {
			Type: schemas.Type{Kind: schemas.String}, Expression: "failure_code", Sources: []string{"failure_code"},
			SQL: "CASE json_type(raw.object, '$.failure_code') WHEN 'VARCHAR' THEN raw.object ->> '$.failure_code' END",
		},
		"order_id": {
			Type: schemas.Type{Kind: schemas.String}, Expression: `metadata["order_id"]`, Sources: []string{"metadata.order_id"},
			SQL: "CASE json_type(raw.object, '$.metadata.order_id') WHEN 'VARCHAR' THEN raw.object ->> '$.metadata.order_id' END",
		},
		"synced_at": {Type: schemas.Type{Kind: schemas.DateTime}, Expression: "$synced_at", SQL: "raw.observed_at"},
	}
	found := 0
	for _, l := range mappings.Lineage(m) {
		w, ok := want[l.Target]
		if !ok {
			continue
		}
		found++
		if l.Field == nil || l.Pos.File != "mappings/stripe/charge.yaml" || l.Pos.Line == 0 {
			t.Errorf("%s: field %v, at %v", l.Target, l.Field, l.Pos)
		}
		w.Target, w.DataPrep, w.Field, w.Pos = l.Target, l.DataPrep, l.Field, l.Pos
		if diff := cmp.Diff(w, l); diff != "" {
			t.Errorf("%s (-want +got):\n%s", l.Target, diff)
		}
	}
	if found != len(want) {
		t.Errorf("%d of %d leaves found", found, len(want))
	}

	mappings, m = shippedMapping(t, "stripe.subscription_item")
	for _, l := range mappings.Lineage(m) {
		if l.Target == "tax_rates[].percentage" {
			if diff := cmp.Diff([]string{"items.data[].tax_rates[].percentage"}, l.Sources); diff != "" {
				t.Errorf("sources (-want +got):\n%s", diff)
			}
			if want := `->> '$.percentage'`; !strings.Contains(l.SQL, want) {
				t.Errorf("SQL %s has no %s", l.SQL, want)
			}
			return
		}
	}
	t.Error("no tax_rates[].percentage")
}

// TestEveryFunctionInEveryLanguage holds that a function has its SQL, and its
// Data Prep or the reason why not, in its entry and in use.
func TestEveryFunctionInEveryLanguage(t *testing.T) {
	t.Parallel()
	for _, f := range Functions() {
		if f.SQL == "" || (f.DataPrep == "") == (f.Reason == "") {
			t.Errorf("%s: SQL %q, Data Prep %q, reason %q", f.Name, f.SQL, f.DataPrep, f.Reason)
		}
		if f.Signature == "" || f.Nulls == "" || f.Example == "" || f.Doc == "" {
			t.Errorf("%s is not documented", f.Name)
		}
	}
}

// TestMissedValues holds M8: a lookup that lacks a value which Stripe documents
// is warned of, unless the mapping has a default for it.
func TestMissedValues(t *testing.T) {
	t.Parallel()
	for mapping, want := range map[string]string{
		`x: lookup(bnpl_provider, status)`:                          `8:6: M8: lookup bnpl_provider has no failed, pending, succeeded, which status may be: add a row, or say what they become with ?? behind the lookup`,
		`x: upper(lookup(bnpl_provider, status))`:                   `8:12: M8: lookup bnpl_provider has no failed, pending, succeeded, which status may be: add a row, or say what they become with ?? behind the lookup`,
		`x: 'status ?? lookup(bnpl_provider, status)'`:              `8:17: M8: lookup bnpl_provider has no failed, pending, succeeded, which status may be: add a row, or say what they become with ?? behind the lookup`,
		`x: lookup(bnpl_provider, payment_method_details.fpx.bank)`: `8:6: M8: lookup bnpl_provider has no `,
		`x: lookup(bnpl_provider, status) ?? "other"`:               ``,
		`x: upper(lookup(bnpl_provider, status)) ?? status`:         ``,
		`x: coalesce(lookup(bnpl_provider, status), "other")`:       ``,
		`x: 'status in bnpl_provider ? "yes" : "no"'`:               ``,
		`x: lookup(bnpl_provider, failure_code)`:                    ``, // Stripe lists no values of it
	} {
		mappings, err := Compile(small(t, "x: {type: string, title: X, description: X.}", charges+"  "+mapping+"\n"))
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		for _, w := range mappings.Warnings() {
			if w.Code == "M8" {
				got += strings.TrimPrefix(w.String(), "mappings/stripe/t.yaml:")
			}
		}
		if want != got && (want == "" || !strings.HasPrefix(got, want)) {
			t.Errorf("%s: %q, want %q", mapping, got, want)
		}
	}
	for _, w := range embedded(t).Warnings() {
		if w.Code == "M8" {
			t.Errorf("shipped: %s", w)
		}
	}
}
