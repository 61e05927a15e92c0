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

// askThrough turns claims of what says in turn whose it is, a refund, into those of
// what that is of.
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
	theirs, relations := map[string]claim{}, relationsOf(stream)
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

// askOwners finds out whose the charges are that are claimed: the log's are of nobody
// who was forgotten. It returns what says that a claim is answered.
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

// ownerInquiry is what is asked of a stream: objects by their id, and lists by a filter.
type ownerInquiry struct {
	ids   idSet
	lists []extract.Item
}

// askOwnersOf asks a stream for what is not known.
func (r *reader) askOwnersOf(ctx context.Context, stream string, q *ownerInquiry, known idSet) error {
	if err := r.knownOwners(ctx, stream, q.ids, known); err != nil || r.events == nil {
		return err // what events tell of is read by its own stream
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

// knownOwners moves from ids to known what the log holds or this run was told, and
// leaves out what was refused.
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

// ownerAnswers are what an account's run was told of charges that the log lacks. Its
// readers use it one after the other.
type ownerAnswers struct {
	asked     map[string]bool // whether Stripe told, by charge; at most freshAtMost
	forbidden map[string]bool // streams that the key may not read: no more is asked there
	refused   error           // the first refusal
}

func newOwnerAnswers() *ownerAnswers {
	return &ownerAnswers{asked: map[string]bool{}, forbidden: map[string]bool{}}
}

// record notes whether Stripe told whose a charge is.
func (o *ownerAnswers) record(id string, found bool) bool {
	if len(o.asked) < mostRemembered {
		o.asked[id] = found
	}
	return found
}

// errStreamForbidden ends the asking of a stream that the key may not read.
var errStreamForbidden = errors.New("this key may not read it")

// askStripe hands what Stripe has of objects to take; nothing of those that it refuses. What
// is theirs who were forgotten is on the list by then.
func (r *reader) askStripe(ctx context.Context, stream string, items []extract.Item, take func(extract.Item, []extract.Object) error) error {
	if len(items) == 0 || r.owners.forbidden[stream] {
		return nil
	}
	resource, err := streamByName(stream)
	if err != nil {
		return err
	}
	relations := relationsOf(stream)
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

// addIfForgotten puts an object that was looked at on the list, if it belongs to people who
// were forgotten, with all that it brings.
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
