package load

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stripelake/stripelake/load/loadtest"
)

// A state that is attached again after every transaction and between exports, in the
// middle of a rebuild too, is the one that stays attached.
func TestRefreshedStateIsTheSame(t *testing.T) {
	t.Parallel()
	var digests [2]map[string]string
	for i, after := range []int64{0, 1} {
		k := newLake(t, func(o *Options) { o.refreshAfter, o.Writers, o.PartRows = after, 2, 5 })
		for _, from := range []int{0, 12, 6} {
			k.sync(some(from, from+12, "paid")...)
			known := some(from, from+1, "paid")[0].raw()
			if same, err := k.state.Unchanged(t.Context(), acct, "charge", []Raw{known}); err != nil || !same[0] {
				t.Errorf("unchanged: %t, %v", same, err)
			}
			k.publish()
		}
		if _, err := k.state.BeginRebuild(t.Context(), "charges"); err != nil {
			t.Fatal(err)
		}
		for segment := range uint64(3) {
			k.apply(segment, segment+1)
		}
		if err := k.state.SwapIn(t.Context()); err != nil {
			t.Fatal(err)
		}
		k.publish()
		if attached := after == 0; (k.state.worked > 0) != attached {
			t.Errorf("%d objects and rows since it was attached", k.state.worked)
		}
		var err error
		if digests[i], err = loadtest.Digest(t.Context(), k.dir); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(digests[0], digests[1]); diff != "" {
		t.Errorf("digest (-attached +refreshed):\n%s", diff)
	}
}
