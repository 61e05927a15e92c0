package pipeline_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stripelake/stripelake/internal/pipeline/laketest"
)

// movement is a balance transaction of 100 cents, but for what members say.
func movement(id, kind, source string, created time.Time, amount, fee int, members ...string) string {
	category := strings.Replace(kind, "payment", "charge", 1)
	usual := fmt.Sprintf(`"type":%q,"reporting_category":%q,"source":%q,"currency":"usd","status":"available","available_on":%d,"amount":%d,"fee":%d,"net":%d,"fee_details":[{"type":"stripe_fee","currency":"usd","amount":%d}]`,
		kind, category, source, created.Unix(), amount, fee, amount-fee, fee)
	return laketest.Sent("balance_transaction", id, created, append([]string{usual}, members...)...)
}

func returned(id, charge string, created time.Time, amount int, members ...string) string {
	usual := fmt.Sprintf(`"amount":%d,"currency":"usd","charge":%q,"status":"succeeded"`, amount, charge)
	return laketest.Sent("refund", id, created, append([]string{usual}, members...)...)
}

// A sum that does not add up is found under its name. What Stripe does by
// design is no finding. Each case is a business of its own, read twice.
func TestVerifyBooks(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("nothing here runs side by side: not for the race detector")
	}
	at := laketest.Noon.AddDate(0, 0, -40)
	bt, usdc := `"balance_transaction":"txn_1"`, `"currency":"usdc"`
	for name, tc := range laketest.Sampled(map[string]struct {
		objects []string
		want    []string
	}{
		"in order": {objects: []string{
			laketest.Paid("ch_1", at, bt, `"amount_refunded":40`), movement("txn_1", "charge", "ch_1", at, 100, 33),
			returned("re_1", "ch_1", at, 40, `"balance_transaction":"txn_2"`), movement("txn_2", "refund", "re_1", at, -40, -3),
		}},
		"failed, uncaptured, pending, released": {objects: []string{
			laketest.Paid("ch_1", at, `"status":"failed","captured":false,"amount_captured":0`),
			laketest.Paid("ch_2", at, `"captured":false,"amount_captured":0`),
			laketest.Paid("ch_3", at, `"status":"pending"`),
			laketest.Paid("ch_4", at, `"captured":false,"amount_captured":0,"amount_refunded":100`),
			returned("re_4", "ch_4", at, 100, `"reason":"expired_uncaptured_charge"`),
		}},
		"captured in part": {objects: []string{
			laketest.Paid("ch_1", at, bt, `"amount_captured":60`), movement("txn_1", "charge", "ch_1", at, 100, 33),
			movement("txn_2", "refund", "ch_1", at, -40, -1, `"reporting_category":"partial_capture_reversal"`),
		}},
		"a refund that failed": {objects: []string{
			laketest.Paid("ch_1", at, bt), movement("txn_1", "charge", "ch_1", at, 100, 33),
			returned("re_1", "ch_1", at, 40, `"status":"failed","balance_transaction":"txn_2","failure_balance_transaction":"txn_3"`),
			movement("txn_2", "refund", "re_1", at, -40, 0), movement("txn_3", "refund_failure", "re_1", at, 40, 0),
			returned("re_2", "ch_1", at, 100, `"status":"canceled"`),
		}},
		"converted, disputed": {objects: []string{
			laketest.Paid("ch_1", at, bt, `"disputed":true,"dispute":"dp_1"`), movement("txn_1", "charge", "ch_1", at, 88, 33, `"currency":"eur","fee_details":[{"type":"stripe_fee","currency":"eur","amount":33}]`),
			movement("txn_2", "adjustment", "dp_1", at, -86, 1500, `"reporting_category":"dispute","currency":"eur","fee_details":[{"type":"stripe_fee","currency":"eur","amount":1500}]`),
		}},
		"a customer of before": {objects: []string{laketest.Paid("ch_1", at, bt, `"customer":"cus_gone"`), movement("txn_1", "charge", "ch_1", at, 100, 33)}},

		"net": {[]string{movement("txn_1", "payout", "po_1", at, -100, 0, `"net":-99`)}, []string{
			"net is not amount less fee: acct_ USD 2025-04-22 payout: 1 balance transactions, first txn_1: net -0.990, amount less fee -1.000",
			"mart does not add up: net_monthly of acct_ USD 2025-04-01: parts: ledger -0.990, net_monthly -1.000",
		}},
		"fee": {[]string{movement("txn_1", "payout", "po_1", at, -100, 0, `"fee_details":[{"type":"tax","currency":"usd","amount":1}]`)}, []string{"fee is not the sum of its details: acct_ USD 2025-04-22 payout: 1 balance transactions, first txn_1: fee 0.000, details 0.010"}},
		"no balance transaction": {
			[]string{laketest.Paid("ch_1", at), returned("re_1", "ch_1", at, 100), laketest.Paid("ch_2", at, `"amount_refunded":100,"balance_transaction":"txn_2"`), movement("txn_2", "charge", "ch_2", at, 100, 0), returned("re_2", "ch_2", at, 100)},
			[]string{"charge without balance transaction: acct_/ch_1: captured 1.000 USD", "refund without balance transaction: acct_/re_1", "refund without balance transaction: acct_/re_2", "refunds do not sum up: acct_/ch_1: it says 0.000 USD was refunded, and its refunds are 1.000"},
		},
		"unknown exponent, in order": {objects: []string{
			laketest.Paid("ch_1", at, bt, usdc, `"amount_refunded":40`), movement("txn_1", "charge", "ch_1", at, 100, 33, usdc, `"fee_details":[{"type":"stripe_fee","currency":"usdc","amount":33}]`),
			returned("re_1", "ch_1", at, 40, usdc, `"balance_transaction":"txn_2"`), movement("txn_2", "refund", "re_1", at, -40, 0, usdc),
		}},
		"unknown exponent": {
			[]string{
				laketest.Paid("ch_1", at, bt, usdc, `"amount_refunded":40`), movement("txn_1", "charge", "ch_1", at, 99, 0, usdc),
				returned("re_1", "ch_1", at, 30, usdc, `"balance_transaction":"txn_2"`), movement("txn_2", "refund", "re_1", at, -41, 0, usdc),
				movement("txn_3", "payout", "po_1", at, -9223372036854775808, 0, usdc, `"net":9223372036854775807`), laketest.Paid("ch_2", at, usdc),
			},
			[]string{
				"net is not amount less fee: acct_ USDC 2025-04-22 payout: 1 balance transactions, first txn_3: net 9223372036854775807, amount less fee -9223372036854775808 minor units",
				"charge without balance transaction: acct_/ch_2: captured 100 minor units of USDC",
				"charge and balance transaction differ: acct_/ch_1: charge 100 minor units of USDC, balance transaction 99 minor units of USDC",
				"refund and balance transaction differ: acct_/re_1: refund 30 minor units of USDC", "refunds do not sum up: acct_/ch_1: it says 40 minor units of USDC was refunded, and its refunds are 30",
			},
		},
		"another source": {[]string{laketest.Paid("ch_1", at, bt), movement("txn_1", "charge", "ch_2", at, 100, 0)}, []string{"balance transaction of another source: acct_/txn_1: charge ch_1 names it", "balance transaction without charge: acct_/txn_1: it names ch_2"}},
		"another amount": {
			[]string{
				laketest.Paid("ch_1", at, bt, `"amount_refunded":40`), movement("txn_1", "charge", "ch_1", at, 99, 0),
				returned("re_1", "ch_1", at, 40, `"balance_transaction":"txn_2"`), movement("txn_2", "refund", "re_1", at, -41, 0),
			},
			[]string{"charge and balance transaction differ: acct_/ch_1: charge 1.000 USD, balance transaction 0.990 USD", "refund and balance transaction differ: acct_/re_1"},
		},
		"not given back":     {[]string{laketest.Paid("ch_1", at, bt, `"amount_refunded":40`), movement("txn_1", "charge", "ch_1", at, 100, 0)}, []string{"refunds do not sum up: acct_/ch_1"}},
		"no charge":          {[]string{movement("txn_1", "payment", "py_1", at, 100, 0)}, []string{"balance transaction without charge: acct_/txn_1: it names py_1"}},
		"no refund":          {[]string{movement("txn_1", "refund", "re_1", at, -100, 0)}, []string{"balance transaction without refund: acct_/txn_1: it names re_1"}},
		"an orphan":          {[]string{laketest.Paid("ch_1", at, bt)}, []string{"orphan: charges.balance_transaction_id acct_/ch_1: balance_transactions has no txn_1"}},
		"an orphaned refund": {[]string{returned("re_1", "ch_9", at, 100, `"balance_transaction":"txn_1"`), movement("txn_1", "refund", "re_1", at, -100, 0)}, []string{"orphan: refunds.charge_id acct_/re_1: charges has no ch_9"}},
	}) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := laketest.NewScene(t, laketest.Recorded(t, 1, laketest.Noon, tc.objects...))
			s.Sync()
			s.Becomes(laketest.Recorded(t, 1, laketest.Noon.Add(time.Hour), tc.objects...))
			s.Sync()
			var got []string
			for _, line := range laketest.Verify(t, s.Lake, false) {
				got = append(got, strings.ReplaceAll(line, laketest.AccountOf(t, s.Lake), "acct_"))
			}
			if !slices.EqualFunc(got, tc.want, strings.HasPrefix) {
				t.Errorf("found:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(tc.want, "\n"))
			}
		})
	}
}

// What may be on its way is no finding before the next sync.
func TestVerifyWaitsForWhatIsOnItsWay(t *testing.T) {
	t.Parallel()
	at := laketest.Noon.Add(-time.Minute * 30)
	charge := laketest.Paid("ch_1", at, `"balance_transaction":"txn_1","amount_refunded":40`)
	s := laketest.NewScene(t, laketest.Recorded(t, 1, laketest.Noon, charge))
	s.Sync()
	laketest.CheckSound(t, s.Lake, true)
	s.Becomes(laketest.Recorded(t, 1, laketest.Noon.Add(time.Hour), charge))
	s.Sync()
	if got := laketest.Verify(t, s.Lake, false); len(got) != 2 {
		t.Error(got)
	}
}
