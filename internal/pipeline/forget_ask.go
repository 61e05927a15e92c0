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

// askThrough replaces the claims that lead through another object, a refund, by
// the claims of that object.
func (r *reader) askThrough(ctx context.Context, claims map[string]*claim) error {
	of := map[string]idSet{} // by stream
	for _, c := range claims {
		if c.through.id != "" {
			addTo(of, c.through)
		}
	}
	for _, stream := range slices.Sorted(maps.Keys(of)) {
		if err := r.askThroughOf(ctx, stream, of[stream], claims); err != nil {
			return err
		}
	}
	return nil
}

func (r *reader) askThroughOf(ctx context.Context, stream string, of idSet, claims map[string]*claim) error {
	found, err := r.materializer.state.NewestObjects(ctx, r.account, stream, slices.Sorted(maps.Keys(of)))
	if err != nil {
		return &localError{err}
	}
	theirs, relations := map[string]claim{}, relationsOf(r.kinds, stream)
	for id, object := range found {
		delete(of, id)
		s := relations.read(object)
		theirs[id] = claimOf(&s, nil)
	}
	err = r.askStripe(ctx, stream, itemsOf(of), func(item extract.Item, objects []extract.Object) error {
		for _, o := range objects {
			s := relations.read(o.Raw)
			theirs[item.ID] = claimOf(&s, nil)
		}
		return nil
	})
	for _, c := range claims {
		if through := c.through; through.stream == stream {
			*c = theirs[through.id]
			c.through = through
		}
	}
	return err
}

func addTo(sets map[string]idSet, o objectID) {
	if sets[o.stream] == nil {
		sets[o.stream] = idSet{}
	}
	sets[o.stream].add(o.id)
}

// askOwners asks Stripe for the charges of the claims that the log does not
// hold: a charge in the log belongs to nobody who was forgotten. isKnown
// reports whether the owner of a claim is known then.
func (r *reader) askOwners(ctx context.Context, claims map[string]*claim) (isKnown func(claim) bool, err error) {
	known, inquiries := idSet{}, map[string]*ownerInquiry{} // by stream
	for _, c := range claims {
		if c.clear || c.owner.stream == "" {
			continue
		}
		q := inquiries[c.owner.stream]
		if q == nil {
			q = &ownerInquiry{ids: idSet{}}
			inquiries[c.owner.stream] = q
		}
		switch {
		case c.owner.id != "":
			q.ids.add(c.owner.id)
		case c.value != "":
			q.lists = append(q.lists, extract.Item{Of: c.filter + "=" + c.value})
		}
	}
	isKnown = func(c claim) bool { return c.clear || known.has(cmp.Or(c.owner.id, c.value)) }
	for _, stream := range slices.Sorted(maps.Keys(inquiries)) {
		if err := r.askOwnersOf(ctx, stream, inquiries[stream], known); err != nil {
			return isKnown, err
		}
	}
	return isKnown, nil
}

// ownerInquiry is a request for objects of a stream: by id, and in lists by a
// filter.
type ownerInquiry struct {
	ids   idSet
	lists []extract.Item
}

// askOwnersOf requests the objects of a stream that are not known.
func (r *reader) askOwnersOf(ctx context.Context, stream string, q *ownerInquiry, known idSet) error {
	if err := r.knownOwners(ctx, stream, q.ids, known); err != nil || r.events == nil {
		return err // objects that events are about are read by their own streams
	}
	return r.askStripe(ctx, stream, append(q.lists, itemsOf(q.ids)...), func(item extract.Item, objects []extract.Object) error {
		_, value, _ := strings.Cut(item.Of, "=")
		id := cmp.Or(item.ID, value)
		if r.owners.record(id, len(objects) > 0) {
			known.add(id)
		}
		return nil
	})
}

// knownOwners adds to known the ids that the log holds or that this run asked
// for with success, and removes them from ids, together with those that Stripe
// refused.
func (r *reader) knownOwners(ctx context.Context, stream string, ids, known idSet) error {
	var objects []load.Raw
	for id := range ids {
		objects = append(objects, load.Raw{ID: id})
	}
	held, err := r.materializer.state.Known(ctx, r.account, stream, objects)
	if err != nil {
		return &localError{err}
	}
	for i, o := range objects {
		asked, answered := r.owners.asked[o.ID]
		if held[i] || asked {
			known.add(o.ID)
		}
		if held[i] || answered {
			delete(ids, o.ID)
		}
	}
	return nil
}

func itemsOf(ids idSet) (list []extract.Item) {
	for _, id := range slices.Sorted(maps.Keys(ids)) {
		if len(id) <= longestID {
			list = append(list, extract.Item{ID: id})
		}
	}
	return list
}

// ownerAnswers holds what Stripe answered an account's run about charges that
// the log lacks. Its readers use it one after the other.
type ownerAnswers struct {
	asked     map[string]bool // by charge, whether Stripe returned it; at most mostRemembered
	forbidden map[string]bool // streams that the key may not read: they are asked no more
	refused   error           // the first refusal
}

func newOwnerAnswers() *ownerAnswers {
	return &ownerAnswers{asked: map[string]bool{}, forbidden: map[string]bool{}}
}

// record remembers whether Stripe returned a charge.
func (o *ownerAnswers) record(id string, found bool) bool {
	if len(o.asked) < mostRemembered {
		o.asked[id] = found
	}
	return found
}

// errStreamForbidden ends the requests to a stream that the key may not read.
var errStreamForbidden = errors.New("this key may not read it")

// askStripe passes the objects that Stripe returns to take; for an item that
// Stripe refuses it passes none. An object of people who were forgotten is on
// their list before take is called.
func (r *reader) askStripe(ctx context.Context, stream string, items []extract.Item, take func(extract.Item, []extract.Object) error) error {
	if len(items) == 0 || r.owners.forbidden[stream] {
		return nil
	}
	resource, err := streamByName(r.kinds, stream)
	if err != nil {
		return err
	}
	relations := relationsOf(r.kinds, stream)
	err = r.client.Look(ctx, resource, items, func(item extract.Item, objects []extract.Object, err error) error {
		switch {
		case err != nil && !extract.IsRefused(err):
			return err
		case err != nil:
			objects, r.owners.refused = nil, cmp.Or(r.owners.refused, err)
		}
		if extract.IsForbidden(err) {
			r.owners.forbidden[stream] = true
			return errStreamForbidden
		}
		for _, o := range objects {
			s := relations.read(o.Raw)
			if err := r.addIfForgotten(ctx, o.ID, &s); err != nil {
				return err
			}
		}
		return take(item, objects)
	})
	if errors.Is(err, errStreamForbidden) {
		return nil
	}
	return err
}

// addIfForgotten adds an object, with all that it brings, to the list of the
// forgotten if it belongs to people on that list.
func (r *reader) addIfForgotten(ctx context.Context, id string, s *ownership) error {
	if !slices.ContainsFunc(s.belongsTo(), r.isForgotten) {
		return nil
	}
	ids := append(s.broughtIDs(), id)
	ids = slices.DeleteFunc(ids, func(id string) bool { return id == "" })
	if err := r.forgotten.Add(ctx, r.account, ids); err != nil {
		return &localError{err}
	}
	return nil
}
