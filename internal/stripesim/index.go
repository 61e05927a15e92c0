package stripesim

import (
	"cmp"
	"slices"
)

// An index finds the records that belong to another one, in order of their
// numbers.
type index struct {
	numbers []int32
	owner   func(n int32) int32
}

func newIndex(count int, owner func(n int32) int32) index {
	var numbers []int32
	for n := range int32(count) {
		if owner(n) != none {
			numbers = append(numbers, n)
		}
	}
	slices.SortStableFunc(numbers, func(x, y int32) int { return cmp.Compare(owner(x), owner(y)) })
	return index{numbers, owner}
}

func (r index) of(owner int32) []int32 {
	compare := func(n, owner int32) int { return cmp.Compare(r.owner(n), owner) }
	lo, _ := slices.BinarySearchFunc(r.numbers, owner, compare)
	hi, _ := slices.BinarySearchFunc(r.numbers, owner+1, compare)
	return r.numbers[lo:hi]
}

// indexes are built at first use, because only looking at the past needs them.
type indexes struct{ refunds, disputes, bills, subs index }

func (b *business) index() *indexes {
	if r := b.indexes.Load(); r != nil {
		return r
	}
	r := &indexes{
		refunds:  newIndex(len(b.refunds), func(n int32) int32 { return b.refunds[n].charge }),
		disputes: newIndex(len(b.disputes), func(n int32) int32 { return b.disputes[n].charge }),
		bills:    newIndex(len(b.charges), func(n int32) int32 { return b.charges[n].sub }),
		subs:     newIndex(len(b.subs), func(n int32) int32 { return b.subs[n].customer }),
	}
	b.indexes.Store(r)
	return r
}
