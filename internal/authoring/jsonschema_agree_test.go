package authoring

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/stripelake/stripelake/schemas"
	"github.com/stripelake/stripelake/transform"
)

// sound is a small set without mistakes, to plant some into.
var sound = map[string]string{
	"types/place.yaml": "type: place\ntitle: Place\ndescription: A place.\nfields:\n  city: {type: string, title: City}\n",
	"stripe/t.yaml": "schema: stripe.t\nversion: 1.0.0\ntitle: T\ndescription: A table.\ntable: ts\nprimary_key: [id]\ntimestamp: created\nfields:\n" +
		"  id: {type: string, title: ID, required: true}\n  created: {type: date-time, title: Created, required: true}\n" +
		"  currency: {type: string, title: C}\n  x: {type: string, title: X, label: pii}\n  o: {type: object, title: O, fields: {type: {type: string, title: T}, reason: {type: string, title: R}}}\n",
	"stripe/item.yaml": "schema: stripe.item\nversion: 1.0.0\ntitle: T\ndescription: A table.\ntable: items\nprimary_key: [id]\ntimestamp: created\nfields:\n" +
		"  id: {type: string, title: ID, required: true}\n  created: {type: date-time, title: Created, required: true}\n  quantity: {type: long, title: Q}\n  o: {type: object, title: O, fields: {interval: {type: string, title: I}}}\n",
	"lookups/currency_exponent.yaml": "lookup: currency_exponent\ntitle: E\nrows: {jpy: 0}\n",
	"lookups/color.yaml":             "lookup: color\ntitle: C\nrows: {red: Red, blue: 2}\n",
	"mappings/stripe/t.yaml": "mapping: stripe.t\nversion: 1.0.0\nsource: {system: stripe, object: charge, api_version: 2023-10-16}\ntarget: stripe.t@1\nsame: [id]\n" +
		"let: {way: outcome}\nfields:\n  created: unix(created)\n  x: lookup(color, currency)\n  o: {$from: outcome, $same: [type]}\nleft_out: {amount: Not wanted.}\n",
	"mappings/stripe/item.yaml": "mapping: stripe.item\nversion: 1.0.0\nsource: {object: subscription, each: items.data, as: item}\ntarget: stripe.item@1\nsame: [id, quantity]\n" +
		"fields:\n  created: unix(created)\n  o: {$from: item.price.recurring, $same: [interval]}\n",
	"resources/customers.yaml": "resource: customers\nobject: customer\ndescription: People.\nlist: {path: /v1/customers}\nchanges: [{holds: customer, id: id}]\nowner: person\n",
	"resources/charges.yaml": "resource: charges\nobject: charge\ndescription: Payments.\nlist: {path: /v1/charges}\n" +
		"changes: [{holds: charge, id: id}]\nowner: [{path: customer, resource: customers}]\n",
	"privacy.yaml": "pii: keep\nfields: {ts.x: drop}\nraw_redact: [charge.billing_details.phone]\n",
}

// planted is one change to a file of the sound set.
type planted struct {
	what, old, new string
	editor         string // where the editor's JSON Schema refuses it, "/" for the file as a whole; "" if it accepts it
	checker        string // code of the mistake that the checker reports; "" if there is none
}

// The list of each file begins with changes that both accept, continues with those that
// both refuse, and ends with those that a JSON Schema cannot detect.
var plantedIn = map[string][]planted{
	"stripe/t.yaml": {
		{"nothing", "", "", "", ""},
		{"a number as a title", "title: T", "title: 2024", "", ""},
		{"one name as the key", "[id]", "id", "", ""},
		{"names of another system", "version: 1.0.0", "version: 1.0.0\nnaming: sfcc", "", ""},
		{"names of another system, used", "version: 1.0.0\ntitle: T\n", "version: 1.0.0\nnaming: sfcc\ntitle: T\n", "", ""},
		{"a type of a file", "title: X, label: pii}", "title: X, label: pii}\n  y: {type: list<place>, title: Y}", "", ""},
		{"money", "title: X, label: pii}", "title: X, label: pii}\n  y: {type: money, title: Y, unit: currency, minor: false}", "", ""},
		{"no minor units where there is no money", "type: string, title: X", "type: string, minor: false, title: X", "", ""},
		{"a closed enum", "type: string, title: X", "type: string, closed: true, enum: {a: A, b: 2}, title: X", "", ""},
		{"a former name", "type: string, title: X", "type: string, renamed_from: w, title: X", "", ""},
		{"deprecated with a reason", "type: string, title: X", "type: string, status: deprecated, description: Gone., title: X", "", ""},

		{"a misspelt key", "table: ts", "tabel: ts", "/", "Y5"},
		{"no table", "table: ts\n", "", "/", "S2"},
		{"no description", "description: A table.\n", "", "/", "S1"},
		{"an empty title", "title: T\n", "title: ''\n", "/title", "S1"},
		{"no qualified name", "schema: stripe.t", "schema: t", "/schema", "S2"},
		{"a short version", "version: 1.0.0", "version: '1.0'", "/version", "S12"},
		{"a version with a zero before", "version: 1.0.0", "version: 1.00.0", "/version", "S12"},
		{"a table that is no name", "table: ts", "table: t s", "/table", "S2"},
		{"another behavior", "table: ts", "table: ts\nbehavior: log", "/behavior", "S12"},
		{"another partition", "table: ts", "table: ts\npartition: week", "/partition", "S12"},
		{"another order", "table: ts", "table: ts\nversion_by: created", "/version_by", "S12"},
		{"an empty key", "[id]", "[]", "/primary_key", "Y4"},
		{"a key twice", "[id]", "[id, id]", "/primary_key", "Y2"},
		{"an upper case name", "  x: {", "  X: {", "/fields", "S2"},
		{"an upper case name inside", "fields: {type: {type", "fields: {Kind: {type", "/fields/o/fields", "S2"},
		{"a name with a blank", "  x: {", "  x y: {", "/fields", "S2"},
		{"a name that every table has", "  x: {", "  deleted: {", "/fields/deleted", "S2"},
		{"a field without a type", "type: string, title: X", "title: X", "/fields/x", "S9"},
		{"a field without a title", "type: string, title: X", "type: string", "/fields/x", "S1"},
		{"a field that is text", "{type: string, title: X, label: pii}", "string", "/fields/x", "Y4"},
		{"a misspelt member", "title: X, label", "title: X, lable", "/fields/x", "Y5"},
		{"a list of money", "type: string, title: X", "type: list<money>, title: X", "/fields/x/type", "S9"},
		{"a list of lists", "type: string, title: X", "type: list<list<string>>, title: X", "/fields/x/type", "S9"},
		{"a map of money", "type: string, title: X", "type: map<money>, title: X", "/fields/x/type", "S9"},
		{"money without a unit", "type: string, title: X", "type: money, title: X", "/fields/x", "S6"},
		{"a unit without money", "type: string, title: X", "type: string, unit: currency, title: X", "/fields/x/unit", "S6"},
		{"minor units without money", "type: string, title: X", "type: string, minor: true, title: X", "/fields/x/minor", "S6"},
		{"an object without fields", "type: string, title: X", "type: object, title: X", "/fields/x", "S9"},
		{"fields of a string", "type: string, title: X", "type: string, title: X, fields: {a: {type: string, title: A}}", "/fields/x/fields", "S9"},
		{"an object of nothing", "type: string, title: X", "type: object, fields: {}, title: X", "/fields/x/fields", "Y4"},
		{"a pattern of a number", "type: string, title: X", "type: long, pattern: a, title: X", "/fields/x/pattern", "S12"},
		{"a length of nothing", "type: string, title: X", "type: string, maxLength: 0, title: X", "/fields/x/maxLength", "S12"},
		{"an enum as a list", "type: string, title: X", "type: string, enum: [a], title: X", "/fields/x/enum", "S3"},
		{"an enum without a label", "type: string, title: X", "type: string, enum: {a: ''}, title: X", "/fields/x/enum/a", "S3"},
		{"closed without an enum", "type: string, title: X", "type: string, closed: true, title: X", "/fields/x", "S3"},
		{"required: yes", "type: string, title: X", "type: string, required: maybe, title: X", "/fields/x/required", "S12"},
		{"another label", "label: pii", "label: secret", "/fields/x/label", "S12"},
		{"personal and not", "label: pii", "label: pii, not_personal: a shop's", "/fields/x", "S12"},
		{"another status", "type: string, title: X", "type: string, status: old, title: X", "/fields/x/status", "S12"},
		{"deprecated without a reason", "type: string, title: X", "type: string, status: deprecated, title: X", "/fields/x", "S1"},
		{"an identity without a namespace", "type: string, title: X", "type: string, identity: {}, title: X", "/fields/x/identity", "S12"},
		{"a reference to no schema's name", "type: string, title: X", "type: string, ref: t, title: X", "/fields/x/ref", "S5"},
		{"a former name that is none", "type: string, title: X", "type: string, renamed_from: a-b, title: X", "/fields/x/renamed_from", "S2"},
		{"a list as a file", "schema: stripe.t\n", "- a\n---\nschema: stripe.t\n", "/", "Y1"},

		{"a key that is no field", "[id]", "[idd]", "", "S10"},
		{"a key that may be null", "[id]", "[x]", "", "S10"},
		{"a timestamp that is text", "timestamp: created", "timestamp: id", "", "S10"},
		{"a type of no file", "type: string, title: X", "type: strng, title: X", "", "S9"},
		{"a unit that is no field", "title: X, label: pii}", "title: X, label: pii}\n  y: {type: money, title: Y, unit: curency}", "", "S6"},
		{"a reference to no schema", "type: string, title: X", "type: string, ref: stripe.u, title: X", "", "S5"},
		{"a former name that is taken", "type: string, title: X", "type: string, renamed_from: id, title: X", "", "S2"},
	},
	"types/place.yaml": {
		{"nothing", "", "", "", ""},
		{"what it is elsewhere", "title: Place", "title: Place\nxdm: https://ns.adobe.com/xdm/common/address", "", ""},
		{"the name of a built-in type", "type: place", "type: string", "/type", "S2"},
		{"an upper case name", "type: place", "type: Place", "/type", "S2"},
		{"no description", "description: A place.\n", "", "/", "S1"},
		{"no fields", "fields:\n  city: {type: string, title: City}\n", "", "/", "S9"},
		{"empty fields", "fields:\n  city: {type: string, title: City}\n", "fields: {}\n", "/fields", "Y4"},
		{"an upper case field", "city: {", "City: {", "/fields", "S2"},
		{"an unknown key", "title: Place", "title: Place\ntable: places", "/", "Y5"},
		{"itself inside", "type: string, title: City", "type: place, title: City", "", "S9"},
	},
	"lookups/color.yaml": {
		{"nothing", "", "", "", ""},
		{"a list", "lookup: color\ntitle: C\nrows: {red: Red, blue: 2}\n", "- lookup: color\n  title: C\n  rows: {red: Red}\n", "", ""},
		{"no title", "title: C\n", "", "/", "S1"},
		{"an upper case name", "lookup: color", "lookup: Color", "/lookup", "S2"},
		{"no rows", "rows: {red: Red, blue: 2}\n", "", "/", "L1"},
		{"empty rows", "{red: Red, blue: 2}", "{}", "/rows", "L1"},
		{"a list of values", "blue: 2", "blue: [2]", "/rows/blue", "L1"},
		{"an unknown key", "title: C", "title: C\nvalues: {}", "/", "Y5"},
		{"a list with a text", "lookup: color\ntitle: C\nrows: {red: Red, blue: 2}\n", "- color\n", "/0", "Y4"},
		{"a lookup of another's name", "lookup: color", "lookup: currency_exponent", "/rows/red", "L2"},
		{"a key twice", "blue: 2", "red: 2", "/", "Y2"},
	},
	"resources/charges.yaml": {
		{"nothing", "", "", "", ""},
		{"everything", "changes: [", "ids: [ch, py]\norder: 3\ndeleted: stub\nembeds: customers\nmentions: [{path: customer, resource: [customers]}]\nbrings: [{path: refunds}]\ntransaction: true\n" +
			"made_when_named: false\nold_object: payment\nlate_columns: x\nchanges: [{types: charge.refund, id: id, filter: charge}, {holds: charge, id: old, undocumented: Gone.}, ", "", ""},
		{"variants and members on request", "/v1/charges}", "/v1/charges, variants: ['', status=all], expand: [customer], hides_some: true}", "", ""},
		{"silent", "changes: [{holds: charge, id: id}]", "silent: true\ndue: {path: status, is: pending, at: created}", "", ""},
		{"without a list", "list: {path: /v1/charges}\nchanges: [{holds: charge, id: id}]\n", "", "", ""},

		{"a misspelt key", "object: charge", "objekt: charge", "/", "Y5"},
		{"no owner", "owner: [{path: customer, resource: customers}]\n", "", "/", "R4"},
		{"an owner that is none", "[{path: customer, resource: customers}]", "somebody", "/owner", "R4"},
		{"an owner without a resource", "{path: customer, resource: customers}", "{path: customer}", "/owner/0", "R3"},
		{"no changes", "changes: [{holds: charge, id: id}]\n", "", "/", "R5"},
		{"silent with changes", "changes: [", "silent: true\nchanges: [", "/changes", "R5"},
		{"due with changes", "changes: [", "due: {path: status, is: pending, at: created}\nchanges: [", "/due", "R5"},
		{"an event of any kind", "holds: charge, ", "", "/changes/0", "R5"},
		{"another endpoint", "/v1/charges", "/charges", "/list/path", "R1"},
		{"a variant that is none", "/v1/charges}", "/v1/charges, variants: [all]}", "/list/variants/0", "R1"},
		{"no place", "object: charge", "object: charge\norder: 0", "/order", "S12"},
		{"another deletion", "object: charge", "object: charge\ndeleted: often", "/deleted", "S12"},
		{"the whole id", "object: charge", "object: charge\nids: [ch_]", "/ids/0", "R1"},

		{"a path that Stripe does not have", "id: id}]", "id: idd}]", "", "R2"},
		{"an object that Stripe does not have", "object: charge", "object: charg", "", "R2"},
		{"a resource that is none", "resource: customers}", "resource: people}", "", "R3"},
		{"an owner that is overlooked", "[{path: customer, resource: customers}]", "nobody", "", "R4"},
		{"another's objects", "object: charge", "object: charge\nold_object: customer", "", "S11"},
	},
	"lookups/currency_exponent.yaml": {
		{"nothing", "", "", "", ""},
		{"three places", "jpy: 0", "kwd: 3", "", ""},
		{"four places", "jpy: 0", "clf: 4", "/rows/clf", "L2"},
		{"an upper case currency", "jpy: 0", "JPY: 0", "/rows", "L2"},
		{"a long currency", "jpy: 0", "euro: 2", "/rows", "L2"},
	},
	"privacy.yaml": {
		{"nothing", "", "", "", ""},
		{"one path", "[charge.billing_details.phone]", "charge.billing_details.phone", "", ""},
		{"only the policy", "\nfields: {ts.x: drop}\nraw_redact: [charge.billing_details.phone]", "", "", ""},
		{"another policy", "pii: keep", "pii: mask", "/pii", "S12"},
		{"another policy of a field", "ts.x: drop", "ts.x: mask", "/fields/ts.x", "S12"},
		{"a table as a field", "ts.x: drop", "ts: drop", "/fields", "P1"},
		{"no paths", "[charge.billing_details.phone]", "[]", "/raw_redact", "Y4"},
		{"a path twice", "[charge.b", "[charge.billing_details.phone, charge.b", "/raw_redact", "Y2"},
		{"a path into no object", "[charge.b", "[charges.b", "/raw_redact/0", "P4"},
		{"an object as a whole", "[charge.billing_details.phone]", "[charge]", "/raw_redact/0", "P4"},
		{"an unknown key", "pii: keep", "pii: keep\nredact: []", "/", "Y5"},
		{"a path that leads nowhere", "details.phone", "details.fone", "", "P4"},
		{"a field that is not there", "ts.x", "ts.y", "", "P1"},
	},
	"mappings/stripe/t.yaml": {
		{"nothing", "", "", "", ""},
		{"only what must be", "system: stripe, object: charge, api_version: 2023-10-16", "object: charge", "", ""},
		{"the newest version", "2023-10-16", "2026-08-26.dahlia", "", ""},
		{"a condition", "same: [id]", "same: id\nwhere: amount > 5", "", ""},
		{"what let names", "$from: outcome", "$from: way", "", ""},
		{"no expression but a constant", "x: lookup(color, currency)", "x: '\"a\"'", "", ""},
		{"a key of the merchant's", "  x: lookup", "  currency: metadata.any_key\n  x: lookup", "", ""},
		{"a path inside what let names", "  x: lookup", "  currency: way.reason\n  x: lookup", "", ""},
		{"a path with an index", "  x: lookup", "  currency: 'refunds.data[0].id'\n  x: lookup", "", ""},
		{"a name under let that hides a member", "let: {way: outcome}\nfields:\n", "let: {way: outcome, status: outcome}\nfields:\n  currency: status.reason\n", "", ""},
		{"the id of what may be expanded", "  x: lookup", "  currency: customer.id\n  x: lookup", "", ""},
		{"a function's name in a text", "  x: lookup", "  currency: 'concat(id, \"uper(\", ''uper('')'\n  x: lookup", "", ""},
		{"operators before parentheses", "  x: lookup", "  currency: 'not (paid and (captured or not(paid))) ? id : nil'\n  x: lookup", "", ""},
		{"a raw text", "  x: lookup", "  currency: 'concat(id, `uper(\"`)'\n  x: lookup", "", ""},
		{"nothing", "  x: lookup", "  currency: nil\n  x: lookup", "", ""},

		{"a misspelt key", "same: [id]", "sames: [id]", "/", "Y5"},
		{"no target", "target: stripe.t@1\n", "", "/", "M11"},
		{"no source", "source: {system: stripe, object: charge, api_version: 2023-10-16}\n", "", "/", "M14"},
		{"a source without an object", "object: charge, ", "", "/source", "M14"},
		{"no name", "mapping: stripe.t", "mapping: t", "/mapping", "S2"},
		{"another system", "system: stripe", "system: adyen", "/source/system", "S12"},
		{"another object", "object: charge", "object: charges", "/source/object", "M14"},
		{"another version", "2023-10-16", "2020-08-27", "/source/api_version", "S12"},
		{"each without as", "object: charge,", "object: charge, each: refunds.data,", "/source", "M14"},
		{"a target without its version", "stripe.t@1", "stripe.t", "/target", "M11"},
		{"same twice", "same: [id]", "same: [id, id]", "/same", "Y2"},
		{"same of what Stripe does not send", "same: [id]", "same: [id, mood]", "/same/1", "M4"},
		{"a let name that is none", "way: outcome", "1way: outcome", "/let", "S2"},
		{"a let of a list", "way: outcome", "way: [outcome]", "/let/way", "M12"},
		{"an empty condition", "same: [id]", "same: [id]\nwhere: ''", "/where", "M13"},
		{"an empty expression", "lookup(color, currency)", "''", "/fields/x", "M13"},
		{"a list as an expression", "lookup(color, currency)", "[currency]", "/fields/x", "M12"},
		{"the row from something", "fields:\n", "fields:\n  $from: outcome\n", "/fields/$from", "M12"},
		{"an unknown member", "{$from: outcome,", "{$form: outcome,", "/fields/o", "M12"},
		{"from and each", "{$from: outcome,", "{$from: outcome, $each: refunds.data,", "/fields/o", "M12"},
		{"an object of nothing", ", $same: [type]}", "}", "/fields/o", "M12"},
		{"a nested name that its source does not have", "$same: [type]", "$same: [type, reasn]", "/fields/o/$same/1", "M4"},
		{"a path that is not there", "  x: lookup", "  currency: payment_method_details.klarnaa\n  x: lookup", "/fields/currency", "M1"},
		{"a nested path that is not there", "{$from: outcome, $same: [type]}", "{type: outcome.tpye}", "/fields/o/type", "M1"},
		{"a path under let that is not there", "way: outcome", "way: outcome.rul", "/let/way", "M1"},
		{"a path that is not there, without let", "let: {way: outcome}\nfields:\n  created: unix(created)\n", "fields:\n  created: unix(created)\n  currency: curency\n", "/fields/currency", "M1"},
		{"a function that is not there", "unix(created)", "unx(created)", "/fields/created", "M16"},
		{"a function that is not there, inside", "  x: lookup", "  currency: 'paid ? uper(id) : nil'\n  x: lookup", "/fields/currency", "M16"},
		{"a function that is not there, in a condition", "same: [id]", "same: [id]\nwhere: startswith(id, \"a\")", "/where", "M16"},
		{"a method", "  x: lookup", "  currency: id.upper()\n  x: lookup", "/fields/currency", "M15"},
		{"a column that is not there", "  x: lookup", "  y: lookup", "/fields", "M4"},
		{"a member that is not there", "$same: [type]}", "$same: [type], raeson: reason}", "/fields/o", "M4"},
		{"same of what is no column", "same: [id]", "same: [id, amount]", "/same/1", "M4"},
		{"a nested name that is no column", "$same: [type]", "$same: [type, rule]", "/fields/o/$same/1", "M4"},
		{"left out without a reason", "amount: Not wanted.", "amount: ''", "/left_out/amount", "M12"},
		{"left out with an index", "amount: Not", "'a.b[0]': Not", "/left_out", "M12"},

		{"a path that is not there, in a function", "unix(created)", "unix(craeted)", "", "M1"},
		{"a name that let might give", "  x: lookup", "  currency: curency\n  x: lookup", "", "M1"},
		{"another type", "unix(created)", "created", "", "M2"},
		{"a target that is not there", "stripe.t@1", "stripe.u@1", "", "M11"},
	},
	"mappings/stripe/item.yaml": {
		{"nothing", "", "", "", ""},
		{"another name of the item", "as: item}", "as: line}", "", "M1"},
		{"an item's own object", "{$from: item.price.recurring, $same: [interval]}", "{interval: item.price.recurring.interval}", "", ""},
		{"same of what an item does not have", "same: [id, quantity]", "same: [id, status]", "/same", "M4"},
		{"a nested name that its source does not have", "$same: [interval]", "$same: [intervall]", "/fields/o/$same/0", "M4"},
		{"a nested name that the item does not have", "{$from: item.price.recurring, $same: [interval]}", "{$same: [interval]}", "/fields/o/$same/0", "M1"},
		{"a column that is not there", "  created: unix", "  creatd: unix", "/fields", "M3 M4"},
		{"as without each", "each: items.data, ", "", "/source", "M14"},
		{"a name of the item that is none", "as: item}", "as: my-item}", "/source/as", "S2"},
		{"each of no list", "each: items.data", "each: items", "", "M2"},
	},
}

// TestEditorAndCheckerAgree plants changes into a sound set. It compares where the
// editor's JSON Schemas refuse each change with what the checker reports. The checker
// must refuse all that the editor refuses: users switch off an editor with false
// alarms.
func TestEditorAndCheckerAgree(t *testing.T) {
	t.Parallel()
	set, err := schemas.LoadFiles(sound)
	if err != nil {
		t.Fatal(err)
	}
	metas := compiled(t, set)
	for _, file := range slices.Sorted(maps.Keys(plantedIn)) {
		meta := metas[metaFor(file)]
		for _, tc := range plantedIn[file] {
			text := sound[file]
			if !strings.Contains(text, tc.old) {
				t.Fatalf("%s: %s does not hold %q", tc.what, file, tc.old)
			}
			text = strings.Replace(text, tc.old, tc.new, 1)
			places := inEditor(t, meta, text)
			codes := inChecker(file, text)
			if tc.checker == "" && tc.editor != "" {
				t.Errorf("%s: %s: the editor must not refuse what the checker takes", file, tc.what)
			}
			if tc.editor == "" && len(places) > 0 || tc.editor != "" && !slices.Contains(places, tc.editor) {
				t.Errorf("%s: %s: the editor refuses it at %q, want %q", file, tc.what, places, tc.editor)
			}
			for code := range strings.FieldsSeq(tc.checker) {
				if !slices.Contains(codes, code) {
					t.Errorf("%s: %s: the checker says %q, want %s", file, tc.what, codes, code)
				}
			}
			if (tc.checker == "") != (len(codes) == 0) {
				t.Errorf("%s: %s: the checker says %q, want %q", file, tc.what, codes, tc.checker)
			}
		}
	}
}

func metaFor(file string) string {
	folder, _, _ := strings.Cut(file, "/")
	return map[string]string{"stripe": "schema", "types": "type", "lookups": "lookup", "mappings": "mapping", "privacy.yaml": "privacy", "resources": "resource"}[folder] + "-v1.json"
}

// inEditor returns the places where a JSON Schema refuses a text.
func inEditor(t *testing.T, meta *jsonschema.Schema, text string) []string {
	t.Helper()
	var document any
	if err := yaml.Unmarshal([]byte(text), &document); err != nil {
		return []string{"/"}
	}
	var places []string
	var collect func(*jsonschema.ValidationError)
	collect = func(v *jsonschema.ValidationError) {
		if len(v.Causes) == 0 {
			places = append(places, "/"+strings.Join(v.InstanceLocation, "/"))
		}
		for _, cause := range v.Causes {
			collect(cause)
		}
	}
	if invalid, ok := errors.AsType[*jsonschema.ValidationError](meta.Validate(document)); ok {
		collect(invalid)
	}
	return places
}

// inChecker returns the codes of the mistakes in the sound set with one changed file.
func inChecker(file, text string) []string {
	files := maps.Clone(sound)
	files[file] = text
	set, err := schemas.LoadFiles(files)
	var problems, more schemas.Problems
	errors.As(err, &problems)
	_, err = transform.Compile(set)
	errors.As(err, &more)
	var codes []string
	for _, p := range append(problems, more...) {
		codes = append(codes, p.Code)
	}
	return codes
}
