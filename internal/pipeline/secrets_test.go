package pipeline_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stripelake/stripelake/internal/pipeline/laketest"
)

// What Stripe says not to store is nowhere in a lake: neither in an event nor in an
// object that is listed (Invariant 11). A second look finds nothing that differs.
func TestSecretMembersAreNowhere(t *testing.T) {
	t.Parallel()
	at := laketest.Noon.Add(-5 * time.Minute)
	s := laketest.NewScene(t, laketest.Recorded(t, 1, laketest.Noon,
		laketest.Event("evt_1", "payment_intent.created", at, `{"id":"pi_1","object":"payment_intent","client_secret":"pi_1_secret_MARK"}`),
		laketest.Paid("ch_1", at, `"next_action":{"use_secret":"MARK","kept":"SEEN"}`)))
	s.Sync()
	all := laketest.RawObjects(t, s.Lake)
	if events := strings.Join(all["events"], ""); !strings.Contains(events, `"client_secret":null`) {
		t.Errorf("the event is %s", events)
	}
	if charges := strings.Join(all["charges"], ""); !strings.Contains(charges, `{"use_secret":null,"kept":"SEEN"}`) {
		t.Errorf("the charge is %s", charges)
	}
	if found := laketest.Look(t, s.Lake, []string{"SEEN"}); !found["segment"]["SEEN"] {
		t.Errorf("the look finds %v: it proves nothing", found)
	}
	for kind, found := range laketest.Look(t, s.Lake, []string{"MARK"}) {
		if len(found) > 0 {
			t.Errorf("the secret is in a %s", kind)
		}
	}
	if again := s.Sync(); again.Objects != again.Unchanged {
		t.Errorf("of %d objects that came again %d are as before", again.Objects, again.Unchanged)
	}
}
