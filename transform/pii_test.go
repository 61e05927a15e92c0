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
func withPrivacy(t *testing.T, privacy string) *Mappings {
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
	mappings, err := Compile(set)
	if err != nil {
		t.Fatal(err)
	}
	return mappings
}

const person = `{"id":"cus_1","object":"customer","created":1700000000,"livemode":true,"email":"ann@example.com","name":"Ann","phone":"555",
	"address":{"line1":"1 Way","city":"Rome","country":"IT"}}`

func customer(t *testing.T, p *Mappings) string {
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

// No message shows a value of a field that is labelled as personal, not even
// the one that broke its rule. The example beside the message shows it if the
// policy keeps all personal data in the tables; else it shows a type and a
// length.
func TestPersonalDataShowsInNoMessage(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		field   string
		mapping string
		rejects int
		drift   int
	}{
		"a closed enum":        {"f: {type: string, title: F, label: pii, enum: {ok: OK}, closed: true}", "f: description", 1, 0},
		"an open enum":         {"f: {type: string, title: F, label: pii, enum: {ok: OK}}", "f: description", 0, 1},
		"a pattern":            {"f: {type: string, title: F, label: pii, pattern: '^x$'}", "f: description", 0, 1},
		"a length":             {"f: {type: string, title: F, label: pii, maxLength: 3}", "f: description", 0, 1},
		"another type":         {"f: {type: long, title: F, label: pii, required: true}", "f: amount", 1, 1},
		"money":                {"f: {type: money, title: F, label: pii, unit: c}\nc: {type: string, title: C}", "f: money(amount, currency)\n  c: upper(currency)", 1, 1},
		"a member":             {"o: {type: object, title: O, fields: {f: {type: string, title: F, label: pii, enum: {ok: OK}, closed: true}}}", "o: {f: description}", 1, 0},
		"of a labelled object": {"o: {type: object, title: O, label: pii, fields: {f: {type: string, title: F, enum: {ok: OK}, closed: true}}}", "o: {f: description}", 1, 0},
		"drift of such":        {"o: {type: object, title: O, label: pii, fields: {f: {type: string, title: F, enum: {ok: OK}}}}", "o: {f: description}", 0, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			mappings, err := Compile(small(t, tc.field, charges+"  "+tc.mapping+"\n"))
			if err != nil {
				t.Fatal(err)
			}
			for _, keeps := range []bool{true, false} {
				mappings.keepsPersonal = keeps
				m := mappings.Mapper("charge")
				b := m.Map([]Object{objectOf([]byte(`{"id":"ch_1","description":"Ann Secret","amount":"Ann Secret","currency":"eur"}`))})[0]
				drift := m.Drift()
				if len(b.Rejects) != tc.rejects || len(drift) != tc.drift {
					t.Errorf("%d rejects, %d kinds of drift: the test proves nothing", len(b.Rejects), len(drift))
				}
				want := `"Ann Secret"`
				if !keeps {
					want = "string, 10 characters"
				}
				for i := range b.Rejects {
					if b.Rejects[i].Example != want {
						t.Errorf("keeps all %t: example %s", keeps, b.Rejects[i].Example)
					}
					b.Rejects[i].Example = ""
				}
				for i := range drift {
					if drift[i].Example != want {
						t.Errorf("keeps all %t: example %s", keeps, drift[i].Example)
					}
					drift[i].Example = ""
				}
				if said := fmt.Sprint(b.Rejects, drift); strings.Contains(said, "Secret") {
					t.Error(said)
				}
				b.Rows.Release()
			}
		})
	}
}
