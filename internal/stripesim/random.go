package stripesim

import "math/rand/v2"

// A stream is an independent sequence of random numbers, one for each part of
// the business, so that a change in one part leaves the others as they were.
type stream uint64

const (
	streamCustomers stream = iota + 1
	streamSubscriptions
	streamOrders
	streamAfterwards
	streamPrices
	streamRates
	streamIDs
	streamDeletions
	streamChanges
	streamInquiries
	streamPayouts
	streamCoupons
	streamPromotions
	streamAbandoned
	streamTransfers
	streamApplicationFees
)

func (s stream) rand(seed int64) *rand.Rand {
	return rand.New(rand.NewPCG(uint64(seed), uint64(s)))
}

// mix is the finalizer of splitmix64: a bijection that leaves no pattern.
func mix(x uint64) uint64 {
	x ^= x >> 30
	x *= 0xbf58476d1ce4e5b9
	x ^= x >> 27
	x *= 0x94d049bb133111eb
	return x ^ x>>31
}

// dice decide the details of one object that nothing else depends on, such as a
// street or the last digits of a card. They are computed again at each
// rendering, so the details need no memory.
type dice uint64

func (d dice) hash(what uint64) uint64 { return mix(uint64(d) + what*0x9e3779b97f4a7c15) }

// n returns a number from 0 to bound-1, always the same for the same what.
func (d dice) n(what uint64, bound int) int { return int(d.hash(what) >> 1 % uint64(bound)) }

// oneIn is true for one object of every bound.
func (d dice) oneIn(what uint64, bound int) bool { return d.n(what, bound) == 0 }

// percent is true with probability p out of 100. Integers only: a float could
// differ between machines.
func percent(r *rand.Rand, p int) bool { return r.IntN(100) < p }

// permille is true with probability p out of 1,000.
func permille(r *rand.Rand, p int) bool { return r.IntN(1000) < p }
