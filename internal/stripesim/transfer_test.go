package stripesim

import (
	"encoding/json"
	"net/http"
	"testing"
)

// What a transfer or an application fee moved is in the balance transactions,
// what came back too. A fee is given back in the seller's currency.
func TestTransfersAndFeesAreBooked(t *testing.T) {
	t.Parallel()
	s := newTestServer(t, Config{Charges: 2500, Wide: true})
	c := newClient(t, s)
	net, rates := map[string]int64{}, map[string]int64{}
	for bt := range s.Ledger().BalanceTransactions() {
		net[bt.Source] += bt.Net
		rates[bt.Source] = max(rates[bt.Source], bt.RateMillionths)
	}
	back := 0
	for id, raw := range s.Ledger().Raw("transfers") {
		var o struct {
			Amount   int64
			Reversed int64 `json:"amount_reversed"`
		}
		if err := json.Unmarshal(raw, &o); err != nil {
			t.Fatal(err)
		}
		if net[id] != o.Reversed-o.Amount {
			t.Errorf("%s: %+v, booked %d", id, o, net[id])
		}
		if n := len(c.walk("/v1/transfers/"+id+"/reversals", nil)); n != btoi(o.Reversed > 0) {
			t.Errorf("%s: %d reversals of %d", id, n, o.Reversed)
		}
		back += btoi(o.Reversed > 0)
	}
	refunded := 0
	for id, raw := range s.Ledger().Raw("application_fees") {
		var o struct {
			Currency string
			Amount   int64
			Refunded int64 `json:"amount_refunded"`
			Refunds  struct{ Data []struct{ Currency string } }
		}
		if err := json.Unmarshal(raw, &o); err != nil {
			t.Fatal(err)
		}
		if o.Refunded > 0 {
			refunded++
			if o.Refunds.Data[0].Currency != o.Currency {
				t.Errorf("%s: in %s, given back in %s", id, o.Currency, o.Refunds.Data[0].Currency)
			}
		}
		if (rates[id] > 0) != isConverted(o.Currency) || rates[id] == 0 && net[id] != o.Amount-o.Refunded {
			t.Errorf("%s: %+v, booked %d at %d", id, o, net[id], rates[id])
		}
	}
	if back == 0 || refunded == 0 {
		t.Errorf("%d transfers came back, %d fees were refunded", back, refunded)
	}
}

// A credit note is of an invoice, which says how much was credited. Older
// versions cannot filter by created.
func TestCreditNotes(t *testing.T) {
	t.Parallel()
	s := newTestServer(t, Config{Charges: 2500, Wide: true})
	credited := map[string]int64{}
	for id, raw := range s.Ledger().Raw("credit_notes") {
		var o struct {
			Invoice, Status string
			Amount          int64
		}
		if err := json.Unmarshal(raw, &o); err != nil || s.Object("invoices", o.Invoice) == nil {
			t.Fatalf("%s: %s", id, raw)
		}
		if o.Status == "issued" {
			credited[o.Invoice] += o.Amount
		}
	}
	for invoice, sum := range credited {
		var o struct {
			Credited int64 `json:"post_payment_credit_notes_amount"`
		}
		if err := json.Unmarshal(s.Object("invoices", invoice), &o); err != nil || o.Credited != sum {
			t.Errorf("%s: %d, its credit notes %d", invoice, o.Credited, sum)
		}
	}
	c := newClient(t, s)
	for version, want := range map[string]int{Version: http.StatusBadRequest, newest: http.StatusOK} {
		c.version = version
		if resp := c.do(http.MethodGet, "/v1/credit_notes?created[gte]=1"); resp.StatusCode != want {
			t.Errorf("created in %s: %s", version, resp.Status)
		}
	}
}
