package stripesim

// A Shape is the distribution of created over the span of a business. It shows
// the limits of a reader that guesses windows from an average rate.
type Shape string

// The shapes. Whatever the shape, subscriptions renew by the calendar.
const (
	ShapeShop      Shape = ""           // days, weeks, seasons and growth of a shop
	ShapeUniform   Shape = "uniform"    // every hour is equally busy
	ShapeSaleDay   Shape = "sale-day"   // most of it on one day in the middle
	ShapeOneSecond Shape = "one-second" // nearly all in one second, three days before the end
	ShapeSparse    Shape = "sparse"     // the first days and the last ones, and nothing in between
)

var shapes = []Shape{ShapeShop, ShapeUniform, ShapeSaleDay, ShapeOneSecond, ShapeSparse}

// sparseBurst is the length of each of the two busy times of a sparse business.
const sparseBurst = 3 * day

// weight returns how busy hour i of n is.
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

// signUps returns the times at which subscriptions begin. In a sparse business
// that is only at its end, because renewals would fill the empty time.
func (b *business) signUps(times []int64) []int64 {
	if b.cfg.Shape == ShapeSparse {
		for i := range times {
			times[i] = max(times[i], b.tl.to-sparseBurst)
		}
	}
	return times
}
