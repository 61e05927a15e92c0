package stripesim

import (
	"cmp"
	"slices"
)

// A roll is a derived list: the numbers of records, by created and then by
// number.
type roll struct {
	numbers []int32
	created func(n int32) int64
}

func newRoll(numbers []int32, created func(n int32) int64) roll {
	r := roll{numbers, created}
	if !slices.IsSortedFunc(numbers, r.compare) {
		slices.SortFunc(numbers, r.compare)
	}
	return r
}

func (r roll) compare(x, y int32) int {
	return cmp.Or(cmp.Compare(r.created(x), r.created(y)), cmp.Compare(x, y))
}

// find returns the place of a record.
func (r roll) find(n int32) (int, bool) { return slices.BinarySearchFunc(r.numbers, n, r.compare) }

// list returns the resource of the roll's records. find returns the record of an id.
func (r roll) list(name, object string, id namer, find func(id string) (int32, bool), render func(w *writer, n int)) *resource {
	return &resource{
		name: name, object: object, params: paramsOf(name), expands: expandsOf[name], count: len(r.numbers),
		created:  func(k int) int64 { return r.created(r.numbers[k]) },
		render:   func(w *writer, k int) { render(w, int(r.numbers[k])) },
		appendID: func(buf []byte, k int) []byte { return id(buf, int(r.numbers[k])) },
		find: func(wanted string) (int, bool) {
			n, ok := find(wanted)
			if !ok {
				return 0, false
			}
			return r.find(n)
		},
	}
}

// by returns a filter of the roll's records.
func (r roll) by(match func(n int32) bool) matcher {
	return func(k int) bool { return match(r.numbers[k]) }
}
