package stripesim

import (
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func writeFiles(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

const recordedCustomers = `{"id":"cus_a","object":"customer","created":100,"email":"a@example.com"}
{"id":"cus_gone","object":"customer","deleted":true}
{"object":"customer","created":150}

{"id":"cus_b",  "object":"customer","created":200, "metadata":{"é":"\u00e9"}}
{"id":"cus_c","object":"customer","created":200}
{"id":"cus_a","object":"customer","created":100,"email":"new@example.com"}
{"id":"cus_late","object":"customer","created":300,"deleted":true}
`

func recordedServer(t *testing.T) *Server {
	t.Helper()
	s, err := FromFiles(writeFiles(t, map[string]string{
		"customer.jsonl": recordedCustomers,
		"subscription.jsonl": `{"id":"sub_1","created":1,"status":"canceled","customer":{"id":"cus_a"},"items":{"data":[{"price":{"id":"price_1"}}]}}
{"id":"sub_2","created":2,"status":"active","customer":"cus_b","items":[]}`,
		"price.jsonl": `{"id":"price_1","created":1,"active":false,"recurring":{"interval":"month"}}`,
		"checkout_session.jsonl": `{"id":"cs_1","created":7,"status":"open"}
{"id":"cs_2","created":8,"status":"complete"}`,
		"notes.jsonl": `{not json`,
	}), Config{})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// The current version of each object is served byte for byte, newest first;
// what has no created, or is only a stub, comes last.
func TestFromFiles(t *testing.T) {
	t.Parallel()
	s := recordedServer(t)
	c := newClient(t, s)
	raws := func(name string, pairs ...string) []string {
		got := []string{}
		for _, raw := range c.list("/v1/"+name, queryValues(pairs...)).Data {
			got = append(got, string(raw))
		}
		return got
	}
	lines := strings.Split(recordedCustomers, "\n")
	all := []string{lines[5], lines[4], lines[2], lines[6], lines[7], lines[1]}
	for _, tc := range []struct {
		want []string
		got  []string
	}{
		{all, raws("customers")},
		{all[4:], raws("customers", "created[lt]", "100")},
		{[]string{`{"id":"cs_1","created":7,"status":"open"}`}, raws("checkout/sessions", "status", "open")},
		{all[3:], raws("customers", "created[lte]", "100")},
		{all[:4], raws("customers", "created[gte]", "100")},
		{all[:3], raws("customers", "created[gt]", "100")},
		{all[:0], raws("customers", "created[gt]", "200")},
		{all[2:4], raws("customers", "starting_after", "cus_b", "limit", "2")},
		{all[5:], raws("customers", "starting_after", "cus_late")},
		{all[3:4], raws("customers", "email", "new@example.com")},
		{all[:0], raws("charges")},
	} {
		if diff := cmp.Diff(tc.want, tc.got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
	ids := func(name string, pairs ...string) []string { return idsOf(c.walk("/v1/"+name, queryValues(pairs...))) }
	for _, tc := range []struct{ want, got []string }{
		{[]string{"sub_2"}, ids("subscriptions")},
		{[]string{"sub_2", "sub_1"}, ids("subscriptions", "status", "all")},
		{[]string{"sub_1"}, ids("subscriptions", "status", "ended", "customer", "cus_a", "price", "price_1")},
		{[]string{"price_1"}, ids("prices", "active", "false", "recurring[interval]", "month")},
		{[]string{}, ids("prices", "active", "true")},
	} {
		if diff := cmp.Diff(tc.want, tc.got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
	if got, want := string(s.Object("customers", "cus_b")), lines[4]; got != want {
		t.Errorf("cus_b = %s, want %s", got, want)
	}
	if resp := c.do(http.MethodGet, "/v1/account"); resp.StatusCode != http.StatusOK {
		t.Errorf("account: %s", resp.Status)
	}
	if got := slices.Collect(s.Ledger().IDs("customers")); len(got) != 6 || s.Ledger().Count("customers") != 6 {
		t.Errorf("ledger: %q", got)
	}
}

func TestFromFilesErrors(t *testing.T) {
	t.Parallel()
	for want, files := range map[string]map[string]string{
		"charge.jsonl:3: read a JSON object": {"charge.jsonl": "{}\n\n{\"id\":"},
		"refund.jsonl:1: read a JSON object": {"refund.jsonl": "[]"},
		"price.jsonl:1: read a JSON object":  {"price.jsonl": "null"},
		"holds none of charge.jsonl":         {"event.jsonl": "{}"},
	} {
		if _, err := FromFiles(writeFiles(t, files), Config{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want …%s…", err, want)
		}
	}
}
