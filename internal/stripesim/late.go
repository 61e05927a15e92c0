package stripesim

// lateOneIn is the share of balance transactions and events that are listed
// late, if any are: one of so many.
const lateOneIn = 8

// lateness decides which objects are listed late, and how late. Meanwhile they
// can be read by id, and the objects that they belong to name them.
//
// Stripe: a balance transaction may become listable an hour or more after its
// created, and no event announces it.
type lateness struct {
	most int64 // the longest delay in seconds; 0 for none
	key  uint64
}

// of returns how many seconds after its created an object becomes listable.
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

// matcher returns a filter that hides what is not yet listable. It is nil where
// everything that exists is listable.
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
