package schemas

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

const renamedTable = "schema: stripe.t\nversion: 1.0.0\ntitle: T\ndescription: A table.\ntable: ts\nprimary_key: [id]\ntimestamp: created\nfields:\n" +
	"  id: {type: string, title: ID, required: true}\n  created: {type: date-time, title: Created, required: true}\n"

// TestFormerNamesAreColumns checks the places of former names. privacy.yaml applies to
// them as to the field: a value dropped or hashed under its present name is not in the
// clear under a former one.
func TestFormerNamesAreColumns(t *testing.T) {
	t.Parallel()
	const fields = "  mail: {type: string, title: M, label: pii, renamed_from: [email, address]}\n" +
		"  home: {type: object, title: H, renamed_from: house, fields: {city: {type: string, title: C, label: pii, renamed_from: town}}}\n"
	for _, tc := range []struct{ privacy, want string }{
		{"pii: keep", "id created mail email<mail address<mail home(city town<city) house<home(city town<city)"},
		{"pii: drop", "id created"},
		{"pii: hash", "id created mail# email#<mail address#<mail home(city# town#<city) house<home(city# town#<city)"},
		{"pii: keep\nfields: {ts.mail: drop, ts.home.city: hash}", "id created home(city# town#<city) house<home(city# town#<city)"},
		{"pii: keep\nfields: {ts.email: drop}", "privacy.yaml:2:10: P1: no table has the field ts.email; did you mean ts.mail?"},
	} {
		set, err := Load(fstest.MapFS{"stripe/t.yaml": {Data: []byte(renamedTable + fields)}, "privacy.yaml": {Data: []byte(tc.privacy + "\n")}})
		got := ""
		if err != nil {
			got = err.Error()
		} else {
			got = outline(set.Schemas[0].Fields)
		}
		if diff := cmp.Diff(tc.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tc.privacy, diff)
		}
	}
}

// outline writes fields in a line: # marks hashed ones, < the present name of a former
// one.
func outline(fields []*Field) string {
	var out []string
	for _, f := range fields {
		text := f.Name
		if f.Hashed {
			text += "#"
		}
		if f.FormerOf != "" {
			text += "<" + f.FormerOf
		}
		if inner := f.Type.Inner(); len(inner) > 0 {
			text += "(" + outline(inner) + ")"
		}
		out = append(out, text)
	}
	return strings.Join(out, " ")
}

// TestFormerNamesAreFree checks the message for each former name that cannot be a
// column.
func TestFormerNamesAreFree(t *testing.T) {
	t.Parallel()
	for fields, want := range map[string]string{
		"a: {type: string, title: A, renamed_from: id}":                                                                          "a is renamed from id, and that name is taken by id: take one of them out",
		"a: {type: string, title: A, renamed_from: ID}":                                                                          "a is renamed from ID, and that name is taken by id: take one of them out",
		"a: {type: string, title: A, renamed_from: A}":                                                                           "a is renamed from A, which is one name to the warehouse: leave renamed_from out",
		"a: {type: string, title: A, renamed_from: 1st}":                                                                         `a is renamed from "1st", which no field can be called`,
		"a: {type: string, title: A, renamed_from: deleted}":                                                                     "deleted is a column that every table has: choose another name",
		"a: {type: string, title: A, renamed_from: x}\n  b: {type: string, title: B, renamed_from: x}":                           "b is renamed from x, and that name is taken by a: take one of them out",
		"c: {type: string, title: C}\n  a: {type: money, unit: c, title: A, renamed_from: x}\n  x_minor: {type: long, title: X}": "x is money and brings a column x_minor, which is declared too: rename that, or set minor: false",
	} {
		_, err := Load(fstest.MapFS{
			"stripe/t.yaml":                  {Data: []byte(renamedTable + "  " + fields + "\n")},
			"lookups/currency_exponent.yaml": {Data: []byte("lookup: currency_exponent\ntitle: E\nrows: {jpy: 0}\n")},
		})
		if err == nil || !strings.HasSuffix(err.Error(), ": S2: "+want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s:\n%v\nwant %s", fields, err, want)
		}
	}
}

// TestUnknownFormerNames compares an edited set with the one that a lake was built
// with: each former name of a table that both have is a column of the lake's.
func TestUnknownFormerNames(t *testing.T) {
	t.Parallel()
	const present = "  channel: {type: string, title: C}\n  mail: {type: string, title: M, label: pii}\n  kept: {type: string, title: K, renamed_from: older}\n" +
		"  o: {type: object, title: O, fields: {town: {type: string, title: T}}}\n"
	load := func(table, fields, privacy string) *Set {
		set, err := Load(fstest.MapFS{
			"stripe/t.yaml": {Data: []byte(strings.Replace(renamedTable, "table: ts", "table: "+table, 1) + fields)},
			"privacy.yaml":  {Data: []byte("pii: " + privacy + "\n")},
		})
		if err != nil {
			t.Fatal(fields, err)
		}
		return set
	}
	for fields, want := range map[string]string{
		present: "",
		strings.Replace(present, "channel: {", "way: {renamed_from: channel, ", 1):                                                                                       "",
		strings.Replace(present, "channel: {", "way: {renamed_from: Channel, ", 1):                                                                                       "",
		strings.Replace(present, "kept: {type: string, title: K, renamed_from: older", "now: {type: string, title: K, renamed_from: [kept, older]", 1):                   "",
		strings.Replace(present, "mail: {", "email: {renamed_from: mail, ", 1):                                                                                           "",
		strings.Replace(present, "channel: {", "way: {renamed_from: chanel, ", 1):                                                                                        "11:3: S15: way is renamed from chanel, and in the lake ts has no such column; did you mean channel?",
		strings.Replace(present, "channel: {", "way: {renamed_from: x, ", 1):                                                                                             "11:3: S15: way is renamed from x, and in the lake ts has no such column: write one of those that would be removed (channel), or leave renamed_from out",
		present + "  y: {type: string, title: Y, renamed_from: x}\n":                                                                                                     "15:3: S15: y is renamed from x, and in the lake ts has no such column: leave renamed_from out",
		strings.Replace(present, "{town: {", "{city: {renamed_from: twn, ", 1):                                                                                           "14:40: S15: city is renamed from twn, and in the lake ts.o has no such column; did you mean town?",
		strings.Replace(present, "o: {type: object, title: O, fields: {town: {", "p: {renamed_from: o, type: object, title: O, fields: {city: {renamed_from: town, ", 1): "",
	} {
		got := load("ts", fields, "keep").UnknownFormerNames(load("ts", present, "drop"))
		if want != "" {
			want = "stripe/t.yaml:" + want
		}
		if diff := cmp.Diff(want, got.Error()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", fields, diff)
		}
		if want != "" && got[0].Fix == "" {
			t.Errorf("%s: no fix", want)
		}
		if other := load("others", fields, "keep").UnknownFormerNames(load("ts", present, "keep")); len(other) > 0 {
			t.Errorf("a table that the lake has not: %v", other)
		}
	}
}
