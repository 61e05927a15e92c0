package stripesim

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
)

// An Action is a mutation of the business that a test or a person asks for. It
// happens at the clock's now.
type Action string

// The actions. The parentheses say what each of them acts on.
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

// Actions returns, in a fixed order, all actions whose outcome a reader knows
// at its next look. DeletePrice is not among them: of a price that was in no
// list while the reader looked, one 404 says little.
func Actions() []Action {
	return []Action{
		CreateCustomer, UpdateCustomer, DeleteCustomer, CreateCharge, FailCharge, AuthorizeCharge, CaptureCharge, CapturePart,
		ReleaseCharge, UpdateCharge, DisputeCharge, DisputeAgain, CreateRefund, PartialRefund, FailRefund, UpdateRefund, CreateSubscription, LeaveSubscription,
		CancelSubscription, UpdateSubscription, CreatePrice, DeactivatePrice, UpdatePrice,
	}
}

// A mutation is the implementation of an action. n is the number of the target
// record, none where there is no target. do returns the record that it made or
// changed.
type mutation struct {
	target   idKind // 0 for nothing
	optional bool   // the target may be nothing
	can      func(n int32) bool
	do       func(n int32) record
}

// mutationRand draws the random numbers that mutations need.
type mutationRand struct{ r *rand.Rand }

// errEarlier is returned because history can only be continued, never inserted
// into.
var errEarlier = errors.New("the clock is before the last explicit change")

// Act does one action to the object with an id ("" where the action needs none)
// and returns the id of the object that it made or changed. The action takes
// place at Now and shows in objects, lists, events and the ledger at once. Act
// may be called while serving.
//
// The first mutation ends the invented history: from then on the business
// changes only through mutations. An unset clock is first set to the end of the
// business. Act returns an error if the object does not exist, is in no state
// for the action, or if the clock was set back.
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

// Change does an action n times, each time to an object that the seed picks. It
// returns the ids of the objects that it made or changed. It stops early when
// no object is left that the action can act on.
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

// write runs a mutation while nobody else uses the business.
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
	b.further = b.deriveFurther()
	s.resources = b.resources()
	if err != nil || touched.kind == 0 {
		if err != nil {
			err = fmt.Errorf("%s: %w", action, err)
		}
		return "", err
	}
	return b.namer(touched.kind).name(touched.n), nil
}

// pick draws an object that an action can act on. It begins at a random one and
// takes the first that fits.
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

// namer returns the function that makes the ids of a kind of record.
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
