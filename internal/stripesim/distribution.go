package stripesim

// A Shape is how the created of a business is spread over its span. A reader
// that guesses windows from an average rate meets its limits here.
type Shape string

// The shapes. Whatever the shape, subscriptions renew by the calendar.
const (
	ShapeShop      Shape = ""           // days, weeks, seasons and growth of a shop
	ShapeUniform   Shape = "uniform"    // every hour is like the next
	ShapeSaleDay   Shape = "sale-day"   // most of it on one day in the middle
	ShapeOneSecond Shape = "one-second" // nearly all in one second, three days before the end
	ShapeSparse    Shape = "sparse"     // the first days and the last ones, and nothing in between
)

var shapes = []Shape{ShapeShop, ShapeUniform, ShapeSaleDay, ShapeOneSecond, ShapeSparse}

// sparseBurst is how long the two busy times of a sparse business are.
const sparseBurst = 3 * day

// weight is how busy hour i of n is.
func (tl timeline) weight(shape Shape, start, i, n int64) uint64 {
	switch shape {
	case ShapeUniform, ShapeOneSecond:
		return 1000
	case ShapeSaleDay:
		if i/24 == n/48 {
			return 1000 * uint64(n)
		}
		return 1000
	case ShapeSparse:
		if start < tl.from+sparseBurst || start >= tl.to-sparseBurst {
			return 1000
		}
		return 0
	}
	return busyness(start) * uint64(100+80*i/n)
}

// signUps are when subscriptions begin. In a sparse business that is at its end,
// or renewals would fill the void.
func (b *business) signUps(times []int64) []int64 {
	if b.cfg.Shape == ShapeSparse {
		for i := range times {
			times[i] = max(times[i], b.tl.to-sparseBurst)
		}
	}
	return times
}
