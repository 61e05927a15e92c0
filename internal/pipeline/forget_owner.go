package pipeline

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/stripelake/stripelake/extract"
	"github.com/stripelake/stripelake/load"
)

// owned are the streams whose objects name a charge and not always the customer,
// and the streams that tell whose those are. They are read after those, where
// somebody was forgotten.
var owned = map[string][]string{"refunds": {"charges"}, "balance_transactions": {"charges", "refunds"}}

// awaitOwners lets a run's charges come first: which of them are of people who
// were forgotten is then known. Nothing waits where nobody was, and nothing for
// what this run does not read; what could not be read to its end has ended too.
func (r *reader) awaitOwners(ctx context.Context) error {
	tellers := owned[r.resource.Name]
	if r.forgotten.Empty() || tellers == nil {
		return nil
	}
	if _, err := r.news.wait(ctx); err != nil { // events tell whose disputes are
		return err
	}
	return r.news.after(ctx, tellers...)
}

// claim is what has to be known before an object's text may be kept.
type claim struct {
	clear  bool   // nothing: it is nobody's, or names a customer
	refund string // whose refund this is
	charge string // whose charge this is
	intent string // whose payment this is
}

// claimOf reads what an object of a stream claims; none where it should say whose
// it is and does not. charge is that of the dispute that a balance transaction
// comes from.
//
// Stripe: the source of a balance transaction is a charge (ch_, py_), a refund
// (re_, pyr_) or a dispute (dp_, du_), or else money of the account's own.
func claimOf(stream string, s *subject, charge string) claim {
	if stream == "events" {
		s = s.Data.Object
		if s == nil || s.Object == "charge" || s.Charge == "" && s.PaymentIntent == "" {
			return claim{clear: true}
		}
	}
	kind, _, _ := strings.Cut(string(s.Source), "_")
	switch {
	case stream != "balance_transactions":
		return claim{clear: s.Customer != "", charge: string(s.Charge), intent: string(s.PaymentIntent)}
	case kind == "ch" || kind == "py":
		return claim{charge: string(s.Source)}
	case kind == "re" || kind == "pyr":
		return claim{refund: string(s.Source)}
	}
	return claim{clear: kind != "dp" && kind != "du", charge: charge}
}

// leaveOut takes out of the pending objects what belongs to people who were
// forgotten, and the text out of those of which it cannot be known whose they are.
// The error of a request is as it is: the pending objects are then not to be kept.
func (r *reader) leaveOut(ctx context.Context) (suppressed int, err error) {
	r.blank = nil
	if suppressed, err = r.suppress(ctx); err != nil {
		return 0, &localError{err}
	}
	if r.forgotten.Empty() || owned[r.resource.Name] == nil && r.news != nil {
		return suppressed, nil
	}
	claims, err := r.claims(ctx)
	if err != nil {
		return 0, err
	}
	if err := r.askRefunds(ctx, claims); err != nil {
		return 0, err
	}
	told, err := r.askCharges(ctx, claims)
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
		if c, claimed := claims[o.ID]; !claimed || told(*c) {
			continue
		}
		if o.Object, err = withoutText(extract.Whole(o.Object, o.More)); err != nil {
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
	disputed, err := r.disputed(ctx)
	if err != nil {
		return nil, &localError{err}
	}
	unchanged, err := r.materializer.state.Unchanged(ctx, r.account, r.resource.Name, r.pending)
	if err != nil {
		return nil, &localError{err}
	}
	claims := map[string]*claim{}
	for i, o := range r.pending {
		s := readSubject(o.Object)
		if c := claimOf(r.resource.Name, &s, disputed[string(s.Source)]); !c.clear && !o.Deleted && !unchanged[i] {
			claims[o.ID] = &c
		}
	}
	return claims, nil
}

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
			if err := r.learn(ctx, "refunds", o.ID, &s); err != nil {
				return err
			}
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

// addClaimed puts on the list what belongs to a charge that is on it by now.
func (r *reader) addClaimed(ctx context.Context, claims map[string]*claim) error {
	var ids []string
	for id, c := range claims {
		if r.isForgotten(c.charge) || r.isForgotten(c.intent) {
			ids = append(ids, id)
			if c.refund != "" {
				ids = append(ids, c.refund)
			}
		}
	}
	if len(ids) == 0 {
		return nil
	}
	return r.forgotten.Add(ctx, r.account, ids)
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
		for _, o := range objects {
			s := readSubject(o.Raw)
			if err := r.learn(ctx, "charges", o.ID, &s); err != nil {
				return err
			}
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

// ask hands what Stripe has of objects to take; nothing of those that it refuses.
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
	if !slices.ContainsFunc(s.belongsTo(stream), func(owner extract.Reference) bool { return r.isForgotten(string(owner)) }) {
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

// tellBlank says how much of a stream was kept without its text, and why.
func (r *reader) tellBlank() {
	if r.blanked == 0 {
		return
	}
	why := "nothing tells which charge they are of"
	if r.owners.refused != nil {
		why = message(r.owners.refused)
	}
	r.materializer.meter.notice(fmt.Sprintf("%s: %s kept without descriptions and other text, for they may be of people who were forgotten: %s",
		r.resource.Name, number(r.blanked, "object is", "objects are"), why))
}
