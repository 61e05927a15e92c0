package authoring

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stripelake/stripelake/transform"
)

// compared returns the differences between the rows that two sets make of some objects.
func compared(t *testing.T, old, now []edit, table, object string, raws ...string) RowDiff {
	t.Helper()
	before, beforeMappings := edited(t, old...)
	after, afterMappings := edited(t, now...)
	c := newRowComparison(before, after, table)
	var objects []transform.Object
	for _, raw := range raws {
		o, err := Parse([]byte(raw))
		if err != nil {
			t.Fatal(err)
		}
		objects = append(objects, o)
	}
	c.compareBatch(rowsIn(beforeMappings.Mapper(object), objects, table), rowsIn(afterMappings.Mapper(object), objects, table))
	for _, examples := range c.examples {
		c.Examples = append(c.Examples, examples...)
	}
	slices.SortFunc(c.Examples, func(a, b Example) int { return slices.Compare([]string{a.ID, a.Column}, []string{b.ID, b.Column}) })
	return c.RowDiff
}

const threeItems = `{"id": "sub_1", "object": "subscription", "created": 1700000000, "livemode": false, "status": "active", "items": {"data": [
	{"id": "si_1", "created": 1700000001, "quantity": 1}, {"id": "si_2", "created": 1700000002, "quantity": 2}, {"id": "si_3", "created": 1700000003, "quantity": 3}]}}`

// TestRowsAreComparedByKey checks that a row is compared with the row of the same key:
// a row that only moved, because another one before it came or went, did not change.
func TestRowsAreComparedByKey(t *testing.T) {
	t.Parallel()
	const mapping, schema = "mappings/stripe/subscription_item.yaml", "stripe/subscription_item.yaml"
	without := edit{mapping, "\nfields:\n", "\nwhere: item.quantity != 1\nfields:\n"}
	more := edit{mapping, "[id, quantity, metadata]\n\nfields:\n", "[id, metadata]\n\nfields:\n  quantity: item.quantity + 10\n"}
	renamed := []edit{
		{schema, "  quantity:    {", "  units:    {renamed_from: quantity, "},
		{mapping, "[id, quantity, metadata]\n\nfields:\n", "[id, metadata]\n\nfields:\n  units: item.quantity\n"},
	}
	key := []edit{
		{schema, "primary_key: [id]", "primary_key: [item_id]"},
		{schema, "\nfields:\n  id:                   {", "\nfields:\n  item_id: {renamed_from: id, "},
		{mapping, "[id, quantity, metadata]\n\nfields:\n", "[quantity, metadata]\n\nfields:\n  item_id: item.id\n"},
	}
	personal := []edit{
		{schema, "  nickname:    {", "  called: {renamed_from: nickname, "},
		{mapping, "  nickname: coalesce(price.nickname, plan.nickname, plan.name)", `  called: '"other"'`},
	}
	for _, tc := range []struct {
		name     string
		old, now []edit
		want     RowDiff
	}{
		{"nothing", nil, nil, RowDiff{}},
		{"the first one goes", nil, []edit{without}, RowDiff{Removed: 1}},
		{"the first one comes", []edit{without}, nil, RowDiff{Added: 1}},
		{"the first goes, the others change", nil, []edit{more, without}, RowDiff{Removed: 1, Changed: 1, Examples: []Example{
			{"sub_1", "quantity", "2", "12"}, {"sub_1", "quantity", "3", "13"},
		}}},
		{"other rows, which read as the old ones did", []edit{without}, []edit{
			{mapping, "[id, quantity, metadata]\n\nfields:\n", "[id, metadata]\n\nwhere: item.quantity != 3\nfields:\n  quantity: item.quantity + 1\n"},
		}, RowDiff{Added: 1, Removed: 1, Changed: 1, Examples: []Example{{"sub_1", "quantity", "2", "3"}}}},
		{"a column under another name", nil, renamed, RowDiff{}},
		{"personal data under another name", []edit{{schema, "title: Price nickname,", "title: Price nickname, label: pii,"}, {mapping, "coalesce(price.nickname, ", `coalesce("Ada", `}}, personal, RowDiff{Changed: 1, Examples: []Example{
			{"sub_1", "called", "(hidden)", "(hidden)"}, {"sub_1", "called", "(hidden)", "(hidden)"},
		}}},
		{"the key under another name", nil, key, RowDiff{}},
	} {
		got := compared(t, tc.old, tc.now, "subscription_items", "subscription", threeItems)
		if diff := cmp.Diff(tc.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tc.name, diff)
		}
	}
}

// moments is a table that two mappings of one object fill, each with different rows.
func moments() []edit {
	const schema = "schema: stripe.moment\nversion: 1.0.0\ntitle: Moments\ndescription: One row a charge.\ntable: moments\nprimary_key: [id]\ntimestamp: created\nfields:\n" +
		"  id: {type: string, title: Id, required: true}\n  created: {type: date-time, title: Created, required: true}\n  what: {type: string, title: What}\n"
	const mapping = "mapping: stripe.moment_%s\nversion: 1.0.0\nsource: {system: stripe, object: charge, api_version: 2023-10-16}\ntarget: stripe.moment@1\nwhere: %s\nsame: [id]\n" +
		"fields: {created: unix(created), what: %s}\n"
	return []edit{
		{"stripe/moment.yaml", "", schema},
		{"mappings/stripe/moment_back.yaml", "", fmt.Sprintf(mapping, "back", "refunded == true", "description")},
		{"mappings/stripe/moment_kept.yaml", "", fmt.Sprintf(mapping, "kept", "refunded != true", "statement_descriptor")},
	}
}

// TestTwoMappingsOfOneObject checks that preview, coverage and diff use both.
func TestTwoMappingsOfOneObject(t *testing.T) {
	t.Parallel()
	const charge = `{"id": "%s", "object": "charge", "created": 1700000000, "refunded": %t, "description": "back", "statement_descriptor": "kept"}`
	set, mappings := edited(t, moments()...)
	var got []string
	for _, refunded := range []bool{true, false} {
		o, err := Parse(fmt.Appendf(nil, charge, "ch_1", refunded))
		if err != nil {
			t.Fatal(err)
		}
		preview, err := PreviewOf(set, mappings, o)
		if err != nil {
			t.Fatal(err)
		}
		for _, table := range preview.Tables {
			if table.Table != "moments" {
				if table.Mapping != "" {
					t.Errorf("%s is filled by one mapping, and %s is named", table.Table, table.Mapping)
				}
				continue
			}
			line := fmt.Sprintf("%t by %s: %d left out", refunded, table.Mapping, table.LeftOut)
			for _, row := range table.Rows {
				i := slices.IndexFunc(row, func(c Cell) bool { return c.Field == "what" })
				line += fmt.Sprintf(", %s ← %s", row[i].Value, row[i].Expression)
			}
			got = append(got, line)
		}
	}
	want := []string{
		`true by stripe.moment_back: 0 left out, "back" ← description`,
		`true by stripe.moment_kept: 1 left out`,
		`false by stripe.moment_back: 1 left out`,
		`false by stripe.moment_kept: 0 left out, "kept" ← statement_descriptor`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("preview (-want +got):\n%s", diff)
	}
	if read, _ := taken(set, mappings, set.Table("moments"), "charge"); !read["description"] || !read["statement_descriptor"] {
		t.Errorf("coverage takes one of the mappings only: %v", read)
	}
	loud := moments()
	loud[1].new = strings.Replace(loud[1].new, "what: description", "what: upper(description)", 1)
	loud[2].new = strings.Replace(loud[2].new, "what: statement_descriptor", "what: upper(statement_descriptor)", 1)
	changes := compared(t, moments(), loud, "moments", "charge", fmt.Sprintf(charge, "ch_1", true), fmt.Sprintf(charge, "ch_2", false))
	if diff := cmp.Diff(RowDiff{Changed: 2, Examples: []Example{{"ch_1", "what", `"back"`, `"BACK"`}, {"ch_2", "what", `"kept"`, `"KEPT"`}}}, changes); diff != "" {
		t.Errorf("diff (-want +got):\n%s", diff)
	}
}
