package stripesim

// lateOneIn is how many balance transactions and events are listed late, where
// any are.
const lateOneIn = 8

// lateness decides which objects are listed late, and how late. They are there by
// id all the while, and the objects that they belong to name them.
//
// Stripe: a balance transaction may become listable an hour and more after its
// created, and no event says so.
type lateness struct {
	most int64 // seconds; 0 is none
	key  uint64
}

// of is how many seconds after its created an object becomes listable.
func (l lateness) of(id []byte) int64 {
	d := dice(l.key)
	for _, c := range id {
		d = dice(d.hash(uint64(c)))
	}
	if !d.oneIn(1, lateOneIn) {
		return 0
	}
	return 1 + int64(d.n(2, int(l.most)))
}

// matcher hides what is not listable at a moment. It is nil where everything is
// that is created.
func (l lateness) matcher(res *resource, listed int64) matcher {
	if l.most == 0 || listed == unsetNow || res.name != "balance_transactions" && res.name != "events" {
		return nil
	}
	var id []byte
	return func(n int) bool {
		created := res.created(n)
		if created == noCreated || created <= listed-l.most {
			return true
		}
		id = res.appendID(id[:0], n)
		return created+l.of(id) <= listed
	}
}
