package pipeline

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stripelake/stripelake/load"
	"github.com/stripelake/stripelake/schemas"
)

// An object that changed and changed back while it waits is compared with its newest
// version, also after the segment with the older one is applied. It leaves with the
// segment that has the newest.
func TestBacklogHasTheNewestVersion(t *testing.T) {
	t.Parallel()
	version := func(object string) []load.Raw { return []load.Raw{{ID: "ch_1", Object: []byte(object)}} }
	old, changed := version(`{"paid":false}`), version(`{"paid":true}`)
	b, s := newBacklog(), stream{"acct_1", Resources(schemas.ShippedResources())[0]}
	b.add(s, 1, old)
	b.add(s, 2, changed)
	for _, upTo := range []uint64{0, 1} {
		b.applied(s, upTo)
		if diff := cmp.Diff(map[int]uint64{0: changed[0].Hash()}, b.newest(s, old)); diff != "" {
			t.Errorf("after segment %d is applied:\n%s", upTo, diff)
		}
	}
	b.applied(s, 2)
	if left := b.newest(s, old); len(left) > 0 || b.waits(s) || b.objects != 0 || b.bytes != 0 {
		t.Errorf("after all is applied: %v, %d objects of %d bytes", left, b.objects, b.bytes)
	}
}

// A stream is applied when its objects fill a transaction, when a reader waits for it, and
// when nobody appends any more; a stream that is waited for comes first.
func TestBacklogPicksWhatIsWorthATransaction(t *testing.T) {
	t.Parallel()
	b, large, small := newBacklog(), stream{"acct_1", Resources(schemas.ShippedResources())[0]}, stream{"acct_1", Resources(schemas.ShippedResources())[1]}
	expect := func(when, want string) {
		t.Helper()
		got := ""
		if w, ok := b.pick(); ok {
			got = w.resource.Name
		}
		if got != want {
			t.Errorf("%s: %q, want %q", when, got, want)
		}
	}
	b.add(small, 1, []load.Raw{{ID: "a"}})
	expect("little waits", "")
	b.add(large, 1, make([]load.Raw, transactionObjects))
	expect("a transaction is full", large.resource.Name)
	b.of(small).awaited++
	expect("a reader waits", small.resource.Name)
	b.applied(large, 1)
	b.of(small).awaited--
	expect("the reader has gone", "")
	b.end()
	expect("all is read", small.resource.Name)
}
