package stripesim

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// Every object has every key of Stripe's documented example, in Stripe's order:
// id, object, then the alphabet; and what the documentation lacks and every real
// response has: destination, dispute, order and source of a charge, plan of a
// subscription. Keys that Stripe leaves out at times are in parentheses.
var documentedKeys = map[string]string{
	"balance_transactions": "id object amount available_on created currency description exchange_rate fee fee_details net reporting_category source status type",
	"charges": "id object amount amount_captured amount_refunded application application_fee application_fee_amount balance_transaction billing_details " +
		"calculated_statement_descriptor captured created currency customer description destination dispute disputed failure_balance_transaction failure_code failure_message " +
		"fraud_details invoice livemode metadata on_behalf_of order outcome paid payment_intent payment_method payment_method_details receipt_email receipt_number " +
		"receipt_url refunded review shipping source source_transfer statement_descriptor statement_descriptor_suffix status transfer_data transfer_group",
	"customers": "id object address balance created currency default_source delinquent description discount email invoice_prefix invoice_settings livemode " +
		"metadata name next_invoice_sequence phone preferred_locales shipping tax_exempt test_clock",
	"prices": "id object active billing_scheme created currency custom_unit_amount livemode lookup_key metadata nickname product recurring tax_behavior " +
		"tiers_mode transform_quantity type unit_amount unit_amount_decimal",
	"refunds": "id object amount balance_transaction charge created currency destination_details (failure_balance_transaction) (failure_reason) metadata " +
		"payment_intent reason receipt_number source_transfer_reversal status transfer_reversal",
	"subscriptions": "id object application application_fee_percent automatic_tax billing_cycle_anchor billing_thresholds cancel_at cancel_at_period_end " +
		"canceled_at cancellation_details collection_method created currency current_period_end current_period_start customer days_until_due " +
		"default_payment_method default_source default_tax_rates description discount ended_at invoice_settings items latest_invoice livemode metadata " +
		"next_pending_invoice_item_invoice on_behalf_of pause_collection payment_settings pending_invoice_item_interval pending_setup_intent pending_update " +
		"plan quantity schedule start_date status test_clock transfer_data trial_end trial_settings trial_start",
}

func TestKeyOrder(t *testing.T) {
	t.Parallel()
	s := newTestServer(t, Config{Charges: 2000})
	for _, name := range resourceNames {
		for id, raw := range s.Ledger().Raw(name) {
			got := topLevelKeys(t, raw)
			want := slices.DeleteFunc(strings.Fields(documentedKeys[name]), func(k string) bool {
				return k[0] == '(' && !slices.Contains(got, strings.Trim(k, "()"))
			})
			if strings.Join(got, " ") != strings.NewReplacer("(", "", ")", "").Replace(strings.Join(want, " ")) {
				t.Fatalf("%s %s has the keys\n%q, want\n%q", name, id, got, want)
			}
		}
	}
}

func topLevelKeys(t *testing.T, raw []byte) []string {
	t.Helper()
	dec := json.NewDecoder(bytes.NewReader(raw))
	if _, err := dec.Token(); err != nil {
		t.Fatal(err)
	}
	var keys []string
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, key.(string))
		var skip json.RawMessage
		if err := dec.Decode(&skip); err != nil {
			t.Fatal(err)
		}
	}
	return keys
}

// The bytes are laid out as Stripe lays them out, alone and inside a list.
func TestLayout(t *testing.T) {
	t.Parallel()
	s := newTestServer(t, Config{Charges: 300})
	for _, res := range s.resources {
		for id, raw := range s.Ledger().Raw(res.name) {
			checkLayout(t, id, raw)
		}
		w := s.writer()
		if err := res.list(w, queryValues("limit", "100")); err != nil {
			t.Fatal(err.message)
		}
		checkLayout(t, res.name, w.buf)
	}
}

func checkLayout(t *testing.T, what string, raw []byte) {
	t.Helper()
	var want bytes.Buffer
	if err := json.Indent(&want, raw, "", "  "); err != nil {
		t.Fatal(what, err)
	}
	if want.String() != string(raw) {
		t.Fatalf("%s is not laid out as json.Indent does:\n%s", what, raw)
	}
}

// Millionths are exact and have no zeros to spare.
func TestAppendMillionths(t *testing.T) {
	t.Parallel()
	for n, want := range map[int64]string{
		0: "0", 1: "0.000001", 500_000: "0.5", 7_231: "0.007231", 1_000_000: "1", 2_050_000: "2.05", 100_000: "0.1", 10: "0.00001",
	} {
		if got := string(appendMillionths(nil, n)); got != want {
			t.Errorf("%d: %s, want %s", n, got, want)
		}
	}
}

// Any text survives a trip through a JSON string.
func FuzzQuote(f *testing.F) {
	for _, s := range []string{"", "plain", "\"\\\n\t\x00\x7f", "é漢🎁", "\u2028"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if !utf8.ValidString(s) {
			t.Skip("every string of the simulator is valid UTF-8")
		}
		var got string
		if err := json.Unmarshal(appendQuoted(nil, s), &got); err != nil || got != s {
			t.Fatalf("%q became %q (%v)", s, got, err)
		}
	})
}
