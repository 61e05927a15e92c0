package pipeline

import (
	"context"
	"fmt"

	"github.com/stripelake/stripelake/extract"
	"github.com/stripelake/stripelake/schemas"
)

// awaitOwners lets a run's charges come first: which of them are of people who
// were forgotten is then known. Nothing waits where nobody was, and nothing for
// what this run does not read; what could not be read to its end has ended too.
func (r *reader) awaitOwners(ctx context.Context) error {
	streams := ownerStreams(r.resource.Name)
	if r.forgotten.Empty() || streams == nil {
		return nil
	}
	if _, err := r.events.wait(ctx); err != nil { // events tell whose disputes are
		return err
	}
	return r.events.awaitStreams(ctx, streams...)
}

// objectID is an object of a stream.
type objectID struct{ stream, id string }

// claim is what has to be known before an object's text may be kept.
type claim struct {
	clear   bool     // nothing: it is nobody's, or names a person
	through objectID // what it is of, and that says in turn whose it is: a refund
	owner   objectID // what it is of, and that names the person: a charge
	filter  string   // by which the owner's list finds it, where its id is not known: "payment_intent"
	value   string   // of the filter
}

// claimOf reads what an object claims; none where it should say whose it is and does
// not. disputed are the charges of disputes.
func claimOf(s *ownership, disputed map[string]string) (c claim) {
	for i, ref := range s.owners {
		id := lastID(s.ids[i])
		several := len(ref.To) > 1
		if several && s.events { // what an event holds may have another member of that name
			continue
		}
		to, found := leadsTo(ref, id)
		switch {
		case several && !found: // money of the account's own
			c.clear = true
		case id == "" || !found:
		case to.Owner.Person:
			c.clear = true
		case ref.Filter != "":
			c.owner.stream, c.filter, c.value = to.Name, ref.Filter, id
		case to.List.Path == "": // no list has it, and what it is of is known by the lake
			c.owner = objectID{lastID(ownerStreams(to.Name)), disputed[id]}
		case namesPersons(to):
			c.owner = objectID{to.Name, id}
		default:
			c.through = objectID{to.Name, id}
		}
	}
	if s.events {
		kind, _ := schemas.ResourceOf(s.kind)
		c.clear = c.clear || namesPersons(kind) || c.owner == objectID{}
	}
	return c
}

// suppressAndBlank takes out of the pending objects what belongs to people who were
// forgotten, and the text out of those of which it cannot be known whose they are.
// The error of a request is as it is: the pending objects are then not to be kept.
func (r *reader) suppressAndBlank(ctx context.Context) (suppressed int, err error) {
	r.blank = nil
	if suppressed, err = r.suppress(ctx); err != nil {
		return 0, &localError{err}
	}
	if r.forgotten.Empty() || ownerStreams(r.resource.Name) == nil && r.events != nil {
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
		if o.Object, err = withoutText(extract.JoinNested(o.Object, o.More)); err != nil {
			return 0, &localError{err}
		}
		o.More = nil
		r.blank.add(o.ID)
	}
	return suppressed + again, nil
}

// claims are those of the pending objects that are not clear. What the log holds
// as it is was asked for when it came.
func (r *reader) claims(ctx context.Context) (map[string]*claim, error) {
	disputed, err := r.disputedCharges(ctx)
	if err != nil {
		return nil, &localError{err}
	}
	unchanged, err := r.materializer.state.Unchanged(ctx, r.account, r.resource.Name, r.pending)
	if err != nil {
		return nil, &localError{err}
	}
	claims, relations := map[string]*claim{}, relationsOf(r.resource.Name)
	for i, o := range r.pending {
		s := relations.read(o.Object)
		if c := claimOf(&s, disputed); !c.clear && !o.Deleted && !unchanged[i] {
			claims[o.ID] = &c
		}
	}
	return claims, nil
}

// addClaimed puts on the list what belongs to a charge that is on it by now.
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

// noticeBlanked says how much of a stream was kept without its text, and why.
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
