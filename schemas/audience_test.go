package schemas

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

// A mistake in a segment is reported with its place.
func TestSegmentMistakes(t *testing.T) {
	t.Parallel()
	const head, columns = "-- Somebody.\n", "SELECT\n  account, -- the account\n  id AS customer_id -- the customer\nFROM customers\n"
	for _, tc := range []struct{ name, text, want string }{
		{"fine", head + "--\n-- personal: mail = sha256(customers.email) -- hashed\n-- personal: town = customers.address.city\n\n" + columns, ""},
		{"Fine", head + columns, `segments/Fine.sql:1:1: G1: "Fine" is no name for a segment`},
		{"silent", columns, "segments/silent.sql:1:1: V2: say in a comment"},
		{"keyless", head + "SELECT\n  id AS customer_id, -- x\n  account -- y\nFROM customers", "segments/keyless.sql:1:1: G2: the first columns"},
		{"grammar", head + "-- personal: md5(customers.email)\n" + columns, "segments/grammar.sql:2:1: G3: write personal: NAME = sha256(customers.FIELD)"},
		{"typo", head + "-- personal: mail = sha256(customers.emial)\n" + columns, "segments/typo.sql:2:1: G3: no table has the field customers.emial; did you mean customers.email?"},
		{"elsewhere", head + "-- personal: mail = charges.receipt_email\n" + columns, "G3: charges.receipt_email is not a field of customers"},
		{"open", head + "-- personal: land = customers.address.country\n" + columns, "G3: customers.address.country is not labelled: select it in the SQL"},
		{"object", head + "-- personal: home = customers.address\n" + columns, "G3: customers.address is not labelled"},
		{"twice", head + "-- personal: mail = customers.email\n-- personal: mail = customers.phone\n" + columns, "segments/twice.sql:3:1: G2: there are two columns mail"},
		{"again", head + "SELECT\n  account, -- a\n  id AS customer_id, -- b\n  email AS x, -- c\n  phone AS x -- d\nFROM customers", "segments/again.sql:1:1: G2: there are two columns x"},
		{"beside", head + "-- personal: account = customers.email\n" + columns, "segments/beside.sql:2:1: G2: there are two columns account"},
	} {
		files := copyOf(t)
		files["segments/"+tc.name+".sql"] = &fstest.MapFile{Data: []byte(tc.text)}
		_, err := Load(files)
		if got := fmt.Sprint(err); (tc.want == "") != (err == nil) || !strings.Contains(got, tc.want) {
			t.Errorf("%s: %q, want %q", tc.name, got, tc.want)
		}
	}
}

// A segment keeps a declared field even if the policy drops it.
func TestSegmentOutlivesThePolicy(t *testing.T) {
	t.Parallel()
	shipped, err := Load(Embedded())
	if err != nil {
		t.Fatal(err)
	}
	files := shipped.Files()
	files["privacy.yaml"] = "pii: drop\n"
	set, err := LoadFiles(files)
	if err != nil {
		t.Fatal(err)
	}
	if FieldAt(set.Table(SegmentTable).Fields, "email") != nil {
		t.Fatal("the policy drops nothing")
	}
	var got []string
	for _, p := range set.Segment("bnpl-offers").Personal {
		got = append(got, p.Name+" "+p.Path+" "+p.Field.Identity)
	}
	if diff := cmp.Diff([]string{"email_sha256 email Email", "email email Email"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if set.Segment("nobody") != nil {
		t.Error("there is a segment of nobody")
	}
}
