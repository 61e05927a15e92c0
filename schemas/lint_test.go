package schemas

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

func TestLooksPersonal(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		want  bool
		paths string
	}{
		{true, "t.email t.receipt_email t.emails t.BillingEmail t.phone t.mobile t.last4 t.iban t.ssn t.client_ip t.ip_address t.customer_tax_id t.surname t.postal_code"},
		{true, "t.birthday t.birth_date t.date_of_birth t.dob t.birth t.birthplace t.BirthYear t.owner.birth"},
		{true, "customers.name t.customer_name t.first_name t.account_holder_name t.shipping.name t.billing_details.name t.billing_details_name t.verified_name t.OwnerName"},
		{false, "prices.name t.name coupons.name t.coupon_name t.display_name t.bank_name t.custom_fields.name customers.discount.coupon_name t.nickname t.username_policy"},
		{false, "t.email_count t.address_line1_check t.address_postal_code_check t.phone_verified t.ip_country t.tax_ids_shown t.birth.day t.description t.id t.clip"},
		{false, " . t. "},
	} {
		for path := range strings.SplitSeq(tc.paths, " ") {
			if got := LooksPersonal(path); got != tc.want {
				t.Errorf("%q: %t, want %t", path, got, tc.want)
			}
		}
	}
}

// TestUnlabelled checks the warnings about fields that look personal and have no label,
// neither of their own nor around them: one for each type, however often it is used,
// and none for counts or flags. A mistake elsewhere does not suppress them.
func TestUnlabelled(t *testing.T) {
	t.Parallel()
	const table = "schema: stripe.t\nversion: 1.0.0\ntitle: T\ndescription: A table.\ntable: ts\nprimary_key: [id]\ntimestamp: created\nfields:\n" +
		"  id: {type: string, title: ID, required: true}\n  created: {type: date-time, title: Created, required: true}\n"
	const shared = "type: place\ntitle: Place\ndescription: A place.\nfields:\n  line1: {type: string, title: Street}\n"
	files := fstest.MapFS{"types/place.yaml": {Data: []byte(shared)}}
	for _, tc := range []struct{ fields, want string }{
		{"email: {type: string, title: E}", "email"},
		{"email: {type: string, title: E, label: pii}", ""},
		{"email: {type: string, title: E, label: sensitive}", ""},
		{"email: {type: boolean, title: E}", ""},
		{"emails: {type: list<string>, title: E}", "emails"},
		{"birth_date: {type: date, title: B}", "birth_date"},
		{"name: {type: string, title: N}", ""},
		{"name: {type: string, title: N}, phone: {type: string, title: P, label: pii}", "name"},
		{"customer: {type: object, title: C, fields: {name: {type: string, title: N}}}", "name"},
		{"customer: {type: object, title: C, label: pii, fields: {name: {type: string, title: N}}}", ""},
		{"people: {type: list<object>, title: P, fields: {ssn: {type: string, title: S}}}", "ssn"},
		{"birth: {type: object, title: B, fields: {day: {type: short, title: D}}}", "birth"},
		{"home: {type: place, title: H}, work: {type: place, title: W}", "line1"},
		{"email: {type: string, title: E}, x: {type: strng, title: X}", "email"},
	} {
		fields := strings.ReplaceAll(strings.ReplaceAll("  "+tc.fields, "}, ", "},\n  "), "},\n", "}\n") + "\n"
		files["stripe/t.yaml"] = &fstest.MapFile{Data: []byte(table + fields)}
		set, err := Load(files)
		var mistakes Problems
		if err != nil && (!errors.As(err, &mistakes) || !strings.Contains(tc.fields, "strng")) {
			t.Fatalf("%s: %v", tc.fields, err)
		}
		want := ""
		if tc.want != "" {
			want = fmt.Sprintf("S4 %s looks like personal data: add label: pii, label: sensitive, or not_personal with the reason", tc.want)
		}
		var got []string
		for _, p := range set.Warnings() {
			if p.Code == "S13" { // these sets have no mappings; see TestTableWithoutMapping
				continue
			}
			got = append(got, p.Code+" "+p.Message)
		}
		if diff := cmp.Diff(want, strings.Join(got, "\n")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tc.fields, diff)
		}
	}
	if found := embedded(t).Warnings(); len(found) > 0 {
		t.Errorf("the shipped set is not free of warnings:\n%v", found)
	}
}

func TestTableWithoutMapping(t *testing.T) {
	t.Parallel()
	shipped := embedded(t).Files()
	delete(shipped, "mappings/stripe/refund.yaml")
	set, err := LoadFiles(shipped)
	if err != nil {
		t.Fatal(err)
	}
	found := set.Warnings()
	if len(found) != 1 || found[0].Code != "S13" || !strings.Contains(found[0].Message, "no mapping fills refunds") {
		t.Errorf("%v", found)
	}
	broken := embedded(t).Files()
	broken["mappings/stripe/refund.yaml"] = "mapping: ["
	if set, err := LoadFiles(broken); err == nil || len(set.Warnings()) > 0 {
		t.Errorf("a mapping with a mistake counts as none: %v", set.Warnings())
	}
}
