package stripesim

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
)

// An Action is an explicit change to the business, made at the clock's now by a
// test or by hand.
type Action string

// The actions. What each acts on is in parentheses.
const (
	CreateCustomer     Action = "create-customer"     // (nothing)
	UpdateCustomer     Action = "update-customer"     // (a customer) gets a metadata.revision
	DeleteCustomer     Action = "delete-customer"     // (a customer) and cancels their subscriptions
	CreateCharge       Action = "create-charge"       // (a customer, or "" for a guest) paid and captured
	FailCharge         Action = "fail-charge"         // (a customer, or "") declined
	AuthorizeCharge    Action = "authorize-charge"    // (a customer, or "") not captured
	CaptureCharge      Action = "capture-charge"      // (an authorised charge) in full
	CapturePart        Action = "capture-part"        // (an authorised charge) two thirds of it
	ReleaseCharge      Action = "release-charge"      // (an authorised charge) nothing of it
	UpdateCharge       Action = "update-charge"       // (a charge) gets a metadata.revision
	DisputeCharge      Action = "dispute-charge"      // (a charge without refunds)
	DisputeAgain       Action = "dispute-again"       // (a disputed charge) a quarter of it
	CreateRefund       Action = "create-refund"       // (a charge) of all that is left
	PartialRefund      Action = "partial-refund"      // (a charge) of a quarter of what is left
	FailRefund         Action = "fail-refund"         // (a refund) the money comes back
	UpdateRefund       Action = "update-refund"       // (a refund) gets a metadata.revision
	CreateSubscription Action = "create-subscription" // (a customer who pays in a currency with a plan) and its first charge
	LeaveSubscription  Action = "leave-subscription"  // (an active subscription) cancel_at_period_end
	CancelSubscription Action = "cancel-subscription" // (an active or trialing subscription) now
	UpdateSubscription Action = "update-subscription" // (a subscription) gets a metadata.revision
	CreatePrice        Action = "create-price"        // (nothing)
	DeactivatePrice    Action = "deactivate-price"    // (an active price)
	UpdatePrice        Action = "update-price"        // (a price) gets a metadata.revision
	DeletePrice        Action = "delete-price"        // (a price that no subscription was sold at) as only the Dashboard can
)

// Actions are all that a reader knows the outcome of at its next look, in a fixed
// order. DeletePrice is not among them: of a price that was in no list while it
// looked, one 404 says little.
func Actions() []Action {
	return []Action{
		CreateCustomer, UpdateCustomer, DeleteCustomer, CreateCharge, FailCharge, AuthorizeCharge, CaptureCharge, CapturePart,
		ReleaseCharge, UpdateCharge, DisputeCharge, DisputeAgain, CreateRefund, PartialRefund, FailRefund, UpdateRefund, CreateSubscription, LeaveSubscription,
		CancelSubscription, UpdateSubscription, CreatePrice, DeactivatePrice, UpdatePrice,
	}
}

// A mutation is how an action is done. The number is that of its target, none for
// nothing; what do returns is the record that was made or changed.
type mutation struct {
	target   idKind // 0 for nothing
	optional bool   // the target may be nothing
	can      func(n int32) bool
	do       func(n int32) record
}

// mutationRand are what explicit changes need besides the business.
type mutationRand struct{ r *rand.Rand }

// errEarlier: history is written forwards only.
var errEarlier = errors.New("the clock is before the last explicit change")

// Act does one action to the object with an id ("" where the action needs none)
// and returns the id of what it made or changed. It takes place at Now, may be
// called while serving, and shows in objects, lists, events and the ledger at
// once.
//
// The first explicit change ends the invented history: what would have happened
// after Now does not, and from then on the business changes only as told. An
// unset clock is set to the end of the business first. The error says that the
// object does not exist, is in no state for the action, or that the clock was
// set back.
func (s *Server) Act(action Action, id string) (string, error) {
	return s.write(action, func(b *business, d mutation) (record, error) {
		n := none
		if id != "" {
			place, ok := 0, false
			if d.target != 0 {
				place, ok = b.find(d.target, b.namer(d.target), b.count(d.target), id)
			}
			if !ok {
				return record{}, fmt.Errorf("%q is not what it acts on", id)
			}
			n = int32(place)
		}
		if n == none && d.target != 0 && !d.optional || n != none && !d.can(n) {
			return record{}, fmt.Errorf("%q is in no state for it", id)
		}
		return d.do(n), nil
	})
}

// Change does an action n times, each to an object that the seed picks, and
// returns the ids of what was made or changed. It stops early when there is
// nothing left to act on.
func (s *Server) Change(action Action, n int) (ids []string, err error) {
	for range n {
		found := true
		id, err := s.write(action, func(b *business, d mutation) (record, error) {
			target, ok := none, d.target == 0
			if !ok {
				target, ok = b.pick(s.mutations.r, d)
			}
			if found = ok; !ok {
				return record{}, nil
			}
			return d.do(target), nil
		})
		if err != nil {
			return ids, err
		}
		if !found {
			break
		}
		ids = append(ids, id)
	}
	return ids, nil
}

// write does an action with the business to itself.
func (s *Server) write(action Action, run func(b *business, d mutation) (record, error)) (string, error) {
	if s.business == nil {
		return "", fmt.Errorf("%s: recorded objects do not change", action)
	}
	s.state.Lock()
	defer s.state.Unlock()
	b, at := s.business, s.moment().at
	if s.clock.now() == unsetNow {
		s.clock.set(at)
	}
	if at < b.tl.from+day {
		return "", fmt.Errorf("%s: the clock is before the second day of the business", action)
	}
	if b.truncatedAt == math.MaxInt64 {
		b.truncate(at)
	}
	if at < b.tl.to-1 {
		return "", fmt.Errorf("%s: %w", action, errEarlier)
	}
	b.tl.to = at + 1
	d, ok := b.mutation(action, s.mutations.r, at)
	if !ok {
		return "", fmt.Errorf("no action %q", action)
	}
	touched, err := run(b, d)
	b.indexes.Store(nil)
	b.changelog.Store(nil)
	s.resources = b.resources()
	if err != nil || touched.kind == 0 {
		if err != nil {
			err = fmt.Errorf("%s: %w", action, err)
		}
		return "", err
	}
	return b.namer(touched.kind).name(touched.n), nil
}

// pick draws an object that an action can be done to: by chance, and if that
// fails the first one in a round.
func (b *business) pick(r *rand.Rand, d mutation) (int32, bool) {
	count := b.count(d.target)
	if count == 0 {
		return none, false
	}
	start := r.IntN(count)
	for i := range count {
		if n := int32((start + i) % count); d.can(n) {
			return n, true
		}
	}
	return none, d.optional
}

// namer makes the ids of a kind of record.
func (b *business) namer(kind idKind) namer {
	switch kind {
	case idCharge:
		return b.appendChargeID
	case idRefund:
		return b.appendRefundID
	case idDispute:
		return b.appendDisputeID
	case idSubscription:
		return b.appendSubscriptionID
	case idCustomer:
		return b.appendCustomerID
	}
	return b.appendPriceID
}
