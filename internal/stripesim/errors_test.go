package stripesim

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

// Each mistake gets the envelope that Stripe gives it; every one follows the
// schema, and none repeats a key.
func TestErrors(t *testing.T) {
	t.Parallel()
	s := newTestServer(t, Config{Charges: 200, Forbid: []string{"refunds", "account", "subscriptions", "events"}})
	var canceled, card string
	for sub := range s.Ledger().Subscriptions() {
		if sub.Status == "canceled" {
			canceled = sub.ID
		}
	}
	for ch := range s.Ledger().Charges() {
		if ch.Method == "card" {
			card = ch.ID
		}
	}
	schema := openAPI(t)("error")
	var out strings.Builder
	for _, tc := range mistakes(canceled, card) {
		c := newClient(t, s)
		c.key = tc.key
		resp := c.do(tc.method, tc.target)
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		validate(t, schema, tc.name, body)
		// Invariant 11: no secret in an error.
		if len(tc.key) > 12 && strings.Contains(string(body), tc.key) || strings.Contains(string(body), restrictedKey) {
			t.Errorf("%s: the answer repeats the key", tc.name)
		}
		var e struct {
			Error map[string]string `json:"error"`
		}
		if err := json.Unmarshal(body, &e); err != nil {
			t.Fatal(err)
		}
		if id := resp.Header.Get("Request-Id"); e.Error["code"] != "" && !strings.Contains(e.Error["request_log_url"], id) {
			t.Errorf("%s: request_log_url %s does not name %s", tc.name, e.Error["request_log_url"], id)
		}
		fmt.Fprintf(&out, "%s\n  %d code=%s param=%s\n  %s\n", tc.name, resp.StatusCode, e.Error["code"], e.Error["param"], e.Error["message"])
	}
	golden(t, "testdata/errors.txt", out.String())
}

// A secret key reads what a restricted one may not; Keys shuts out all others.
func TestKeys(t *testing.T) {
	t.Parallel()
	s := newTestServer(t, Config{Charges: 10, Keys: []string{"sk_test_right", "rk_test_right"}, Forbid: []string{"refunds"}})
	for key, want := range map[string]int{"sk_test_right": 200, "rk_test_right": 403, "sk_test_wrong": 401} {
		c := newClient(t, s)
		c.key = key
		if resp := c.do(http.MethodGet, "/v1/refunds"); resp.StatusCode != want {
			t.Errorf("%s: %s, want %d", key, resp.Status, want)
		}
	}
}

const restrictedKey = "rk_test_not_a_real_key_only_for_tests"

type mistake struct{ name, key, method, target string }

// mistakes need the ids of a canceled subscription and of a charge by card.
func mistakes(canceled, card string) []mistake {
	const sk, get = "sk_test_abc", http.MethodGet
	return []mistake{
		{"no key", "", get, "/v1/charges"},
		{"malformed key", "not-a-key-at-all-but-rather-long", get, "/v1/charges"},
		{"empty key", "sk_test_", get, "/v1/charges"},
		{"live key", "sk_live_" + "not_a_key_at_all", get, "/v1/charges"},
		{"forbidden list", restrictedKey, get, "/v1/refunds"},
		{"forbidden object", restrictedKey, get, "/v1/refunds/re_1"},
		{"forbidden account", restrictedKey, get, "/v1/account"},
		{"forbidden items", restrictedKey, get, "/v1/subscription_items?subscription=sub_1"},
		{"forbidden events", restrictedKey, get, "/v1/events"},
		{"forbidden event", restrictedKey, get, "/v1/events/evt_1"},
		{"unknown path", sk, get, "/v1/quotes"},
		{"no path", sk, get, "/"},
		{"post", sk, http.MethodPost, "/v1/charges"},
		{"delete", sk, http.MethodDelete, "/v1/customers/cus_1"},
		{"missing object", sk, get, "/v1/charges/ch_missing"},
		{"missing price", sk, get, "/v1/prices/price_missing"},
		{"object of another kind", sk, get, "/v1/refunds/" + card},
		{"key as id", sk, get, "/v1/charges/" + restrictedKey},
		{"unknown cursor", sk, get, "/v1/charges?starting_after=ch_missing"},
		{"unknown cursor before", sk, get, "/v1/charges?ending_before=ch_missing"},
		{"cursor that left the filter", sk, get, "/v1/subscriptions?starting_after=" + canceled},
		{"cursor outside the window", sk, get, "/v1/charges?created[lt]=1&starting_after=" + card},
		{"both cursors", sk, get, "/v1/charges?starting_after=" + card + "&ending_before=" + card},
		{"unknown parameter", sk, get, "/v1/charges?color=red"},
		{"unknown parameters", sk, get, "/v1/charges?created[after]=1&color=red"},
		{"parameter of another list", sk, get, "/v1/refunds?customer=cus_1"},
		{"limit is no number", sk, get, "/v1/charges?limit=ten"},
		{"limit 0", sk, get, "/v1/charges?limit=0"},
		{"limit 101", sk, get, "/v1/charges?limit=101"},
		{"created is no number", sk, get, "/v1/charges?created[gte]=yesterday"},
		{"empty parameter", sk, get, "/v1/charges?starting_after="},
		{"expand", sk, get, "/v1/charges?expand[]=data.customer"},
		{"parameter of an object", sk, get, "/v1/charges/" + card + "?expand[]=customer"},
		{"wrong status", sk, get, "/v1/subscriptions?status=dead"},
		{"unknown customer", sk, get, "/v1/charges?customer=cus_missing"},
		{"missing event", sk, get, "/v1/events/evt_missing"},
		{"unknown event as cursor", sk, get, "/v1/events?starting_after=evt_missing"},
		{"type and types", sk, get, "/v1/events?type=charge.failed&types[]=charge.failed"},
		{"too many types", sk, get, "/v1/events?" + strings.Repeat("types[]=charge.failed&", 21)},
		{"delivery_success is no word", sk, get, "/v1/events?delivery_success=maybe"},
		{"expand in events", sk, get, "/v1/events?expand[]=data.object"},
		{"refunds of no charge", sk, get, "/v1/charges/ch_missing/refunds"},
		{"items without subscription", sk, get, "/v1/subscription_items"},
		{"items by time", sk, get, "/v1/subscription_items?subscription=" + canceled + "&created[gte]=1"},
	}
}
