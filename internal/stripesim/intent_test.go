package stripesim

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

type basketShown struct {
	ID       string
	Quantity int64
	Unit     int64  `json:"unit_cost"`
	Discount int64  `json:"discount_amount"`
	Name     string `json:"product_name"`
	Tax      struct {
		Total int64 `json:"total_tax_amount"`
	}
	Total int64 `json:"amount_total"` // of a session
}

type basketPage struct {
	Data    []basketShown
	HasMore bool `json:"has_more"`
	URL     string
}

// whole returns all lines of an embedded list, from its url if it is longer.
func (p basketPage) whole(t *testing.T, c client) []basketShown {
	t.Helper()
	if !p.HasMore {
		return p.Data
	}
	var all []basketShown
	for _, raw := range c.list(p.URL, queryValues("limit", "100")).Data {
		var l basketShown
		if err := json.Unmarshal(raw, &l); err != nil {
			t.Fatal(err)
		}
		all = append(all, l)
	}
	if len(p.Data) != embeddedItems || all[0].ID != p.Data[0].ID || len(c.walk(p.URL, queryValues("limit", "4"))) != len(all) {
		t.Errorf("%s: %d lines, embedded are %d", p.URL, len(all), len(p.Data))
	}
	return all
}

// What is in a basket adds up to what is paid, in an intent and in a session,
// however many lines there are. They show only if the request expands them.
func TestBasketsAddUp(t *testing.T) {
	t.Parallel()
	s := newTestServer(t, Config{Charges: 1500, Wide: true})
	c := newClient(t, s)
	c.version = newest
	lines, long := 0, 0
	for _, raw := range c.list("/v1/payment_intents", queryValues("limit", "100", "expand[]", "data.amount_details.line_items")).Data {
		var o struct {
			ID      string
			Amount  int64
			Details struct {
				Lines basketPage `json:"line_items"`
			} `json:"amount_details"`
		}
		if err := json.Unmarshal(raw, &o); err != nil {
			t.Fatal(err)
		}
		sum := int64(0)
		for _, l := range o.Details.Lines.whole(t, c) {
			sum += l.Quantity*l.Unit - l.Discount + l.Tax.Total
			lines++
		}
		if long += btoi(o.Details.Lines.HasMore); sum != o.Amount && sum != 0 {
			t.Errorf("%s: %d, its lines %d", o.ID, o.Amount, sum)
		}
	}
	if lines < 100 || long == 0 {
		t.Errorf("%d lines, %d long baskets", lines, long)
	}
	checkSessions(t, c)
	k := 0
	for !s.business.hasSession(int32(-k - 1)) {
		k++
	}
	left := s.business.further.abandoned()[k].created
	s.SetNow(time.Unix(left+hour, 0))
	if open := c.walk("/v1/checkout/sessions", queryValues("status", "open", "created[gte]", itoa(left-hour))); len(open) == 0 {
		t.Errorf("an hour after an order was left: %v", open)
	}
}

func checkSessions(t *testing.T, c client) {
	t.Helper()
	modes := map[string]int{}
	for _, raw := range c.list("/v1/checkout/sessions", queryValues("limit", "100", "expand[]", "data.line_items")).Data {
		var o struct {
			ID, Mode, Status string
			Total            int64      `json:"amount_total"`
			Lines            basketPage `json:"line_items"`
		}
		if err := json.Unmarshal(raw, &o); err != nil {
			t.Fatal(err)
		}
		sum := int64(0)
		for _, l := range o.Lines.whole(t, c) {
			sum += l.Total
		}
		if sum != o.Total {
			t.Errorf("%s: %d, its lines %d", o.ID, o.Total, sum)
		}
		modes[o.Mode+" "+o.Status]++
	}
	for _, want := range []string{"payment complete", "payment expired", "subscription complete"} {
		if modes[want] == 0 {
			t.Errorf("no session is %s: %v", want, modes)
		}
	}
}

// Every payment intent that a charge, a refund or a dispute names is there, and
// says what became of its charge.
func TestIntentsAreNamed(t *testing.T) {
	t.Parallel()
	s := newTestServer(t, Config{Charges: 1200, Variants: 200})
	statuses := map[string]int{}
	for charge := range s.Ledger().Charges() {
		if charge.PaymentIntent == "" {
			continue
		}
		var o struct {
			Status   string
			Latest   string `json:"latest_charge"`
			Received int64  `json:"amount_received"`
			Secret   string `json:"client_secret"`
		}
		if err := json.Unmarshal(s.Object("payment_intents", charge.PaymentIntent), &o); err != nil {
			t.Fatal(err)
		}
		statuses[fmt.Sprint(charge.Status, " ", charge.IsCaptured, " ", o.Status)]++
		if o.Latest != charge.ID || o.Secret == "" || o.Status == "succeeded" && o.Received != charge.Captured {
			t.Errorf("%+v for %+v", o, charge)
		}
	}
	for _, want := range []string{"succeeded true succeeded", "succeeded false canceled", "failed false requires_payment_method", "pending true processing"} {
		if statuses[want] == 0 {
			t.Errorf("none is %s: %v", want, statuses)
		}
	}
}

// A list that leaves out what the request expands can be read object by object.
func TestUnexpandedLists(t *testing.T) {
	t.Parallel()
	s := newTestServer(t, Config{Charges: 300, Faults: Faults{Scripted: []Fault{{Kind: Unexpanded, Path: "/v1/checkout/sessions", Times: Always}}}})
	c := newClient(t, s)
	page := c.list("/v1/checkout/sessions", queryValues("limit", "1", "expand[]", "data.line_items"))
	if strings.Contains(string(page.Data[0]), "line_items") || s.Struck()[Unexpanded] != 1 {
		t.Errorf("struck %v: %s", s.Struck(), page.Data[0])
	}
	resp := c.do(http.MethodGet, "/v1/checkout/sessions/"+page.objects(t)[0].ID+"?expand[]=line_items")
	body, err := io.ReadAll(resp.Body)
	if err != nil || !strings.Contains(string(body), `"line_items": {`) {
		t.Errorf("%s: %.300s", resp.Status, body)
	}
}
