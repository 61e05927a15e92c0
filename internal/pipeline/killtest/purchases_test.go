package killtest_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stripelake/stripelake/internal/pipeline/laketest"
	"github.com/stripelake/stripelake/internal/stripesim"
)

// TestForgottenBuysWhileKilled has a forgotten customer buy while the charges are
// listed, and kills the sync at a moment that comes later each time. The next sync
// finishes it; nothing that is hers is in the lake ever after, and nothing is
// missing in it.
func TestForgottenBuysWhileKilled(t *testing.T) {
	t.Parallel()
	server := laketest.Shop(t, nil)
	x := &laketest.Returning{Scene: laketest.NewScene(t, server.Handler())}
	x.Sync()
	marks := strings.Fields(x.Rows(`SELECT c.id, email FROM customers c SEMI JOIN charges ON customer_id = c.id
		WHERE email IS NOT NULL ORDER BY ALL LIMIT 1`)[0])
	her := marks[0]
	if found := laketest.Look(t, x.Lake, marks)["segment"]; len(found) != 2 {
		t.Fatalf("of %q in the log: %v", marks, found)
	}
	if _, err := laketest.Forget(t.Context(), x.Lake, nil, her); err != nil {
		t.Fatal(err)
	}
	var buys sync.Mutex // one purchase a run
	bought := true
	x.Late = server.Handler()
	x.Answer(func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path != "/v1/charges" {
			return false
		}
		server.Handler().ServeHTTP(w, r)
		buys.Lock()
		defer buys.Unlock()
		if !bought {
			charge := laketest.Act(t, server, stripesim.CreateCharge, her)
			refund := laketest.Act(t, server, stripesim.PartialRefund, charge)
			laketest.Act(t, server, stripesim.UpdateRefund, refund)
			laketest.Act(t, server, stripesim.DisputeCharge, laketest.Act(t, server, stripesim.CreateCharge, her))
			laketest.Act(t, server, stripesim.CreateCharge)
			server.Advance(5 * time.Minute)
			bought = true
		}
		return true
	})
	sync := laketest.Child{Work: workSync, Lake: x.Lake, API: x.API}
	step, runs := map[string]int{"some": 20, "each": 6, "all": 1}[*moments], 0
	for sync.N = 1; sync.N < 40; sync.N += step {
		runs++
		server.Advance(time.Hour)
		buys.Lock()
		bought = false
		buys.Unlock()
		moment, _ := laketest.Kill(t, sync)
		x.Sync()
		if found := laketest.Look(t, x.Lake, marks); len(found) > 0 {
			t.Fatalf("after a kill at moment %d (%s) she is back: %v", sync.N, moment, found)
		}
	}
	server.Advance(time.Hour)
	x.Sync()
	laketest.CheckSound(t, x.Lake, true)
	x.Expect("of what is not there", `SELECT id FROM refunds WHERE charge_id NOT IN (SELECT id FROM charges)
		UNION ALL FROM (SELECT id FROM balance_transactions WHERE source_id[:3] IN ('ch_', 'py_') AND source_id NOT IN (SELECT id FROM charges))
		UNION ALL FROM (SELECT id FROM balance_transactions WHERE source_id[:3] IN ('re_', 'pyr') AND source_id NOT IN (SELECT id FROM refunds))
		UNION ALL FROM (SELECT id FROM balance_transactions WHERE source_id[:3] IN ('dp_', 'du_') AND source_id NOT IN (SELECT dispute_id FROM meta.dispute_charges))`)
	var others int // each run had one, and one refunded and disputed ones of hers that stayed out
	if err := laketest.Warehouse(t, x.Lake).QueryRow("SELECT count(*) FROM charges WHERE created >= '2025-03-14'").Scan(&others); err != nil || others < runs {
		t.Errorf("%d charges of others in %d runs, %v", others, runs, err)
	}
}
