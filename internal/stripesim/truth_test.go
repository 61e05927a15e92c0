package stripesim

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// Whatever the configuration, the books are right.
func TestTruth(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		from := time.Unix(rapid.Int64Range(0, 3_000_000_000).Draw(rt, "from"), 0)
		cfg := Config{
			Seed:    rapid.Int64().Draw(rt, "seed"),
			Charges: rapid.IntRange(1, 300).Draw(rt, "charges"),
			From:    from,
			To:      from.Add(time.Duration(rapid.Int64Range(24, 3*365*24).Draw(rt, "hours")) * time.Hour),
		}
		if rapid.Bool().Draw(rt, "captures") {
			cfg.CapturesSince = from.Add(time.Duration(rapid.Int64Range(0, 3*365*24).Draw(rt, "since")) * time.Hour)
		}
		s, err := New(cfg)
		if err != nil {
			rt.Fatal(err)
		}
		checkTruth(rt, s)
	})
}

func TestTruthOfDefault(t *testing.T) {
	t.Parallel()
	checkTruth(t, newTestServer(t, Config{}))
}

// fataler is what *testing.T and *rapid.T share here.
type fataler = rapid.TB

func checkTruth(t fataler, s *Server) {
	t.Helper()
	l := s.Ledger()
	from, to := s.cfg.From.Unix(), s.cfg.To.Unix()
	for _, res := range s.resources {
		ids := map[string]bool{}
		last := from
		for n := range res.count {
			id, at := string(res.appendID(nil, n)), res.created(n)
			if ids[id] || at < last || at >= to {
				t.Fatalf("%s %s: repeated, out of order or outside the business (created %d)", res.name, id, at)
			}
			if got, ok := res.find(id); !ok || got != n {
				t.Fatalf("%s %s: found at %d, is at %d", res.name, id, got, n)
			}
			ids[id], last = true, at
		}
	}
	checkCharges(t, s, l)
	checkMoney(t, s, l)
	for sub := range l.Subscriptions() {
		mustFind(t, s, "customers", sub.Customer)
		for _, it := range sub.Items {
			mustFind(t, s, "prices", it.Price)
		}
	}
}

func mustFind(t fataler, s *Server, resource, id string) {
	t.Helper()
	if _, ok := s.resource(resource).find(id); !ok {
		t.Fatalf("%s %q does not exist", resource, id)
	}
}

// checkCharges: a charge's refunds, states and provider fit together.
func checkCharges(t fataler, s *Server, l Ledger) {
	t.Helper()
	refunded, released := map[string]int64{}, map[string]int64{}
	for f := range l.Refunds() {
		mustFind(t, s, "charges", f.Charge)
		if f.Status != "failed" {
			refunded[f.Charge] += f.Amount
		}
		if f.IsRelease {
			released[f.Charge] += f.Amount
		}
		if (f.Status == "failed") != (f.FailureBalanceTransaction != "") {
			t.Fatalf("refund %s: %+v", f.ID, f)
		}
		if strings.HasPrefix(f.ID, "pyr_") != strings.HasPrefix(f.Charge, "py_") {
			t.Fatalf("refund %s of %s", f.ID, f.Charge)
		}
	}
	for c := range l.Charges() {
		if c.Customer != "" {
			mustFind(t, s, "customers", c.Customer)
		}
		switch {
		case c.IsCaptured && c.Released != released[c.ID]:
			t.Fatalf("charge %s: released %d, its refunds %d", c.ID, c.Released, released[c.ID])
		case c.Released != 0 && c.Released != c.Amount-c.Captured:
			t.Fatalf("charge %s: released %d of %d with %d captured", c.ID, c.Released, c.Amount, c.Captured)
		case c.Refunded+c.Released != refunded[c.ID]:
			t.Fatalf("charge %s: amount_refunded %d, its refunds %d", c.ID, c.Refunded, refunded[c.ID])
		case c.IsRefunded != (c.Refunded+c.Released == c.Amount):
			t.Fatalf("charge %s: refunded %v at %d of %d", c.ID, c.IsRefunded, c.Refunded, c.Amount)
		case c.Amount <= 0 || c.Captured > c.Amount || c.IsCaptured != (c.Captured > 0):
			t.Fatalf("charge %s: amounts %+v", c.ID, c)
		case c.IsCaptured && c.Refunded > c.Captured:
			t.Fatalf("charge %s: more refunded than captured %+v", c.ID, c)
		case c.Status == "failed" && (c.IsCaptured || c.BalanceTransaction != "" || c.Refunded > 0):
			t.Fatalf("charge %s: failed, yet %+v", c.ID, c)
		case c.IsCaptured != (c.BalanceTransaction != ""):
			t.Fatalf("charge %s: captured %v, balance transaction %q", c.ID, c.IsCaptured, c.BalanceTransaction)
		case c.BNPL != strings.HasPrefix(c.ID, "py_") || c.BNPL != (c.Method != "card"):
			t.Fatalf("charge %s: by %s", c.ID, c.Method)
		case !offeredIn(c.Method, c.Currency):
			t.Fatalf("charge %s: %s is not offered in %s", c.ID, c.Method, c.Currency)
		case (c.Method == "klarna") != (c.Category != ""):
			t.Fatalf("charge %s: %s category %q", c.ID, c.Method, c.Category)
		case c.Method == "affirm" && (c.Amount < 5_000 || c.Amount > 3_000_000):
			t.Fatalf("charge %s: affirm takes 50 to 30,000, not %d", c.ID, c.Amount)
		case (c.Currency == "kwd" || c.Currency == "jpy") && (c.Amount%10 != 0 || c.Captured%10 != 0 || c.Refunded%10 != 0):
			t.Fatalf("charge %s: %d %s", c.ID, c.Amount, c.Currency)
		case c.Currency == "isk" && (c.Amount%100 != 0 || c.Captured%100 != 0 || c.Refunded%100 != 0):
			t.Fatalf("charge %s: %d %s", c.ID, c.Amount, c.Currency)
		}
	}
}

// offeredIn reports whether a payment method is offered in a currency.
func offeredIn(method, currency string) bool {
	switch method {
	case "card":
		return true
	case "klarna":
		return slices.Contains([]string{"usd", "eur", "gbp", "aud", "cad", "sek"}, currency)
	case "afterpay_clearpay":
		return slices.Contains([]string{"aud", "cad", "nzd", "gbp", "usd"}, currency)
	case "affirm":
		return currency == "usd" || currency == "cad"
	case "zip":
		return currency == "aud"
	}
	return false
}

// checkMoney reads balance transactions as they are served and compares them
// with what they are for.
func checkMoney(t fataler, s *Server, l Ledger) {
	t.Helper()
	charges, refunds := map[string]Charge{}, map[string]Refund{}
	for c := range l.Charges() {
		charges[c.ID] = c
	}
	for f := range l.Refunds() {
		refunds[f.ID] = f
	}
	captured := map[string]int64{} // in the charge's currency, where nothing was converted
	paidOut, paid := map[string]int64{}, map[string]int64{}
	for bt := range l.BalanceTransactions() {
		checkSum(t, s, bt)
		if bt.Type == "payout" {
			paid[bt.Source] = -bt.Amount
		} else if bt.Payout != "" {
			paidOut[bt.Payout] += bt.Net
		}
		switch c, f := charges[bt.Source], refunds[bt.Source]; {
		case c.ID != "":
			captured[c.ID] += bt.Amount
			if bt.Category == "charge" && (!converts(c.Amount, bt.RateMillionths, bt.Amount) && !converts(c.Captured, bt.RateMillionths, bt.Amount) || c.BalanceTransaction != bt.ID) {
				t.Fatalf("%s: %d at %d for %+v", bt.ID, bt.Amount, bt.RateMillionths, c)
			}
			if want := map[bool]string{false: "charge", true: "payment"}[c.BNPL]; bt.Category == "charge" && bt.Type != want {
				t.Fatalf("%s: type %s for %s", bt.ID, bt.Type, c.ID)
			}
		case f.ID != "":
			if f.IsRelease {
				captured[f.Charge] += bt.Amount
			}
			sign := int64(-1)
			if bt.Category == "refund_failure" {
				sign = 1
			}
			if !converts(sign*f.Amount, bt.RateMillionths, bt.Amount) {
				t.Fatalf("%s: %d at %d for %+v", bt.ID, bt.Amount, bt.RateMillionths, f)
			}
		case bt.Category != "payout" && bt.Category != "dispute" && bt.Category != "dispute_reversal":
			t.Fatalf("%s: source %s does not exist", bt.ID, bt.Source)
		}
	}
	for _, c := range charges {
		if !isConverted(c.Currency) && captured[c.ID] != c.Captured {
			t.Fatalf("charge %s: captured %d, booked %d", c.ID, c.Captured, captured[c.ID])
		}
	}
	if diff := cmp.Diff(paid, paidOut); diff != "" {
		t.Fatalf("payouts and what they hold (-paid +held):\n%s", diff)
	}
}

// converts reports whether got is amount at the rate, give or take half a minor
// unit. It is computed independently of the code that it checks.
func converts(amount, rate, got int64) bool {
	if rate == 0 {
		return got == amount
	}
	off := got*1_000_000 - amount*rate
	return off >= -500_000 && off <= 500_000
}

func isConverted(code string) bool {
	return !slices.Contains([]string{"usd", "eur", "gbp", "aud"}, code)
}

// checkSum checks in the JSON itself that net = amount − fee, and fee = Σ
// fee_details.
func checkSum(t fataler, s *Server, bt BalanceTransaction) {
	t.Helper()
	var o struct {
		Amount, Fee, Net int64
		Exchange         json.Number              `json:"exchange_rate"`
		Details          []struct{ Amount int64 } `json:"fee_details"`
	}
	if err := json.Unmarshal(s.Object("balance_transactions", bt.ID), &o); err != nil {
		t.Fatal(err)
	}
	var sum int64
	for _, d := range o.Details {
		sum += d.Amount
	}
	if o.Net != o.Amount-o.Fee || o.Fee != sum || o.Amount != bt.Amount || o.Fee != bt.Fee || o.Net != bt.Net {
		t.Fatalf("%s: %+v, ledger %+v", bt.ID, o, bt)
	}
	if (bt.RateMillionths != 0) != (o.Exchange != "") {
		t.Fatalf("%s: exchange_rate %q for %d millionths", bt.ID, o.Exchange, bt.RateMillionths)
	}
}

// The default business has every case that a reader has to survive, and tells
// the demo's story.
func TestDefaultHasEverything(t *testing.T) {
	t.Parallel()
	s := newTestServer(t, Config{})
	l := s.Ledger()
	seen := map[string]int{}
	var bnpl, all [2]int
	firstMethod, ties, last := map[string]string{}, 0, Charge{}
	for c := range l.Charges() {
		seen["currency "+c.Currency]++
		seen["method "+c.Method]++
		seen["category "+c.Category]++
		seen["status "+c.Status]++
		seen[map[bool]string{true: "captured", false: "uncaptured"}[c.IsCaptured || c.Status == "failed"]]++
		if c.IsCaptured && c.Captured < c.Amount {
			seen["partial capture"]++
		}
		if c.Refunded > 0 && !c.IsRefunded {
			seen["partial refund"]++
		}
		if c.IsDisputed {
			seen["dispute"]++
		}
		if first, ok := firstMethod[c.Customer]; ok && first == "card" && c.BNPL {
			seen["switch to bnpl"]++
		} else if !ok {
			firstMethod[c.Customer] = c.Method
		}
		half := 2 * s.business.tl.progress(c.Created) / 1000
		all[half]++
		bnpl[half] += btoi(c.BNPL)
		ties += btoi(c.Created == last.Created)
		last = c
	}
	for sub := range l.Subscriptions() {
		seen["subscription "+sub.Status]++
	}
	for f := range l.Refunds() {
		seen["refund "+f.Status]++
	}
	negative := 0
	for bt := range l.BalanceTransactions() {
		seen["bt "+bt.Category+" "+bt.Status]++
		negative += btoi(bt.Fee < 0 && bt.Type == "refund" && bt.Category == "refund")
	}
	for _, want := range wanted {
		if seen[want] == 0 {
			t.Errorf("nothing is %q", want)
		}
	}
	if negative == 0 {
		t.Error("no refund gives its fee back")
	}
	if bnpl[0]*all[1]*5 >= bnpl[1]*all[0]*4 {
		t.Errorf("instalments do not grow: %d of %d, then %d of %d", bnpl[0], all[0], bnpl[1], all[1])
	}
	if ties < 100 {
		t.Errorf("%d charges share their second with another, want 100 or more", ties)
	}
}

// wanted are the cases that the default business must have.
var wanted = []string{
	"currency usd", "currency eur", "currency gbp", "currency aud", "currency jpy", "currency kwd", "currency isk",
	"method card", "method klarna", "method afterpay_clearpay", "method affirm", "method zip",
	"category pay_later", "category pay_now", "category pay_in_installments", "category pay_with_financing",
	"status succeeded", "status pending", "status failed", "uncaptured", "partial capture", "partial refund", "dispute", "switch to bnpl",
	"subscription active", "subscription trialing", "subscription past_due", "subscription unpaid", "subscription paused",
	"subscription incomplete", "subscription incomplete_expired", "subscription canceled",
	"refund succeeded", "refund failed", "refund pending", "bt charge pending", "bt charge available", "bt refund available",
	"bt partial_capture_reversal available", "bt refund_failure available", "bt dispute available", "bt dispute_reversal available", "bt payout available",
}
