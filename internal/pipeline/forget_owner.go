package pipeline

import (
	"context"
	"fmt"

	"github.com/stripelake/stripelake/extract"
)

// awaitOwners waits until this run's charges are in the state: only then it is
// known which of them belong to people who were forgotten. It does not wait
// where nobody was forgotten, nor for a stream that this run does not read. A
// stream that could not be read to its end counts as done.
func (r *reader) awaitOwners(ctx context.Context) error {
	streams := ownerStreams(r.kinds, r.resource.Name)
	if r.forgotten.Empty() || streams == nil {
		return nil
	}
	if _, err := r.events.wait(ctx); err != nil { // events say which charge a dispute is about
		return err
	}
	return r.events.awaitStreams(ctx, streams...)
}

// objectID names an object of a stream.
type objectID struct{ stream, id string }

// claim says what must be known about an object before its text may be kept.
type claim struct {
	clear   bool     // nothing: the object belongs to nobody, or names a person
	through objectID // an object that leads to the owner in turn: a refund
	owner   objectID // an object that names the person: a charge
	filter  string   // of the owner's list, where the owner's id is unknown: "payment_intent"
	value   string   // of the filter
}

// claimOf returns an object's claim. It is empty where the object should name
// an owner and does not. disputed has the charges of disputes.
func claimOf(s *ownership, disputed map[string]string) (c claim) {
	for i, ref := range s.owners {
		id := lastID(s.ids[i])
		several := len(ref.To) > 1
		if several && s.events { // the object in an event may have another member of that name
			continue
		}
		to, found := leadsTo(s.of, ref, id)
		switch {
		case several && !found: // the account's own money
			c.clear = true
		case id == "" || !found:
		case to.Owner.Person:
			c.clear = true
		case ref.Filter != "":
			c.owner.stream, c.filter, c.value = to.Name, ref.Filter, id
		case to.List.Path == "": // no list has disputes: the lake knows the charge
			c.owner = objectID{lastID(ownerStreams(s.of, to.Name)), disputed[id]}
		case namesPersons(s.of, to):
			c.owner = objectID{to.Name, id}
		default:
			c.through = objectID{to.Name, id}
		}
	}
	if s.events {
		kind, _ := s.of.Of(s.kind)
		c.clear = c.clear || namesPersons(s.of, kind) || c.owner == objectID{}
	}
	return c
}

// suppressAndBlank removes pending objects of people who were forgotten, and
// removes the text of pending objects whose owner cannot be known. It returns
// how many it removed. After an error of a request the pending objects must not
// be kept.
func (r *reader) suppressAndBlank(ctx context.Context) (suppressed int, err error) {
	r.blank = nil
	if suppressed, err = r.suppress(ctx); err != nil {
		return 0, &localError{err}
	}
	if r.forgotten.Empty() || ownerStreams(r.kinds, r.resource.Name) == nil && r.events != nil {
		return suppressed, nil
	}
	claims, err := r.claims(ctx)
	if err != nil {
		return 0, err
	}
	if err := r.askThrough(ctx, claims); err != nil {
		return 0, err
	}
	isKnown, err := r.askOwners(ctx, claims)
	if err != nil {
		return 0, err
	}
	if err := r.addClaimed(ctx, claims); err != nil {
		return 0, &localError{err}
	}
	again, err := r.suppress(ctx)
	if err != nil {
		return 0, &localError{err}
	}
	r.blank = idSet{}
	for i := range r.pending {
		o := &r.pending[i]
		if c, claimed := claims[o.ID]; !claimed || isKnown(*c) {
			continue
		}
		if o.Object, err = withoutText(r.kinds, extract.JoinNested(o.Object, o.More)); err != nil {
			return 0, &localError{err}
		}
		o.More = nil
		r.blank.add(o.ID)
	}
	return suppressed + again, nil
}

// claims returns the claims, by id, of the pending objects whose owner is not
// clear. An object that the log holds unchanged was asked for when it first
// came.
func (r *reader) claims(ctx context.Context) (map[string]*claim, error) {
	disputed, err := r.disputedCharges(ctx)
	if err != nil {
		return nil, &localError{err}
	}
	unchanged, err := r.materializer.state.Unchanged(ctx, r.account, r.resource.Name, r.pending)
	if err != nil {
		return nil, &localError{err}
	}
	claims, relations := map[string]*claim{}, relationsOf(r.kinds, r.resource.Name)
	for i, o := range r.pending {
		s := relations.read(o.Object)
		if c := claimOf(&s, disputed); !c.clear && !o.Deleted && !unchanged[i] {
			claims[o.ID] = &c
		}
	}
	return claims, nil
}

// addClaimed adds to the list of the forgotten the objects whose charge is on
// it now.
func (r *reader) addClaimed(ctx context.Context, claims map[string]*claim) error {
	var ids []string
	for id, c := range claims {
		if r.isForgotten(c.owner.id) || r.isForgotten(c.value) {
			ids = append(ids, id)
			if c.through.id != "" {
				ids = append(ids, c.through.id)
			}
		}
	}
	if len(ids) == 0 {
		return nil
	}
	return r.forgotten.Add(ctx, r.account, ids)
}

// noticeBlanked reports how many objects were kept without their text, and why.
func (r *reader) noticeBlanked() {
	if r.blanked == 0 {
		return
	}
	why := "nothing tells which charge they are of"
	if r.owners.refused != nil {
		why = errorText(r.owners.refused)
	}
	r.materializer.progress.notice(fmt.Sprintf("%s: %s kept without descriptions and other text, for they may be of people who were forgotten: %s",
		r.resource.Name, plural(r.blanked, "object is", "objects are"), why))
}
