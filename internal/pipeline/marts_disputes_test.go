package pipeline_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stripelake/stripelake/internal/pipeline/laketest"
)

// The money of every dispute belongs to its charge, wherever the lake learned
// the charge. A dispute without a known charge is counted apart, so that no
// money is lost.
func TestDisputesOfOneCharge(t *testing.T) {
	t.Parallel()
	notUnderRace(t)
	at := time.Date(2025, 5, 10, 9, 0, 0, 0, time.UTC)
	charge := func(id, dispute string) string {
		return laketest.Paid(id, at, fmt.Sprintf(`"amount":10000,"amount_captured":10000,"balance_transaction":"txn_%s","disputed":true,"dispute":%q`, id[3:], dispute))
	}
	moved := func(id, source, category, currency string, amount, fee int) string {
		return laketest.Sent("balance_transaction", id, at, fmt.Sprintf(
			`"source":%q,"reporting_category":%q,"type":"adjustment","amount":%d,"fee":%d,"net":%d,"currency":%q,"status":"available","available_on":%d,"fee_details":[]`,
			source, category, amount, fee, amount-fee, currency, at.Unix()))
	}
	disputed := func(id, dispute, charge string, on time.Time) string {
		return laketest.Event(id, "charge.dispute.created", on, fmt.Sprintf(`{"id":%q,"object":"dispute","charge":%q}`, dispute, charge))
	}
	objects := []string{
		charge("ch_event", "du_e2"), charge("ch_unknown", "du_u2"), charge("ch_won", "du_w"),
		moved("txn_former", "ch_former", "charge", "usd", 10000, 320),
		moved("txn_event", "ch_event", "charge", "usd", 10000, 320),
		moved("txn_unknown", "ch_unknown", "charge", "usd", 10000, 320),
		moved("txn_won", "ch_won", "charge", "usd", 10000, 320),
		moved("txn_f1", "du_f1", "dispute", "usd", -4000, 1500),
		moved("txn_f2", "du_f2", "dispute", "usd", -6000, 1500),
		moved("txn_e1", "du_e1", "dispute", "usd", -4000, 1500),
		moved("txn_e2", "du_e2", "dispute", "usd", -6000, 1500),
		moved("txn_e1_back", "du_e1", "dispute_reversal", "usd", 4000, -1500),
		moved("txn_e2_euro", "du_e2", "dispute", "eur", -100, 0),
		moved("txn_u1", "du_u1", "dispute", "usd", -4000, 1500),
		moved("txn_u2", "du_u2", "dispute", "usd", -6000, 1500),
		moved("txn_w", "du_w", "dispute", "usd", -10000, 1500),
		moved("txn_w_back", "du_w", "dispute_reversal", "usd", 10000, -1500),
		moved("txn_gone", "ch_gone", "charge", "usd", 700, 50), // its charge is not in the list
		moved("txn_lost", "re_lost", "refund", "usd", -300, 0), // nor is this refund
		moved("txn_payout", "po_1", "payout", "usd", -5000, 0),
	}
	s := laketest.NewScene(t, laketest.Recorded(t, 1, laketest.Noon, append(objects, charge("ch_former", "du_f1"))...))
	s.Sync()
	later := laketest.Noon.Add(time.Hour)
	s.Becomes(laketest.Recorded(t, 1, later.Add(time.Hour), append(objects, charge("ch_former", "du_f2"),
		disputed("evt_1", "du_e1", "ch_event", later), disputed("evt_2", "du_f2", "ch_former", later))...))
	s.Sync()
	s.Expect("dispute_charges", "SELECT dispute_id, charge_id, learned_from FROM meta.dispute_charges ORDER BY ALL",
		"du_e1 ch_event events", "du_e2 ch_event charges", "du_f1 ch_former charges", "du_f2 ch_former charges", "du_u2 ch_unknown charges", "du_w ch_won charges")
	check := func() {
		t.Helper()
		s.Expect("payments", "SELECT payment_id, settled_gross, settled_disputes, settled_fee, settled_net FROM payments ORDER BY ALL",
			"ch_event 100.000 -60.000 18.200 21.800",
			"ch_former 100.000 -100.000 33.200 -33.200",
			"ch_unknown 100.000 -60.000 18.200 21.800",
			"ch_won 100.000 0.000 3.200 96.800")
		s.Expect("payments_unassigned", "SELECT * EXCLUDE (account) FROM payments_unassigned ORDER BY ALL",
			"EUR dispute other currency 1 1 -1.000 0.000 -1.000",
			"USD charge payment not here 1 1 7.000 0.500 6.500",
			"USD dispute payment not known 1 1 -40.000 15.000 -55.000",
			"USD refund payment not known 1 1 -3.000 0.000 -3.000")
		expectLedger(s, "EUR 0.000 -1.000", "USD 88.300 55.700")
	}
	check()

	// The log tells all of it again.
	if err := os.Remove(filepath.Join(s.Lake, ".state", "work.duckdb")); err != nil {
		t.Fatal(err)
	}
	s.Sync()
	check()
}

// expectLedger compares, by currency, the fees and net amounts of all payments
// and of what is unassigned with the ledger's, and both with lines.
func expectLedger(s *laketest.Scene, want ...string) {
	s.T.Helper()
	const sums = "SELECT currency, sum(fee), sum(net) FROM (%s) GROUP BY ALL ORDER BY ALL"
	ledger := s.Rows(fmt.Sprintf(sums, `SELECT * FROM ledger WHERE reporting_category IN
		('charge', 'refund', 'refund_failure', 'charge_failure', 'partial_capture_reversal', 'dispute', 'dispute_reversal')`))
	if want == nil {
		want = ledger
	}
	s.Expect("the ledger", fmt.Sprintf(sums, `SELECT settled_in AS currency, settled_fee AS fee, settled_net AS net FROM payments WHERE settled_in IS NOT NULL
		UNION ALL SELECT currency, fee, net FROM payments_unassigned`), want...)
	if fmt.Sprint(ledger) != fmt.Sprint(want) {
		s.T.Errorf("the ledger has %q, want %q", ledger, want)
	}
}
