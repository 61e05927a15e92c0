package pipeline_test

import (
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stripelake/stripelake/internal/pipeline"
)

// subscribed is a subscription with items, each of a price of its own.
func subscribed(id string, created time.Time, items ...string) string {
	var data []string
	for i, item := range items {
		data = append(data, fmt.Sprintf(`{"id":%q,"object":"subscription_item","created":%d,"quantity":%d,"metadata":{},"price":{"id":"price_%s_%d","object":"price","currency":"usd"}}`,
			item, created.Unix(), i+1, id, i))
	}
	return sent("subscription", id, created, `"status":"active","customer":"cus_1","metadata":{}`,
		`"items":{"object":"list","has_more":false,"url":"/v1/subscription_items","data":[`+strings.Join(data, ",")+`]}`)
}

const (
	itemRows = `SELECT id, subscription_id, quantity FROM subscription_items ORDER BY id`
	keyTaken = `SELECT id, field, rule, reason, example FROM meta.rejects WHERE "table" = 'subscription_items' ORDER BY ALL`
)

// One item id in two subscriptions, and one twice in a subscription: everything
// else is published, the subscription that was created first has the item, and the
// other one's shows when that gives it up. The order in which they came, a rebuild,
// kills and a compaction change nothing (Invariant 7).
func TestOneItemInTwoSubscriptions(t *testing.T) {
	t.Parallel()
	march, may := time.Date(2025, 3, 5, 0, 0, 0, 0, time.UTC), time.Date(2025, 5, 5, 0, 0, 0, 0, time.UTC)
	twice := subscribed("sub_twice", may, "si_3", "si_3")
	for name, later := range map[string]time.Time{"in two months": may, "in one second": march} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			why := "which was created earlier"
			if later.Equal(march) {
				why = "which was created at the same time and has the smaller id"
			}
			second := subscribed("sub_second", later, "si_1", "si_2")
			shared := []string{subscribed("sub_first", march, "si_0", "si_1"), second, twice}
			s := newScene(t, recorded(t, 1, noon, second))
			s.sync()
			s.expect("before there is another", itemRows, "si_1 sub_second 1", "si_2 sub_second 2")
			s.becomes(recorded(t, 1, noon.Add(time.Hour), append(shared,
				event("evt_1", "customer.subscription.created", noon, shared[0]), event("evt_2", "customer.subscription.created", noon, twice))...))
			s.refused(2)
			s.expect("rows", itemRows, "si_0 sub_first 1", "si_1 sub_first 2", "si_2 sub_second 2", "si_3 sub_twice 1")
			s.expect("rejects", keyTaken, `sub_second id key taken a row of sub_first has this key, `+why+` "si_1"`,
				`sub_twice id key repeated an earlier row of the same object has this key null`)
			s.sameAnyWay()

			given := subscribed("sub_first", march, "si_0")
			s.becomes(recorded(t, 1, noon.Add(2*time.Hour), given, second, twice,
				event("evt_3", "customer.subscription.updated", noon.Add(time.Hour), given)))
			s.sync()
			s.expect("given up", itemRows, "si_0 sub_first 1", "si_1 sub_second 1", "si_2 sub_second 2", "si_3 sub_twice 1")
			s.expect("rejects", keyTaken, `sub_twice id key repeated an earlier row of the same object has this key null`)
			s.sameAnyWay()
		})
	}
}

// A row that waits is in the state only: who changes it there is found out.
func TestWaitingRowIsVerified(t *testing.T) {
	t.Parallel()
	march := time.Date(2025, 3, 5, 0, 0, 0, 0, time.UTC)
	s := newScene(t, recorded(t, 1, noon, subscribed("sub_1", march, "si_1"), subscribed("sub_2", march, "si_1")))
	s.refused(1)
	db, err := sql.Open("duckdb", filepath.Join(s.lake, ".state", "work.duckdb"))
	if err == nil {
		_, err = db.ExecContext(t.Context(), "UPDATE state.subscription_items_held SET quantity = 99")
	}
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	found := verify(t, s.lake, true)
	for i, name := range []string{"reject removed or altered", "reject added or altered"} {
		if len(found) != 2 || !strings.HasPrefix(found[i], name+`: state."subscription_items_held" acct_`) || !strings.HasSuffix(found[i], " sub_2: ") {
			t.Fatalf("found %q", found)
		}
	}
}

// refused syncs, and some rows are refused.
func (s *scene) refused(n int) {
	s.t.Helper()
	var refused *pipeline.RejectsError
	if _, err := s.try(); !errors.As(err, &refused) || refused.Rejects != n {
		s.t.Fatalf("%v, want %d rejects", err, n)
	}
}

// compactAndRebuild merges the log's segments and derives every table again.
func (s *scene) compactAndRebuild() {
	s.t.Helper()
	copying := newSync(s.lake, s.api, nil)
	if copying.err != nil {
		s.t.Fatal(copying.err)
	}
	if _, err := pipeline.Compact(s.t.Context(), copying.Lake, 0); err != nil {
		s.t.Fatal(err)
	}
	rebuild := pipeline.Rebuild{Plan: copying.Plan, Lake: copying.Lake, Tables: copying.Lake.Tables()}
	if _, err := rebuild.Run(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
}

// sameAnyWay compares the lake with one that is made anew of the same Stripe, killed
// at every seventeenth moment, and with itself compacted and derived again.
func (s *scene) sameAnyWay() {
	s.t.Helper()
	want, rejects := digest(s.t, s.lake), s.rows(keyTaken)
	same := func(how string) {
		s.t.Helper()
		got := digest(s.t, s.lake)
		got["log"] = want["log"] // versions of before
		if diff := cmp.Diff(want, got); diff != "" {
			s.t.Errorf("%s (-synced +%s):\n%s", how, how, diff)
		}
		if diff := cmp.Diff(rejects, s.rows(keyTaken)); diff != "" {
			s.t.Errorf("rejects %s (-synced +%s):\n%s", how, how, diff)
		}
	}
	lake := s.lake
	for n := 1; ; n += 17 {
		s.lake = filepath.Join(s.t.TempDir(), "lake")
		_, killed := crash(s.t, s.lake, n, crashAPI+"="+s.api)
		if !killed {
			break
		}
		if _, err := s.try(); err != nil && !errors.As(err, new(*pipeline.RejectsError)) {
			s.t.Fatal(err)
		}
		same(fmt.Sprintf("killed at moment %d", n))
	}
	s.lake = lake
	s.compactAndRebuild()
	same("compacted and rebuilt")
	if found := verify(s.t, s.lake, true); len(found) > 0 {
		s.t.Errorf("verify finds %q", found)
	}
}
