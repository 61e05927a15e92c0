package transform

import (
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"strings"
	"testing"

	"github.com/stripelake/stripelake/schemas"
)

// withPrivacy is the shipped set under another privacy.yaml.
func withPrivacy(t *testing.T, privacy string) *Plan {
	t.Helper()
	shipped, err := schemas.Load(schemas.Embedded())
	if err != nil {
		t.Fatal(err)
	}
	files := shipped.Files()
	files["privacy.yaml"] = privacy
	set, err := schemas.LoadFiles(files)
	if err != nil {
		t.Fatal(err)
	}
	plan, err := Compile(set)
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

const person = `{"id":"cus_1","object":"customer","created":1700000000,"livemode":true,"email":"ann@example.com","name":"Ann","phone":"555",
	"address":{"line1":"1 Way","city":"Rome","country":"IT"}}`

func customer(t *testing.T, p *Plan) string {
	t.Helper()
	m := p.Mapper("customer")
	b := m.Map([]Object{objectOf([]byte(person))})[0]
	if len(b.Rejects) > 0 {
		t.Fatal(b.Rejects)
	}
	return rows(t, b)[0] + fmt.Sprint(m.Drift())
}

func TestPrivacyDropsAndHashes(t *testing.T) {
	t.Parallel()
	key := []byte("the lake's own key")
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte("ann@example.com"))
	email := fmt.Sprintf("%x", mac.Sum(nil))

	kept := customer(t, withPrivacy(t, "pii: keep\n"))
	dropped := customer(t, withPrivacy(t, "pii: drop\n"))
	hashed := customer(t, withPrivacy(t, "pii: hash\n").Keyed(key))
	mixed := customer(t, withPrivacy(t, "pii: drop\nfields: {customers.email: hash, customers.name: keep}\n").Keyed(key))
	for _, tc := range []struct {
		row, text string
		want      bool
	}{
		{kept, "ann@example.com", true},
		{kept, "1 Way", true},
		{dropped, "email", false},
		{dropped, "ann@", false},
		{dropped, "Ann", false},
		{dropped, "555", false},
		{dropped, "1 Way", false},
		{dropped, "IT", true},
		{hashed, email, true},
		{hashed, "ann@", false},
		{hashed, "Ann", false},
		{hashed, "1 Way", false},
		{hashed, "IT", true},
		{mixed, email, true},
		{mixed, `"name": "Ann"`, true},
		{mixed, "phone", false},
		{mixed, "1 Way", false},
	} {
		if strings.Contains(tc.row, tc.text) != tc.want {
			t.Errorf("%q is there: %t, in %s", tc.text, !tc.want, tc.row)
		}
	}
	if unkeyed := customer(t, withPrivacy(t, "pii: hash\n")); strings.Contains(unkeyed, "ann@") {
		t.Error("a hash without a key shows the value")
	}
}
