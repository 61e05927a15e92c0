package stripesim

import (
	"math/rand/v2"
	"slices"
	"time"
)

// A timeline holds how busy each hour of the business is: quiet nights, lunch
// and evening peaks, busier weekends, the rush before the holidays, and growth
// from the first day to the last.
type timeline struct {
	from, to int64 // Unix seconds, [from, to)
	ends     []uint64
	second   int64 // the only one in which anything happens; 0 for any
}

const (
	hour = int64(3600)
	day  = 24 * hour
)

// hourShape is how busy each hour of a day is in UTC. Evenings in Europe and
// the Americas dominate.
var hourShape = [24]uint64{38, 30, 24, 18, 14, 14, 18, 26, 38, 50, 58, 64, 70, 68, 64, 62, 66, 74, 86, 96, 100, 92, 74, 54}

// weekShape starts with Sunday.
var weekShape = [7]uint64{118, 96, 92, 94, 98, 108, 120}

// monthShape starts with January.
var monthShape = [12]uint64{92, 88, 94, 96, 98, 97, 95, 94, 100, 104, 138, 146}

func newTimeline(from, to time.Time, shape Shape) timeline {
	tl := timeline{from: from.Unix(), to: to.Unix()}
	n := (tl.to - tl.from + hour - 1) / hour
	tl.ends = make([]uint64, n)
	var sum uint64
	for i := range n {
		start := tl.from + i*hour
		sum += tl.weight(shape, start, i, n) * uint64(min(hour, tl.to-start))
		tl.ends[i] = sum
	}
	if shape == ShapeOneSecond {
		tl.second = max(tl.from, tl.to-3*day)
	}
	return tl
}

func busyness(at int64) uint64 {
	t := time.Unix(at, 0).UTC()
	w := hourShape[t.Hour()] * weekShape[t.Weekday()] / 10 * monthShape[t.Month()-1] / 10
	if t.Month() == time.November && t.Day() >= 24 && t.Weekday() == time.Friday {
		w *= 2 // Black Friday
	}
	return w
}

// draw returns n times in order. tiesPercent of them repeat the previous
// second: several objects in one second are common at Stripe, and a client that
// does not expect them loses rows.
func (tl timeline) draw(r *rand.Rand, n, tiesPercent int) []int64 {
	total := tl.ends[len(tl.ends)-1]
	marks := make([]uint64, n)
	for i := range marks {
		marks[i] = r.Uint64N(total)
	}
	slices.Sort(marks)
	times := make([]int64, n)
	if tl.second > 0 {
		for i := range times {
			times[i] = tl.second
		}
		return times
	}
	h := 0
	for i, mark := range marks {
		for tl.ends[h] <= mark {
			h++
		}
		times[i] = tl.within(h, mark)
		if i > 0 && percent(r, tiesPercent) {
			times[i] = times[i-1]
		}
	}
	return times
}

// within returns the time of a mark inside hour h.
func (tl timeline) within(h int, mark uint64) int64 {
	var begin uint64
	if h > 0 {
		begin = tl.ends[h-1]
	}
	start := tl.from + int64(h)*hour
	length := uint64(min(hour, tl.to-start))
	return start + int64((mark-begin)/((tl.ends[h]-begin)/length))
}

// progress returns how far through the business a time is, from 0 to 999.
func (tl timeline) progress(at int64) int {
	return int((at - tl.from) * 1000 / (tl.to - tl.from))
}

// addMonths adds months and keeps the day of the month where possible: 31
// January plus one is 28 or 29 February. Stripe: a billing anchor on the 31st
// bills on the last day of shorter months.
func addMonths(at int64, months int) int64 {
	t := time.Unix(at, 0).UTC()
	first := time.Date(t.Year(), t.Month()+time.Month(months), 1, t.Hour(), t.Minute(), t.Second(), 0, time.UTC)
	last := first.AddDate(0, 1, -1).Day()
	return first.AddDate(0, 0, min(t.Day(), last)-1).Unix()
}
