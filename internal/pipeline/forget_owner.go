package pipeline

import (
	"context"
	"fmt"
	"strings"

	"github.com/stripelake/stripelake/extract"
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
