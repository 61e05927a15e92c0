package authoring

import (
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stripelake/stripelake/schemas"
	"github.com/stripelake/stripelake/transform"
)

// edit replaces text in a file of the shipped set.
type edit struct{ file, old, new string }

// edited returns the shipped set after some edits, compiled.
func edited(t *testing.T, edits ...edit) (*schemas.Set, *transform.Mappings) {
	t.Helper()
	files := map[string]string{}
	err := fs.WalkDir(schemas.Embedded(), ".", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".yaml" {
			return err
		}
		text, err := fs.ReadFile(schemas.Embedded(), path)
		files[path] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range edits {
		if !strings.Contains(files[e.file], e.old) {
			t.Fatalf("%s does not hold %q", e.file, e.old)
		}
		files[e.file] = strings.Replace(files[e.file], e.old, e.new, 1)
	}
	set, err := schemas.LoadFiles(files)
	if err != nil {
		t.Fatal(err)
	}
	mappings, err := transform.Compile(set)
	if err != nil {
		t.Fatal(err)
	}
	return set, mappings
}

// TestDiff checks for each kind of edit its description, whether it breaks readers, and
// the version that it needs.
func TestDiff(t *testing.T) {
	t.Parallel()
	const schema, mapping = "stripe/refund.yaml", "mappings/stripe/refund.yaml"
	const minor = "raise the minor version of refunds: it is at 1.0.0, was 1.0.0"
	const major = "S7: a breaking change needs a new major version: refunds is at 1.0.0, was 1.0.0"
	closed := edit{schema, "    enum: {succ", "    closed: true\n    enum: {succ"}
	column := edit{schema, "\nfields:\n", "\nfields:\n  extra: {type: string, title: Extra}\n"}
	plain := edit{column.file, column.old, strings.Replace(column.new, "extra: {", "more: {", 1)}
	renamed := edit{column.file, column.old, strings.Replace(column.new, "extra: {", "more: {renamed_from: extra, ", 1)}
	for _, tc := range []struct {
		name       string
		old, edits []edit
		want       []string
	}{
		{"nothing", nil, nil, nil},
		{"words", nil, []edit{{schema, "title: Reason", "title: Why"}}, []string{
			"reason: other words (title, description, label, reference or known values)",
		}},
		{"a new column", nil, []edit{column}, []string{"extra: new column, string", minor}},
		{"a new column as a patch", nil, []edit{column, {schema, "version: 1.0.0", "version: 1.0.1"}}, []string{
			"extra: new column, string", strings.Replace(minor, "at 1.0.0", "at 1.0.1", 1),
		}},
		{"a new column as a minor version", nil, []edit{column, {schema, "version: 1.0.0", "version: 1.1.0"}}, []string{"extra: new column, string"}},
		{"a version that goes back", []edit{{schema, "version: 1.0.0", "version: 1.10.0"}}, []edit{column, {schema, "version: 1.0.0", "version: 1.9.0"}}, []string{
			"extra: new column, string", "raise the minor version of refunds: it is at 1.9.0, was 1.10.0",
		}},
		{"a column renamed", []edit{column}, []edit{renamed}, []string{"more: new name of extra, which stays beside it", minor}},
		{"a column renamed and nothing else since", []edit{renamed}, []edit{renamed}, nil},
		{"a column renamed, and more", []edit{column}, []edit{{renamed.file, renamed.old, strings.Replace(renamed.new, "string", "json", 1)}}, []string{
			"more: new name of extra, which stays beside it", "more: type string becomes json [breaking]", major,
		}},
		{"a former name added later", []edit{plain}, []edit{renamed}, []string{"extra: former name of more, as a second column", minor}},
		{"a former name gone", []edit{renamed}, []edit{plain}, []string{"extra: column removed [breaking]", major}},
		{"a name without its former one", []edit{column}, []edit{plain}, []string{"more: new column, string", "extra: column removed [breaking]", major}},
		{"the key renamed", nil, []edit{
			{schema, "primary_key: [id]", "primary_key: [refund_id]"},
			{schema, "\n  id:\n", "\n  refund_id:\n    renamed_from: id\n"},
			{mapping, "same: [id, ", "same: ["},
			{mapping, "\nfields:\n", "\nfields:\n  refund_id: id\n"},
		}, []string{"refund_id: new name of id, which stays beside it", minor}},
		{"an object renamed", nil, []edit{
			{schema, "\n  presentment:\n", "\n  shown:\n    renamed_from: presentment\n"}, {mapping, "\n  presentment:\n", "\n  shown:\n"},
		}, []string{"shown.currency: new name of presentment.currency, which stays beside it", "shown.amount: new name of presentment.amount, which stays beside it", minor}},
		{"a type and what makes it", []edit{column, {mapping, "\nfields:\n", "\nfields:\n  extra: reason\n"}}, []edit{
			{column.file, column.old, strings.Replace(column.new, "string", "json", 1)}, {mapping, "\nfields:\n", "\nfields:\n  extra: json(metadata)\n"},
		}, []string{"extra: type string becomes json [breaking]", "extra: made by json(metadata), was reason", major}},
		{"an enum closed", nil, []edit{closed}, []string{"status: its enum is closed now: rows with other values are refused [breaking]", major}},
		{"a closed enum with less", []edit{closed}, []edit{closed, {schema, "canceled: Canceled", "cancelled: Canceled"}}, []string{
			"status: its closed enum lost values: rows with them are refused [breaking]",
			"status: other words (title, description, label, reference or known values)", major,
		}},
		{"other partitions", nil, []edit{{schema, "timestamp: created", "timestamp: created\npartition: day"}}, []string{
			"partitions by day of created, were by month of created [breaking]", major,
		}},
		{"fewer rows", nil, []edit{{mapping, "\nfields:\n", "\nwhere: amount > 5000\nfields:\n"}}, []string{
			"rows only where amount > 5000, were of every object", minor,
		}},
		{"a resource's words", nil, []edit{{"resources/refunds.yaml", "Money of charges that is given back.", "What is given back."}}, nil},
		{"a resource", nil, []edit{{"resources/refunds.yaml", "ids: [re, pyr]", "ids: [re]"}}, []string{"the resource is declared otherwise"}},
		{"a resource of another name", nil, []edit{{"resources/disputes.yaml", "resource: disputes", "resource: questions"}, {"resources/charges.yaml", "resource: disputes}", "resource: questions}"}, {"resources/balance_transactions.yaml", "refunds, disputes", "refunds, questions"}}, []string{
			"the resource is declared otherwise", "the resource is declared otherwise", "new resource", "resource removed: it is read no more",
		}},
		{"a pattern", nil, []edit{{schema, "pattern: \"^[A-Z]{3}$\"", "pattern: \"^[A-Z]{4}$\""}}, []string{
			"currency: another pattern or length is counted as drift", minor,
		}},
	} {
		old, oldMappings := edited(t, tc.old...)
		set, mappings := edited(t, tc.edits...)
		var got []string
		version := ""
		for _, d := range Diff(old, set, oldMappings, mappings) {
			line := strings.TrimPrefix(d.Column+": "+d.What, ": ")
			if d.Breaking {
				line += " [breaking]"
			}
			got, version = append(got, line), d.Version
		}
		if version != "" {
			got = append(got, version)
		}
		if diff := cmp.Diff(tc.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tc.name, diff)
		}
	}
}

// TestLabelsAreInherited checks that members of a labelled object count as labelled, as
// in privacy.yaml: no output shows their values.
func TestLabelsAreInherited(t *testing.T) {
	t.Parallel()
	set, mappings := edited(t, edit{"stripe/charge.yaml", "  outcome:\n", "  outcome:\n    label: sensitive\n"})
	columns, err := Columns(set, mappings, set.Table("charges"))
	if err != nil {
		t.Fatal(err)
	}
	labels := map[string]string{}
	for _, c := range columns {
		labels[c.Target] = c.Label
	}
	got := fmt.Sprint(labels["outcome.reason"], " ", labels["billing.email"], " ", labels["currency"])
	if want := "sensitive pii "; got != want {
		t.Errorf("labels of outcome.reason, billing.email and currency are %q, want %q", got, want)
	}
	c := rowComparison{examples: map[string][]Example{}}
	for _, l := range leafFields(set.Table("charges").Fields) {
		c.addExample(l, Example{"ch_1", l.path, "old", "new"})
	}
	for path, hidden := range map[string]bool{"outcome.reason": true, "billing.email": true, "currency": false} {
		if e := c.examples[path]; len(e) != 1 || (e[0].New == "(hidden)") != hidden {
			t.Errorf("example of %s: %v, hidden should be %t", path, e, hidden)
		}
	}
}
