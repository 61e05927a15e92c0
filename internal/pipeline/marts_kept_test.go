package pipeline_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stripelake/stripelake/internal/pipeline/laketest"
)

// partly are charges of 100 USD of which less may be captured, each with its
// refunds, and what was given back of it. A charge is its captured and refunded
// amounts; a refund its amount, status and the category of its transaction, "-"
// for none. Known says what can tell: the amounts, or else the refunds with
// their transactions.
var partly = []struct {
	id       string
	captured bool
	taken    int
	refunded int
	refunds  string
	back     string // of it, given back
	moved    string // whether money moved, of each refund
	amounts  bool   // they tell alone
}{
	{"ch_whole", true, 100, 0, "", "0.000", "", true},
	{"ch_whole_refunded", true, 100, 25, "25 succeeded refund", "25.000", "true", true},
	{"ch_whole_all_refunded", true, 100, 100, "100 succeeded refund", "100.000", "true", true},
	{"ch_old", true, 70, 30, "30 succeeded partial_capture_reversal", "0.000", "false", false},
	{"ch_old_refunded", true, 70, 50, "30 succeeded partial_capture_reversal, 20 succeeded refund", "20.000", "false true", false},
	{"ch_old_all_refunded", true, 70, 100, "30 succeeded partial_capture_reversal, 70 succeeded refund", "70.000", "false true", true},
	{"ch_old_small", true, 30, 70, "70 succeeded partial_capture_reversal", "0.000", "false", true},
	{"ch_old_pending", true, 70, 40, "30 succeeded partial_capture_reversal, 10 pending -", "10.000", "false false", false},
	{"ch_old_failed", true, 70, 30, "30 succeeded partial_capture_reversal, 20 failed refund", "0.000", "false true", false},
	{"ch_new", true, 70, 0, "", "0.000", "", true},
	{"ch_new_refunded", true, 70, 20, "20 succeeded refund", "20.000", "true", true},
	{"ch_new_as_old", true, 70, 30, "30 succeeded refund", "30.000", "true", false}, // by its amounts ch_old
	{"ch_new_all_refunded", true, 70, 70, "45 succeeded refund, 25 succeeded refund", "70.000", "true true", false},
	{"ch_new_pending", true, 70, 30, "30 pending -", "30.000", "false", false},
	{"ch_new_waiting", true, 70, 35, "35 requires_action -", "35.000", "false", false},
	{"ch_new_failed", true, 70, 0, "30 failed refund", "0.000", "true", true},
	{"ch_new_canceled", true, 70, 30, "40 canceled -, 30 succeeded refund", "30.000", "false true", false},
	{"ch_missing", true, 70, 40, "30 succeeded refund", "null", "true", false}, // a refund of 10 is not here
	{"ch_unbooked", true, 70, 30, "30 succeeded -", "null", "false", false},
	{"ch_released_old", false, 0, 100, "100 succeeded -", "0.000", "false", true},
	{"ch_released_new", false, 0, 0, "", "0.000", "", true},
	{"ch_open", false, 0, 0, "", "0.000", "", true},
}

// partlyObjects are those charges as Stripe sends them.
func partlyObjects() (objects []string) {
	at := time.Date(2025, 3, 10, 9, 0, 0, 0, time.UTC)
	move := func(id, source, category string, amount int) {
		objects = append(objects, laketest.Sent("balance_transaction", id, at, fmt.Sprintf(
			`"source":%q,"reporting_category":%q,"type":"charge","amount":%d,"fee":0,"net":%[3]d,"currency":"usd","status":"available","available_on":%d,"fee_details":[]`,
			source, category, 100*amount, at.Unix())))
	}
	for _, c := range partly {
		booked, first := c.taken, "null"
		for i, r := range refundsOf(c.refunds) {
			id, txn := fmt.Sprintf("re_%s_%d", c.id[3:], i), "null"
			if r.category != "-" {
				txn = fmt.Sprintf(`"txn_%s_%d"`, c.id[3:], i)
				move(strings.Trim(txn, `"`), id, r.category, -r.amount)
			}
			if r.category == "partial_capture_reversal" {
				booked = 100
			}
			back := ""
			if r.status == "failed" {
				back = fmt.Sprintf("txn_%s_%d_back", c.id[3:], i)
				move(back, id, "refund_failure", r.amount)
				back = fmt.Sprintf(`,"failure_balance_transaction":%q`, back)
			}
			objects = append(objects, laketest.Sent("refund", id, at, fmt.Sprintf(`"charge":%q,"amount":%d,"currency":"usd","status":%q,"balance_transaction":%s%s`,
				c.id, 100*r.amount, r.status, txn, back)))
		}
		if c.captured {
			first = fmt.Sprintf(`"txn_%s"`, c.id[3:])
			move(strings.Trim(first, `"`), c.id, "charge", booked)
		}
		objects = append(objects, laketest.Paid(c.id, at, fmt.Sprintf(`"amount":10000,"amount_captured":%d,"amount_refunded":%d,"captured":%t,"balance_transaction":%s,"customer":%q`,
			100*c.taken, 100*c.refunded, c.captured, first, "cus_"+c.id[3:]),
			`"payment_method_details":{"type":"klarna","klarna":{"payment_method_category":"pay_later"}}`))
	}
	return objects
}

// refundOf is what partly says of a refund.
type refundOf struct {
	amount           int
	status, category string
}

func refundsOf(text string) (refunds []refundOf) {
	for part := range strings.SplitSeq(text, ", ") {
		var r refundOf
		if _, err := fmt.Sscan(part, &r.amount, &r.status, &r.category); err == nil {
			refunds = append(refunds, r)
		}
	}
	return refunds
}

// The part that a partial capture released was not refunded. Where only refunds
// with their transactions show that, a lake without either does not know it,
// and counts the part.
func TestKeptOfPartialCaptures(t *testing.T) {
	t.Parallel()
	notUnderRace(t)
	stripe := laketest.Recorded(t, 1, laketest.Noon, partlyObjects()...)
	for _, tc := range []struct {
		resources string
		all       bool // what it takes to know is here
	}{
		{"", true},
		{"charges refunds", false},
		{"charges balance_transactions", false},
		{"charges", false},
	} {
		t.Run(tc.resources, func(t *testing.T) {
			t.Parallel()
			s := laketest.NewScene(t, stripe)
			s.Sync(strings.Fields(tc.resources)...)
			var want, moved []string
			unknown, payments, given := 0, 0, 0
			for _, c := range partly {
				gross, back, kept := c.taken, c.back, "null"
				if !tc.all && !c.amounts && !onlyWaiting(c.refunds, tc.resources) {
					back = "null"
				}
				if back != "null" {
					var minor int
					if _, err := fmt.Sscan(strings.Replace(back, ".000", "", 1), &minor); err != nil {
						t.Fatal(err)
					}
					kept = fmt.Sprintf("%d.000", gross-minor)
					if given += minor; minor > 0 {
						payments++
					}
				} else {
					unknown++
				}
				want = append(want, fmt.Sprintf("%s %d.000 %s %s", c.id, gross, back, kept))
				for i, is := range strings.Fields(c.moved) {
					moved = append(moved, fmt.Sprintf("re_%s_%d %s", c.id[3:], i, is))
				}
			}
			s.Expect("payments", "SELECT payment_id, gross, refunded, kept FROM payments ORDER BY payment_id", laketest.Sorted(want)...)
			expectLedger(s)
			s.Expect("customer_lifetime", "SELECT 'ch_' || customer_id[5:], gross, refunded, kept FROM customer_lifetime ORDER BY ALL", laketest.Sorted(want)...)
			s.Expect("bnpl_usage", "SELECT refunded_payments, refunded, refunds_unknown, refund_rate = (refunded_payments / (payments - refunds_unknown))::DECIMAL(9, 6) FROM bnpl_usage",
				fmt.Sprintf("%d %d.000 %d true", payments, given, unknown))
			s.Expect("revenue_daily", "SELECT refunded, refunds_unknown, kept = (SELECT sum(kept) FROM payments) FROM revenue_daily",
				fmt.Sprintf("%d.000 %d true", given, unknown))
			if tc.all {
				s.Expect("refunds_made", "SELECT refund_id, moved_money FROM refunds_made ORDER BY refund_id", laketest.Sorted(moved)...)
				s.Expect("shares", "SELECT refund_id, share FROM refunds_made WHERE moved_money AND payment_id = 'ch_old_refunded'", "re_old_refunded_1 0.285714")
			}
		})
	}
}

// onlyWaiting reports whether the refunds alone show that none has a
// transaction yet.
func onlyWaiting(refunds, resources string) bool {
	return strings.Contains(resources, "refunds") && refunds != "" && !strings.Contains(refunds, "succeeded")
}
