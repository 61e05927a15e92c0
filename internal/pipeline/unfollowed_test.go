package pipeline_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stripelake/stripelake/internal/pipeline"
	"github.com/stripelake/stripelake/internal/pipeline/laketest"
	"github.com/stripelake/stripelake/load"
)

// Events that concern no resource are counted by what they hold, each once: also where
// they are read again, and where the state is derived again from the log.
func TestUnfollowedEvents(t *testing.T) {
	t.Parallel()
	at := laketest.Noon.Add(-5 * time.Minute)
	events := []string{
		laketest.Event("evt_1", "payout.created", at, `{"id":"po_1","object":"payout"}`),
		laketest.Event("evt_2", "payout.paid", at, `{"id":"po_1","object":"payout"}`),
		laketest.Event("evt_3", "balance.available", at, `{"object":"balance"}`),
		laketest.Event("evt_4", "charge.succeeded", at, `{"id":"ch_1","object":"charge"}`),
	}
	s := laketest.NewScene(t, laketest.Recorded(t, 1, laketest.Noon, append(events, laketest.Paid("ch_1", at))...))
	s.Sync()
	check := func(when string, payouts int64) {
		t.Helper()
		status, err := pipeline.ReadStatus(t.Context(), s.Lake)
		if err != nil {
			t.Fatal(err)
		}
		account := laketest.AccountOf(t, s.Lake)
		want := []load.Unfollowed{{Account: account, Object: "payout", Events: payouts}, {Account: account, Object: "balance", Events: 1}}
		if diff := cmp.Diff(want, status.Unfollowed); diff != "" {
			t.Errorf("%s (-want +got):\n%s", when, diff)
		}
	}
	check("at first", 2)
	later := laketest.Noon.Add(time.Hour)
	s.Becomes(laketest.Recorded(t, 1, later, append(events,
		laketest.Event("evt_5", "payout.failed", later.Add(-10*time.Minute), `{"id":"po_1","object":"payout"}`), laketest.Paid("ch_1", at))...))
	s.Sync()
	check("later", 3)
	if err := laketest.RemoveFiles(".state/work.duckdb")(s.Lake); err != nil {
		t.Fatal(err)
	}
	s.Sync()
	check("derived again", 3)
	if _, err := laketest.NewSync(s.Lake, s.API, nil).Rebuild(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	check("rebuilt", 3)
}
