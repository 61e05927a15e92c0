package pipeline_test

import (
	"strings"
	"testing"

	"github.com/stripelake/stripelake/internal/pipeline/laketest"
	"github.com/stripelake/stripelake/schemas"
)

// An account is paid in a stablecoin whose exponent is unknown: its rows have
// the amounts that were sent, and every query of them works.
func TestCurrencyOfUnknownExponent(t *testing.T) {
	t.Parallel()
	notUnderRace(t)
	at := laketest.Noon.AddDate(0, 0, -40)
	usdc := `"currency":"usdc"`
	charge := func(refunded string) string {
		return laketest.Paid("ch_1", at, usdc, `"amount":1234567,"amount_captured":1234567,"amount_refunded":`+refunded, `"balance_transaction":"txn_1","customer":"cus_1"`)
	}
	objects := []string{
		charge("0"), movement("txn_1", "charge", "ch_1", at, 1234567, 3000, usdc, `"fee_details":[{"type":"stripe_fee","currency":"usdc","amount":3000}]`),
		laketest.Paid("ch_2", at, `"balance_transaction":"txn_2"`), movement("txn_2", "charge", "ch_2", at, 100, 33),
		laketest.Sent("customer", "cus_1", at, usdc, `"balance":0`),
	}
	s := laketest.NewScene(t, laketest.Recorded(t, 1, laketest.Noon, objects...))
	if summary := s.Sync(); summary.Rejects != 0 {
		t.Error(summary.Rejects, "rejects")
	}
	objects = append(objects[1:], charge("1000000"), laketest.Event("evt_1", "charge.refunded", laketest.Noon, charge("1000000")),
		returned("re_1", "ch_1", laketest.Noon, 1000000, usdc, `"balance_transaction":"txn_3"`),
		movement("txn_3", "refund", "re_1", laketest.Noon, -1000000, 0, usdc, `"fee_details":[]`))
	s.Becomes(laketest.Recorded(t, 1, laketest.Noon.AddDate(0, 0, 1), objects...))
	if summary := s.Sync(); summary.Rejects != 0 {
		t.Error(summary.Rejects, "rejects")
	}

	expectBoth(s, "charges", "SELECT id, currency, amount, amount_minor, amount_refunded, amount_refunded_minor, amount_net, amount_net_minor FROM charges ORDER BY id",
		"ch_1 USDC null 1234567 null 1000000 null 234567", "ch_2 USD 1.000 100 0.000 0 1.000 100")
	s.Expect("history", "SELECT valid_to IS NULL, amount, amount_refunded_minor FROM charges_history WHERE id = 'ch_1' ORDER BY ALL", "false null 0", "true null 1000000")
	s.Expect("balance transactions", "SELECT id, amount, amount_minor, fee, fee_minor, net, net_minor, fee_details[1].amount, fee_details[1].amount_minor FROM balance_transactions ORDER BY id",
		"txn_1 null 1234567 null 3000 null 1231567 null 3000", "txn_2 1.000 100 0.330 33 0.670 67 0.330 33", "txn_3 null -1000000 null 0 null -1000000 null null")
	s.Expect("refunds", "SELECT id, amount, amount_minor FROM refunds", "re_1 null 1000000")
	s.Expect("customers", "SELECT id, balance, balance_minor FROM customers", "cus_1 null 0")
	s.Expect("rejects", "SELECT count(*) FROM meta.rejects", "0")
	s.Expect("drift", "SELECT stream, path, found, first_id FROM meta.drift WHERE found LIKE '%exponent%' ORDER BY ALL",
		`balance_transactions balance_transaction.currency a currency without a known exponent: "usdc" txn_1`,
		`balance_transactions balance_transaction.fee_details[].currency a currency without a known exponent: "usdc" txn_1`,
		`charges charge.currency a currency without a known exponent: "usdc" ch_1`,
		`customers customer.currency a currency without a known exponent: "usdc" cus_1`,
		`refunds refund.currency a currency without a known exponent: "usdc" re_1`)
	set, err := schemas.Load(schemas.Embedded())
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range set.Marts {
		s.Rows("FROM " + m.Name)
	}
	s.Expect("attempts", "SELECT payment_id, currency, gross, kept FROM attempts ORDER BY 1", "ch_1 USDC null null", "ch_2 USD 1.000 1.000")
	if got := laketest.Verify(t, s.Lake, true); len(got) > 0 {
		t.Errorf("found:\n%s", strings.Join(got, "\n"))
	}
}
