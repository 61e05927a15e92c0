package pipeline

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/stripelake/stripelake/extract"
	"github.com/stripelake/stripelake/load"
)

// askRefunds turns claims of refunds into those of what the refunds are of.
func (r *reader) askRefunds(ctx context.Context, claims map[string]*claim) error {
	of := idSet{}
	for _, c := range claims {
		if c.refund != "" {
			of.add(c.refund)
		}
	}
	found, err := r.materializer.state.NewestObjects(ctx, r.account, "refunds", slices.Sorted(maps.Keys(of)))
	if err != nil {
		return &localError{err}
	}
	refunds := map[string]claim{}
	for id, object := range found {
		delete(of, id)
		s := readSubject(object)
		refunds[id] = claimOf("refunds", &s, "")
	}
	err = r.ask(ctx, "refunds", items(of), func(item extract.Item, objects []extract.Object) error {
		for _, o := range objects {
			s := readSubject(o.Raw)
			refunds[item.ID] = claimOf("refunds", &s, "")
		}
		return nil
	})
	for _, c := range claims {
		if id := c.refund; id != "" {
			*c = refunds[id]
			c.refund = id
		}
	}
	return err
}

// askCharges finds out whose the charges are that are claimed: the log's are of
// nobody who was forgotten. It returns what says that a claim is answered.
func (r *reader) askCharges(ctx context.Context, claims map[string]*claim) (told func(claim) bool, err error) {
	known, charges, ask := idSet{}, idSet{}, []extract.Item{}
	for _, c := range claims {
		switch {
		case c.clear:
		case c.charge != "":
			charges.add(c.charge)
		case c.intent != "":
			ask = append(ask, extract.Item{Of: ofIntent + c.intent})
		}
	}
	told = func(c claim) bool { return c.clear || known.has(cmp.Or(c.charge, c.intent)) }
	if err := r.knownCharges(ctx, charges, known); err != nil || r.news == nil {
		return told, err // what events tell of is read by its own stream
	}
	return told, r.ask(ctx, "charges", append(ask, items(charges)...), func(item extract.Item, objects []extract.Object) error {
		id := cmp.Or(item.ID, strings.TrimPrefix(item.Of, ofIntent))
		if r.owners.keep(id, len(objects) > 0) {
			known.add(id)
		}
		return nil
	})
}

// ofIntent begins the filter of a list by a payment.
const ofIntent = "payment_intent="

// knownCharges moves from charges to known what the log holds or this run was told,
// and leaves out what was refused.
func (r *reader) knownCharges(ctx context.Context, charges, known idSet) error {
	var objects []load.Raw
	for id := range charges {
		objects = append(objects, load.Raw{ID: id})
	}
	held, err := r.materializer.state.Known(ctx, r.account, "charges", objects)
	if err != nil {
		return &localError{err}
	}
	for i, o := range objects {
		told, asked := r.owners.asked[o.ID]
		if held[i] || told {
			known.add(o.ID)
		}
		if held[i] || asked {
			delete(charges, o.ID)
		}
	}
	return nil
}

func items(ids idSet) (list []extract.Item) {
	for _, id := range slices.Sorted(maps.Keys(ids)) {
		if len(id) <= longestID {
			list = append(list, extract.Item{ID: id})
		}
	}
	return list
}

// owners are what an account's run was told of charges that the log lacks. Its
// readers use it one after the other.
type owners struct {
	asked   map[string]bool // whether Stripe told, by charge; at most freshAtMost
	closed  map[string]bool // streams that the key may not read: no more is asked there
	refused error           // the first refusal
}

func newOwners() *owners { return &owners{asked: map[string]bool{}, closed: map[string]bool{}} }

// keep notes whether Stripe told whose a charge is.
func (o *owners) keep(id string, told bool) bool {
	if len(o.asked) < freshAtMost {
		o.asked[id] = told
	}
	return told
}

// errClosed ends the asking of a stream that the key may not read.
var errClosed = errors.New("this key may not read it")

// ask hands what Stripe has of objects to take; nothing of those that it refuses. What
// is theirs who were forgotten is on the list by then.
func (r *reader) ask(ctx context.Context, stream string, items []extract.Item, take func(extract.Item, []extract.Object) error) error {
	if len(items) == 0 || r.owners.closed[stream] {
		return nil
	}
	err := r.client.Look(ctx, stream, items, func(item extract.Item, objects []extract.Object, err error) error {
		switch {
		case err != nil && !extract.IsRefused(err):
			return err
		case err != nil:
			objects, r.owners.refused = nil, cmp.Or(r.owners.refused, err)
		}
		if extract.IsForbidden(err) {
			r.owners.closed[stream] = true
			return errClosed
		}
		for _, o := range objects {
			s := readSubject(o.Raw)
			if err := r.learn(ctx, stream, o.ID, &s); err != nil {
				return err
			}
		}
		return take(item, objects)
	})
	if errors.Is(err, errClosed) {
		return nil
	}
	return err
}

// learn puts an object that was looked at on the list, if it belongs to people who
// were forgotten, with all that it brings.
func (r *reader) learn(ctx context.Context, stream, id string, s *subject) error {
	if !r.isTheirs(stream, s) {
		return nil
	}
	ids := []string{id}
	for _, brought := range s.brings(stream) {
		ids = append(ids, string(brought))
	}
	ids = slices.DeleteFunc(ids, func(id string) bool { return id == "" })
	if err := r.forgotten.Add(ctx, r.account, ids); err != nil {
		return &localError{err}
	}
	return nil
}
