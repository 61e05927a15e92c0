package stripesim

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
)

type invoiceLine struct {
	ID, Object string
	Amount     int64
	Discounts  []struct{ Amount int64 } `json:"discount_amounts"`
}

type shownInvoice struct {
	ID, Status, Charge string
	Total, Subtotal    int64
	Paid               int64 `json:"amount_paid"`
	Lines              struct {
		Data    []invoiceLine
		HasMore bool `json:"has_more"`
		URL     string
	}
}

// The lines of an invoice add up to its subtotal, and with their discounts to
// its total, which is what was charged. The embedded ones are the first of the
// list below it.
func TestInvoicesAddUp(t *testing.T) {
	t.Parallel()
	s := newTestServer(t, Config{Charges: 1500, Wide: true, Pricing: true, LongLists: true})
	c := newClient(t, s)
	charges := map[string]Charge{}
	for charge := range s.Ledger().Charges() {
		charges[charge.ID] = charge
	}
	seen, truth := map[string]int{}, map[string]Invoice{}
	for v := range s.Ledger().Invoices() {
		truth[v.ID] = v
	}
	for id, raw := range s.Ledger().Raw("invoices") {
		var v shownInvoice
		if err := json.Unmarshal(raw, &v); err != nil {
			t.Fatal(err)
		}
		lines := v.Lines.Data
		if v.Lines.HasMore {
			seen["long"]++
			lines = readLines(t, c, v.Lines.URL)
			if lines[0].ID != v.Lines.Data[0].ID || len(v.Lines.Data) != embeddedItems {
				t.Errorf("%s embeds %d lines from %s, the list begins with %s", id, len(v.Lines.Data), v.Lines.Data[0].ID, lines[0].ID)
			}
		}
		var sum, off int64
		for _, l := range lines {
			sum += l.Amount
			for _, d := range l.Discounts {
				off += d.Amount
			}
		}
		if sum != v.Subtotal || sum-off != v.Total {
			t.Errorf("%s: subtotal %d, total %d, lines %d less %d", id, v.Subtotal, v.Total, sum, off)
		}
		if is := truth[id]; is.Total != v.Total || is.Status != v.Status || is.Lines != len(lines) || is.Charge != v.Charge {
			t.Errorf("%s: %+v, ledger %+v", id, v, is)
		}
		seen[v.Status]++
		if charge, ok := charges[v.Charge]; ok && (charge.Amount != v.Total || charge.Captured != v.Paid) || !ok && v.Total != 0 {
			t.Errorf("%s: %+v for %+v", id, v, charge)
		}
		if off > 0 {
			seen["discounted"]++
		}
	}
	for _, want := range []string{"long", "discounted", "paid", "open", "void"} {
		if seen[want] == 0 {
			t.Errorf("no invoice is %s: %v", want, seen)
		}
	}
}

func readLines(t *testing.T, c client, url string) (lines []invoiceLine) {
	t.Helper()
	page := c.list(url, queryValues("limit", "100"))
	for _, raw := range page.Data {
		var l invoiceLine
		if err := json.Unmarshal(raw, &l); err != nil || l.Object != "line_item" {
			t.Fatal(string(raw), err)
		}
		lines = append(lines, l)
	}
	if again := c.walk(url, queryValues("limit", "3")); len(again) != len(lines) {
		t.Errorf("%s: %d lines by threes, %d at once", url, len(again), len(lines))
	}
	return lines
}

// Every invoice that a charge or a subscription names is there, and the payment
// of a charge's invoice can be found by its payment intent.
func TestInvoicesAreNamed(t *testing.T) {
	t.Parallel()
	s := newTestServer(t, Config{Charges: 1200})
	c := newClient(t, s)
	c.version = newest
	named := 0
	for _, resource := range []string{"charges", "subscriptions"} {
		for id, raw := range s.Ledger().Raw(resource) {
			var o struct {
				Invoice string
				Latest  string `json:"latest_invoice"`
				Intent  string `json:"payment_intent"`
			}
			if err := json.Unmarshal(raw, &o); err != nil {
				t.Fatal(err)
			}
			for _, invoice := range []string{o.Invoice, o.Latest} {
				if invoice == "" {
					continue
				}
				if named++; s.Object("invoices", invoice) == nil {
					t.Errorf("%s names %s", id, invoice)
				}
			}
			if o.Invoice == "" || named%40 != 0 {
				continue
			}
			paid := c.list("/v1/invoice_payments", queryValues("payment[type]", "payment_intent", "payment[payment_intent]", o.Intent))
			if len(paid.Data) != 1 || !strings.Contains(string(paid.Data[0]), o.Invoice) {
				t.Errorf("the payment of %s: %s", o.Invoice, paid.Data)
			}
		}
	}
	if named < 100 {
		t.Errorf("%d invoices are named", named)
	}
}

// An event announces an invoice that has no id yet.
func TestUpcomingInvoices(t *testing.T) {
	t.Parallel()
	s := newTestServer(t, Config{Charges: 2500, Wide: true})
	c, seen := newClient(t, s), 0
	for _, raw := range c.list("/v1/events", queryValues("type", "invoice.upcoming", "limit", "100")).Data {
		var e struct {
			Data struct{ Object map[string]any }
		}
		if err := json.Unmarshal(raw, &e); err != nil {
			t.Fatal(err)
		}
		if _, ok := e.Data.Object["id"]; ok || e.Data.Object["object"] != "invoice" || e.Data.Object["subscription"] == nil {
			t.Fatalf("%s", raw)
		}
		seen++
	}
	if seen == 0 {
		t.Error("no invoice is upcoming")
	}
	if resp := c.do(http.MethodGet, "/v1/invoices/upcoming"); resp.StatusCode != http.StatusNotFound {
		t.Errorf("upcoming by id: %s", resp.Status)
	}
}
