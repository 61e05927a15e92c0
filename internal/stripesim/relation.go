package stripesim

import (
	"cmp"
	"slices"
)

// A relation finds the records that belong to another one, in order of their
// numbers.
type relation struct {
	numbers []int32
	owner   func(n int32) int32
}

func newRelation(count int, owner func(n int32) int32) relation {
	var numbers []int32
	for n := range int32(count) {
		if owner(n) != none {
			numbers = append(numbers, n)
		}
	}
	slices.SortStableFunc(numbers, func(x, y int32) int { return cmp.Compare(owner(x), owner(y)) })
	return relation{numbers, owner}
}

func (r relation) of(owner int32) []int32 {
	compare := func(n, owner int32) int { return cmp.Compare(r.owner(n), owner) }
	lo, _ := slices.BinarySearchFunc(r.numbers, owner, compare)
	hi, _ := slices.BinarySearchFunc(r.numbers, owner+1, compare)
	return r.numbers[lo:hi]
}

// relations are only needed to look at the past, so they are made when somebody
// first does.
type relations struct{ refunds, disputes, bills, subs relation }

func (b *business) related() *relations {
	if r := b.relations.Load(); r != nil {
		return r
	}
	r := &relations{
		refunds:  newRelation(len(b.refunds), func(n int32) int32 { return b.refunds[n].charge }),
		disputes: newRelation(len(b.disputes), func(n int32) int32 { return b.disputes[n].charge }),
		bills:    newRelation(len(b.charges), func(n int32) int32 { return b.charges[n].sub }),
		subs:     newRelation(len(b.subs), func(n int32) int32 { return b.subs[n].customer }),
	}
	b.relations.Store(r)
	return r
}
