package transform

import (
	"encoding/json"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/stripelake/stripelake/schemas"
)

// redactor is made from paths as privacy.yaml has them.
func redactor(tb testing.TB, paths ...string) *Redactor {
	tb.Helper()
	files := fstest.MapFS{
		"privacy.yaml": {Data: []byte("raw_redact:\n  - " + strings.Join(paths, "\n  - ") + "\n")},
		"stripe/t.yaml": {Data: []byte("schema: stripe.t\nversion: 1.0.0\ntitle: T\ndescription: A test table.\ntable: ts\nprimary_key: [id]\ntimestamp: created\nfields:\n" +
			"  id: {type: string, title: ID, required: true}\n  created: {type: date-time, title: Created, required: true}\n")},
	}
	set, err := schemas.Load(files)
	if err != nil {
		tb.Fatal(err)
	}
	return Redactors(set.Privacy.RawRedact)["charge"]
}

func TestRedact(t *testing.T) {
	t.Parallel()
	r := redactor(t, "charge.billing_details.phone", "charge.shipping", "charge.refunds.data[].metadata.name", `charge.metadata.email`)
	for raw, want := range map[string]string{
		`{"id":"ch_1"}`: `{"id":"ch_1"}`,
		`{ "billing_details" : {"phone": "+1 {\"}" , "name":"A"}, "shipping":{"a":[1,{}]} }`: `{ "billing_details" : {"phone": null , "name":"A"}, "shipping":null }`,
		`{"billing_details":{"ph\u006fne":"x","phone":"y"}}`:                                 `{"billing_details":{"ph\u006fne":null,"phone":null}}`,
		`{"refunds":{"data":[{"metadata":{"name":"x","order":"1"}},{"metadata":{}},null]}}`:  `{"refunds":{"data":[{"metadata":{"name":null,"order":"1"}},{"metadata":{}},null]}}`,
		`{"billing_details":["phone"],"shipping":null,"metadata":{"email":"e","b":"c"}}`:     `{"billing_details":["phone"],"shipping":null,"metadata":{"email":null,"b":"c"}}`,
	} {
		got, err := r.Redact([]byte(raw))
		if err != nil || string(got) != want {
			t.Errorf("%s: %s, %v; want %s", raw, got, err, want)
		}
	}
	for _, raw := range []string{``, `{`, `{"shipping":{"a":1}`, `{"shipping"}`, `{"billing_details":{"phone":"x"`, `{"a":1}}`, `{"sh\qipping":"secret"}`} {
		if got, err := r.Redact([]byte(raw)); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %s, %v; want an error without its content", raw, got, err)
		}
	}
}

// Everything that is not blanked stays as it was.
func TestRedactKeepsTheRest(t *testing.T) {
	t.Parallel()
	r := redactor(t, "charge.metadata.a", "charge.refunds.data[].amount")
	rapid.Check(t, func(t *rapid.T) {
		texts := rapid.SampledFrom([]string{"", "a", `"`, `\`, "}", "]", "é", "\u2028", "{\"a\":1}"})
		object := map[string]any{
			"id":       texts.Draw(t, "id"),
			"metadata": map[string]any{"a": texts.Draw(t, "a"), texts.Draw(t, "key") + "b": texts.Draw(t, "b")},
			"refunds": map[string]any{"data": rapid.SliceOf(rapid.Custom(func(t *rapid.T) any {
				return map[string]any{"amount": texts.Draw(t, "amount"), "x": texts.Draw(t, "x")}
			})).Draw(t, "refunds")},
		}
		raw, _ := json.MarshalIndent(object, "", rapid.SampledFrom([]string{"", "  ", "\t"}).Draw(t, "indent"))
		got, err := r.Redact(raw)
		if err != nil {
			t.Fatal(err)
		}
		var redacted map[string]any
		if err := json.Unmarshal(got, &redacted); err != nil {
			t.Fatal(err)
		}
		object["metadata"].(map[string]any)["a"] = nil
		for _, refund := range object["refunds"].(map[string]any)["data"].([]any) {
			refund.(map[string]any)["amount"] = nil
		}
		var want map[string]any
		rest, _ := json.Marshal(object)
		_ = json.Unmarshal(rest, &want)
		if diff := cmp.Diff(want, redacted); diff != "" {
			t.Fatal(diff)
		}
	})
}

// Members that hold a secret are blanked wherever they are, and nothing else.
func TestSecrets(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		`{"id":"pi_1","client_secret":"pi_1_secret_x","status":"ok"}`:                           `{"id":"pi_1","client_secret":null,"status":"ok"}`,
		`{"data":{"object":{"items":[{"client_secret" : "x"},[{"a_secret":"y"}]]}}}`:            `{"data":{"object":{"items":[{"client_secret" : null},[{"a_secret":null}]]}}}`,
		`{"confirmation_secret":{"client_secret":"x","type":"y"},"b":1}`:                        `{"confirmation_secret":null,"b":1}`,
		`{"metadata":{"our_secret":"kept"},"secret":"kept","client_secret":null,"x_secrets":1}`: `{"metadata":{"our_secret":"kept"},"secret":"kept","client_secret":null,"x_secrets":1}`,
	} {
		got, err := Secrets().Redact([]byte(raw))
		if err != nil || string(got) != want {
			t.Errorf("%s: %s, %v; want %s", raw, got, err, want)
		}
		if MayHoldSecrets([]byte(raw)) != (raw != want) && !strings.Contains(raw, `_secret":"kept"`) {
			t.Errorf("%s: whether it may hold a secret is wrong", raw)
		}
	}
}
