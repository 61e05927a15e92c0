package pipeline_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stripelake/stripelake/internal/pipeline/laketest"
)

// earned returns each month's sums in the simulator's ledger: sales, refunds,
// losses to disputes, fees, and payouts to the bank.
func (f figures) earned() (lines []string) {
	type account struct{ month, currency string }
	type sums struct{ gross, refunds, disputes, other, fees, payouts, change int64 }
	months := map[account]sums{}
	for b := range f.ledger.BalanceTransactions() {
		at := account{month(b.Created), b.Currency}
		m := months[at]
		switch b.Category {
		case "charge", "partial_capture_reversal":
			m.gross += b.Amount
		case "refund", "refund_failure":
			m.refunds += b.Amount
		case "dispute", "dispute_reversal":
			m.disputes += b.Amount
		case "payout":
			m.payouts += b.Amount
		default:
			m.other += b.Amount
		}
		m.fees, m.change = m.fees-b.Fee, m.change+b.Net
		months[at] = m
	}
	for at, m := range months {
		balance := int64(0)
		for other, o := range months {
			if other.currency == at.currency && other.month <= at.month {
				balance += o.change
			}
		}
		amount := func(minor int64) string { return money(minor, at.currency) }
		lines = append(lines, row(at.month, upper(at.currency), amount(m.gross), amount(m.refunds), amount(m.disputes), amount(m.fees), amount(0), amount(m.other),
			amount(m.gross+m.refunds+m.disputes+m.fees+m.other), amount(m.payouts), amount(0), amount(m.change), amount(balance)))
	}
	return lines
}

// TestNetOfEachCategory holds where each reporting category goes: what was earned
// is apart from what only changed place, the parts add up to the change of the
// balance, and that is the ledger's, also with categories that nobody knows.
func TestNetOfEachCategory(t *testing.T) {
	t.Parallel()
	at := time.Date(2025, 3, 5, 12, 0, 0, 0, time.UTC)
	var moved []string
	move := func(created time.Time, currency, category string, amount, fee int) {
		moved = append(moved, laketest.Sent("balance_transaction", fmt.Sprintf("txn_%d", len(moved)), created, fmt.Sprintf(
			`"source":null,"reporting_category":%s,"type":"adjustment","amount":%d,"fee":%d,"net":%d,"currency":%q,"status":"available","available_on":%d,"fee_details":[]`,
			category, amount, fee, amount-fee, currency, created.Unix())))
	}
	for _, b := range []struct {
		category    string
		amount, fee int
	}{
		{"charge", 100_00, 3_20},
		{"charge_failure", -10_00, 0},
		{"partial_capture_reversal", -20_00, 0},
		{"refund", -5_00, -15},
		{"refund_failure", 1_00, 0},
		{"dispute", -7_00, 15_00},
		{"dispute_reversal", 7_00, -15_00},
		{"fee", -2_00, 0},
		{"network_cost", -30, 0},
		{"tax", -4, 0},
		{"transfer", -30_00, 0},
		{"transfer_reversal", 3_00, 0},
		{"payout", -40_00, 40},
		{"payout_reversal", 40_00, 0},
		{"topup", 500_00, 0},
		{"topup_reversal", -100_00, 0},
		{"risk_reserved_funds", -60_00, 0},
		{"connect_reserved_funds", -6_00, 0},
		{"issuing_authorization_hold", -8_00, 0},
		{"issuing_authorization_release", 8_00, 0},
		{"payout_minimum_balance_hold", -9_00, 0},
		{"payout_minimum_balance_release", 9_00, 0},
		{"advance", 11_00, 0},
		{"advance_funding", -11_00, 0},
		{"anticipation_repayment", -12_00, 0},
		{"financing_payout", 1000_00, 0},
		{"financing_payout_reversal", -1_00, 0},
		{"financing_paydown", -50_00, 0},
		{"financing_paydown_reversal", 2_00, 0},
		{"platform_earning", 13_00, 0},
		{"platform_earning_refund", -1_50, 0},
		{"other_adjustment", -25, 0},
		{"of_tomorrow", -10, 0},
	} {
		move(at, "usd", fmt.Sprintf("%q", b.category), b.amount, b.fee)
	}
	move(at, "usd", "null", 6, 0)
	move(at, "jpy", `"charge"`, 1000, 36)
	move(at.AddDate(0, 1, 0), "usd", `"payout"`, -50_00, 0)
	s := laketest.NewScene(t, laketest.Recorded(t, 1, laketest.Noon, moved...))
	s.Sync()
	s.Expect("each category", "SELECT month, * EXCLUDE (account, month) FROM net_monthly ORDER BY currency, month",
		"2025-03-01 JPY 1000.000 0.000 0.000 -36.000 0.000 0.000 964.000 0.000 0.000 964.000 964.000",
		"2025-03-01 USD 70.000 -4.000 0.000 -5.790 -27.000 11.210 44.420 0.000 1273.000 1317.420 1317.420",
		"2025-04-01 USD 0.000 0.000 0.000 0.000 0.000 0.000 0.000 -50.000 0.000 -50.000 1267.420")
	checkTiesToLedger(s)
}

// checkTiesToLedger holds that the parts of each month add up to the ledger's change.
func checkTiesToLedger(s *laketest.Scene) {
	s.T.Helper()
	s.Expect("the parts", "FROM net_monthly WHERE change <> gross + refunds + disputes + fees + transfers + other + payouts + not_earned OR change <> net + payouts + not_earned")
	const sums = `SELECT account, date_trunc('month', day)::DATE AS month, currency, sum(net) AS change, max_by(balance_after, day) AS balance_after FROM ledger GROUP BY ALL`
	const months = `SELECT account, month, currency, change, balance_after FROM net_monthly`
	s.Expect("the ledger", sums+" EXCEPT "+months)
	s.Expect("net_monthly", months+" EXCEPT "+sums)
}
