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
			"  id: {type: string, title: ID, required: true, label: pii}\n  created: {type: date-time, title: Created, required: true}\n" +
			"  email: {type: string, title: E-mail, label: pii}\n  born: {type: date, title: Born, label: pii}\n  plain: {type: string, title: Plain}\n")},
		"privacy.yaml": {Data: []byte("pii: hush\nfields:\n  ts.emial: drop\n  ts.plain: drop\n  ts.born: hash\n  ts.id: hash\n" +
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
		`privacy.yaml:3:3: P1: ts.emial is no field labelled pii or sensitive; did you mean ts.email?`,
		`privacy.yaml:4:3: P1: ts.plain is no field labelled pii or sensitive`,
		`privacy.yaml:5:3: P3: ts.born is date, and only strings can be hashed: write drop or keep`,
		`privacy.yaml:6:3: P2: ts.id tells rows apart or joins tables and cannot be left out or hashed: keep it`,
		`privacy.yaml:7:14: P4: raw_redact: charge.id cannot be blanked: name personal data inside the object`,
		`privacy.yaml:7:25: P4: raw_redact: no catalog of "charg"; there are charge, subscription, refund, balance_transaction, customer, price or event`,
		`privacy.yaml:7:34: P4: raw_redact: charge has no field "billing_details.fone"`,
		`privacy.yaml:7:63: P4: raw_redact: charge cannot be blanked: name personal data inside the object`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
