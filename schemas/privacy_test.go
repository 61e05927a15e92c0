package schemas

import (
	"errors"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

// TestPrivacyMistakes names each mistake of a privacy file with its place and fix.
func TestPrivacyMistakes(t *testing.T) {
	t.Parallel()
	files := fstest.MapFS{
		"stripe/t.yaml": {Data: []byte("schema: stripe.t\nversion: 1.0.0\ntitle: T\ndescription: A test table.\ntable: ts\nprimary_key: [id]\ntimestamp: created\nfields:\n" +
			"  id: {type: string, title: ID, required: true, label: pii}\n  created: {type: date-time, title: Created, required: true, label: pii}\n" +
			"  email: {type: string, title: E-mail, label: pii}\n  born: {type: date, title: Born, label: pii}\n  plain: {type: string, title: Plain}\n")},
		"privacy.yaml": {Data: []byte("pii: hush\nfields:\n  ts.emial: drop\n  ts.plain: drop\n  ts.born: hash\n  ts.id: hash\n  ts.created: drop\n" +
			"raw_redact: [charge.id, charg.x, charge.billing_details.fone, charge]\n")},
	}
	_, err := Load(files)
	var problems Problems
	if !errors.As(err, &problems) {
		t.Fatal(err)
	}
	var got []string
	for _, p := range problems {
		message, _, _ := strings.Cut(p.String(), ": write an object")
		got = append(got, message)
	}
	want := []string{
		`privacy.yaml:1:6: S12: pii must be keep, drop or hash, is "hush"; did you mean hash?`,
		`privacy.yaml:3:3: P1: no table has the field ts.emial; did you mean ts.email?`,
		`privacy.yaml:4:3: P1: ts.plain is not labelled: write label: pii beside its type, or take this line out`,
		`privacy.yaml:5:3: P3: ts.born is date, and only strings can be hashed: write drop or keep`,
		`privacy.yaml:6:3: P2: ts.id tells rows apart, dates them or joins tables and cannot be left out or hashed: keep it`,
		`privacy.yaml:7:3: P2: ts.created tells rows apart, dates them or joins tables and cannot be left out or hashed: keep it`,
		`privacy.yaml:8:14: P4: raw_redact: charge.id cannot be blanked: name personal data inside the object`,
		`privacy.yaml:8:25: P4: raw_redact: no catalog of "charg"; there are balance_transaction, charge, customer, event, price, refund or subscription`,
		`privacy.yaml:8:34: P4: raw_redact: charge.billing_details has no field "fone"`,
		`privacy.yaml:8:63: P4: raw_redact: charge cannot be blanked: name personal data inside the object`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// A path that cannot exist would blank nothing, unnoticed.
func TestRedactedPathsLeadSomewhere(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{
		"charge.billing_details.phone":      "",
		"charge.shipping":                   "",
		"charge.metadata":                   "",
		"charge.metadata.email":             "",
		"charge.customer":                   "",
		"charge.customer.email":             "", // the catalog does not go further
		"charge.refunds.data[].metadata.a":  "",
		"subscription.items.data[].price":   "",
		"subscription.items.data[]":         "",
		"subscription.items.data.price":     "subscription.items.data is a list: write subscription.items.data[].price",
		"charge.amount.x":                   "charge.amount is integer and has no members: end the path there",
		"charge.metadata.a.b":               "charge.metadata.a is string and has no members: end the path there",
		"charge.billing_details[]":          "charge.billing_details is object, not a list: leave [] out",
		"charge.metadata[]":                 "charge.metadata is map, not a list: leave [] out",
		"charge.billing_details.phone.":     "a name is missing behind charge.billing_details.phone",
		"charge.billing_details..phone":     "a name is missing behind charge.billing_details",
		"subscription.items.data[][].price": `subscription.items has no field "data[]"; did you mean data?`,
		"subscription.items.data[].id":      "subscription.items.data[].id cannot be blanked: name personal data inside the object",
		"event.data.object.customer_email":  "",
		"event.data.previous_attributes":    "",
		"event.data":                        "event.data cannot be blanked: name personal data inside the object",
		"event.data.object.customer":        "event.data.object.customer cannot be blanked: name personal data inside the object",
		"customer.livemode":                 "customer.livemode cannot be blanked: name personal data inside the object",
	} {
		files := fstest.MapFS{
			"privacy.yaml":  {Data: []byte("raw_redact: [\"" + path + "\"]\n")},
			"stripe/t.yaml": {Data: []byte("schema: stripe.t\nversion: 1.0.0\ntitle: T\ndescription: A test table.\ntable: ts\nprimary_key: [id]\ntimestamp: created\nfields:\n  id: {type: string, title: ID, required: true}\n  created: {type: date-time, title: Created, required: true}\n")},
		}
		_, err := Load(files)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), "P4: raw_redact: "+want) {
			t.Errorf("%s: %v, want %q", path, err, want)
		}
	}
}
