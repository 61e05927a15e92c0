package pipeline

import (
	"context"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/stripelake/stripelake/extract"
	"github.com/stripelake/stripelake/load"
	"github.com/stripelake/stripelake/load/verify"
	"github.com/stripelake/stripelake/schemas"
	"github.com/stripelake/stripelake/transform"
)

// AtStripe says how much of a lake to compare with Stripe.
type AtStripe struct {
	Client    *extract.Client
	Redactors map[string]*transform.Redactor // as in [Sync]
	Label     string                         // as in [Sync]
	Sample    int                            // windows of each resource, spread over what it covers; 0 compares all
}

// atStripe ends the name of a check against Stripe.
const atStripe = " at Stripe"

// windowObjects is the number of objects in a window to list again: a few dozen
// pages.
const windowObjects = 2000

// lookBack is how long after its creation an object may become listable. The
// next sync looks that far back, so younger objects may still come.
const lookBack = 10 * time.Minute

// fixStripe is the advice about objects that differ at Stripe.
const fixStripe = "run stripelake verify --stripe --repair, which reads just these again"

// comparison compares one account's lake with Stripe.
type comparison struct {
	*AtStripe
	*verify.Verification
	account   string
	kinds     *schemas.Resources
	forgotten *load.Forgotten
	compared  map[string][]extract.Range // by resource: the windows that were listed again
	reread    map[string][]load.Reread   // by resource: what to read again
	stopped   bool                       // a bound ended the comparison

	differing map[string]verify.Finding // of the current resource, by id
	seen      map[string]load.Raw       // objects that differ, as Stripe has them
	missing   map[string]bool           // of the current resource: ids answered with a 404
}

// compare lists windows of every resource again and compares them with the
// newest versions in the log. Where windows has none of a resource, it chooses
// them.
func (a *AtStripe) compare(ctx context.Context, lake *load.Lake, verification *verify.Verification, windows map[string][]extract.Range) (_ *comparison, err error) {
	x := &comparison{AtStripe: a, Verification: verification, kinds: lake.Resources(), compared: map[string][]extract.Range{}, reread: map[string][]load.Reread{}}
	if a.Client.Mode() != lake.Mode() {
		return nil, &UsageError{fmt.Sprintf("the lake holds %s mode, and the key is of %s mode", lake.Mode(), a.Client.Mode())}
	}
	if x.account, err = a.resolve(ctx, lake); err != nil {
		return nil, err
	}
	if !slices.Contains(verification.Accounts(), x.account) {
		return nil, &UsageError{fmt.Sprintf("the key is of %s, and the lake holds %s", x.account, strings.Join(verification.Accounts(), ", "))}
	}
	if x.forgotten, err = lake.Forgotten(); err != nil {
		return nil, err
	}
	for _, resource := range Resources(lake.Resources()) {
		c := verification.Begin(x.account, resource.Name+atStripe, "objects")
		if err := x.resource(ctx, c, resource, windows[resource.Name]); err != nil {
			return nil, fmt.Errorf("compare %s with Stripe: %w", resource.Name, err)
		}
	}
	if err := x.balance(ctx); err != nil {
		return nil, fmt.Errorf("compare the balance with Stripe: %w", err)
	}
	return x, nil
}

// resolve returns the account that the key reads. It records nothing.
func (a *AtStripe) resolve(ctx context.Context, lake *load.Lake) (string, error) {
	account, err := a.Client.Account(ctx)
	if err == nil || !IsAccountHidden(err) {
		return account.ID, err
	}
	if a.Label != "" {
		return a.Label, nil
	}
	label, err := rememberedLabel(lake)
	if err == nil && label == "" {
		err = &UsageError{"this key may not read the account's id: name the account with --account-label NAME"}
	}
	return label, err
}

// resource compares one resource, as far as it is covered: younger objects, and
// those in a gap, are still to be read.
func (x *comparison) resource(ctx context.Context, c *verify.Checked, resource extract.Resource, windows []extract.Range) error {
	cursors := x.Cursors(x.account, resource.Name)
	if len(cursors) == 0 || !x.Comparable(x.account, resource.Name) {
		c.Note("not compared: nothing is read, or not all of it is applied")
		return nil
	}
	coverage, err := extract.Cursor(cursors[len(cursors)-1]).Coverage()
	if err != nil {
		return nil //nolint:nilerr // the coverage check reports it
	}
	if coverage.Again || !coverage.Whole() {
		c.Note("not compared: not all of it is read yet; run stripelake sync first")
		return nil
	}
	if windows == nil {
		if windows, err = x.windows(ctx, resource, coverage); err != nil {
			return err
		}
	}
	x.compared[resource.Name] = windows
	x.differing, x.seen, x.missing = map[string]verify.Finding{}, map[string]load.Raw{}, map[string]bool{}
	for i, w := range windows {
		if err := x.window(ctx, c, resource, w); extract.IsStopped(err) {
			x.noteStopped(c, i, len(windows))
			return nil
		} else if err != nil {
			return err
		}
	}
	if err := x.dropEmbeddedChanges(ctx, c, resource.Name); err != nil {
		return err
	}
	changed, err := x.changedSince(ctx, resource, coverage.AsOf, len(x.differing) > 0)
	if extract.IsStopped(err) {
		x.noteStopped(c, len(windows), len(windows))
		return nil
	}
	if err != nil {
		return err
	}
	pending := 0
	for _, id := range slices.Sorted(maps.Keys(x.differing)) {
		if changed[id] {
			pending++
			continue
		}
		c.Add(x.differing[id])
		x.reread[resource.Name] = append(x.reread[resource.Name], load.Reread{ID: id, Created: x.seen[id].Created, Apart: farApart})
	}
	if pending > 0 {
		c.Note("%d have changed since; the next sync reads them", pending)
	}
	return nil
}

// windows returns the windows to list again: all, or some at even distances.
func (x *comparison) windows(ctx context.Context, resource extract.Resource, coverage extract.Coverage) (windows []extract.Range, err error) {
	end := coverage.Through.Add(-lookBack)
	cuts, err := x.Windows(ctx, x.account, resource.Name, coverage.From, end, windowObjects)
	if err != nil || !end.After(coverage.From) {
		return nil, err
	}
	from := coverage.From
	for _, cut := range append(cuts, end) {
		if cut.After(from) {
			windows = append(windows, extract.Range{From: from, To: cut})
			from = cut
		}
	}
	if x.AtStripe.Sample == 0 || x.AtStripe.Sample >= len(windows) {
		return windows, nil
	}
	var sample []extract.Range
	for i := range x.AtStripe.Sample {
		sample = append(sample, windows[(2*i+1)*len(windows)/(2*x.AtStripe.Sample)])
	}
	return sample, nil
}

// window lists a window and records the objects that differ.
func (x *comparison) window(ctx context.Context, c *verify.Checked, resource extract.Resource, w extract.Range) error {
	kept, err := x.Kept(ctx, x.account, resource.Name, w.From, w.To)
	if err != nil {
		return err
	}
	listed, err := x.read(ctx, resource, x.Client.Pages(ctx, resource, "", w))
	if err != nil {
		return err
	}
	var elsewhere []string // the lake has them outside the window, or not at all
	for id, o := range listed {
		c.LookedAt++
		if k, known := kept[id]; known {
			x.compareObject(resource, o, k, known)
		} else if !x.isOutside(o, w) {
			elsewhere = append(elsewhere, id)
		}
	}
	others, err := x.KeptOf(ctx, x.account, resource.Name, elsewhere)
	if err != nil {
		return err
	}
	for _, id := range elsewhere {
		k, known := others[id]
		x.compareObject(resource, listed[id], k, known)
	}
	var vanished []extract.Item
	for id, k := range kept {
		if _, there := listed[id]; !there && !k.Deleted {
			vanished = append(vanished, extract.Item{ID: id, Created: k.Created})
		}
	}
	slices.SortFunc(vanished, func(a, b extract.Item) int { return strings.Compare(a.ID, b.ID) })
	if len(vanished) == 0 {
		return nil
	}
	// An object that is not listed may exist all the same: prices that only a
	// subscription names do.
	found, err := x.read(ctx, resource, x.unread(c, resource, x.Client.Reread(ctx, resource, "", vanished, "")))
	for id, o := range found {
		if k, asked := kept[id]; asked {
			x.compareObject(resource, o, k, true)
		}
	}
	return err
}

// unread passes pages on, and adds a finding for each object to which Stripe
// gave an unusable answer: nothing is known about it.
func (x *comparison) unread(c *verify.Checked, resource extract.Resource, pages iter.Seq2[extract.Page, error]) iter.Seq2[extract.Page, error] {
	return func(yield func(extract.Page, error) bool) {
		for page, err := range pages {
			for _, item := range page.Unread {
				c.Add(verify.Finding{
					Name: "object unread", What: x.account + "/" + resource.Name + " " + item.ID,
					Says: "no list shows it, and asked for it Stripe answered: " + x.lastAnswer(resource.Object+" "+item.ID), Fix: "compare again later",
				})
			}
			page.Unread = nil
			if !yield(page, err) {
				return
			}
		}
	}
}

// lastAnswer returns the last error answered to a request.
func (x *comparison) lastAnswer(what string) (message string) {
	for _, f := range x.Client.Failures() {
		if f.What == what {
			message = f.Message
		}
	}
	return message
}

// isOutside reports whether an object was created outside a window.
func (x *comparison) isOutside(o load.Raw, w extract.Range) bool {
	return o.Created.Before(w.From) || !o.Created.Before(w.To)
}

// compareObject compares an object at Stripe with the state's entry for it.
func (x *comparison) compareObject(resource extract.Resource, o load.Raw, k verify.Kept, known bool) {
	f := verify.Finding{What: x.account + "/" + resource.Name + " " + o.ID, Fix: fixStripe}
	switch {
	case !known && o.Deleted:
		return // created and deleted since: there is nothing to mark
	case !known:
		f.Name, f.Says = "object missing", "Stripe lists it, and the lake does not have it"
	case o.Deleted && !k.Deleted && x.missing[o.ID] && resource.Hidden:
		f.Name, f.Says = "object extra", "Stripe does not find it, and it is not marked as deleted: if no list ever held it, a second sync decides"
	case o.Deleted && !k.Deleted:
		f.Name, f.Says = "object extra", "it is gone at Stripe, and not marked as deleted"
	case o.Deleted || k.Hash == o.Hash() || x.isTextless(resource, o, k):
		return // the same
	case !k.Due.IsZero() && resource.Silent && resource.NextChange(o.Object).IsZero():
		f.Name, f.Says = "object pending", "it is available at Stripe, and pending here, which no event tells of"
	case !k.Due.IsZero() && !k.Due.After(x.Client.ServerTime()):
		return // the next sync reads it again
	case k.Deleted:
		f.Name, f.Says = "object not deleted", "Stripe has it, and it is marked as deleted"
	default:
		f.Name, f.Says = "object stale", "Stripe has it otherwise"
	}
	x.differing[o.ID], x.seen[o.ID] = f, o
}

// read reads pages as a sync does: redacted, without people who were forgotten.
// Of two answers for one object the later one counts.
func (x *comparison) read(ctx context.Context, resource extract.Resource, pages iter.Seq2[extract.Page, error]) (map[string]load.Raw, error) {
	r := &reader{
		account: x.account, resource: resource, kinds: x.kinds, redactors: x.Redactors, forgotten: x.forgotten, disputes: x.DisputedCharges,
		missing: missingObjects{pending: x.missing},
	}
	for page, err := range pages {
		if err != nil {
			return nil, err
		}
		if err := r.addPage(page); err != nil {
			return nil, err
		}
	}
	if _, err := r.suppress(ctx); err != nil {
		return nil, err
	}
	objects := make(map[string]load.Raw, len(r.pending))
	for _, o := range r.pending {
		objects[o.ID] = o
	}
	return objects, nil
}

// changedSince returns the ids of objects with events since the lake last
// followed changes.
func (x *comparison) changedSince(ctx context.Context, resource extract.Resource, asOf time.Time, wanted bool) (map[string]bool, error) {
	changed := map[string]bool{}
	if !wanted || asOf.IsZero() {
		return changed, nil
	}
	since := extract.Range{From: asOf.Add(-hintsLag), To: x.Client.ServerTime().Add(time.Second)}
	for page, err := range x.Client.Pages(ctx, extract.Events(), "", since) {
		if err != nil {
			return nil, err
		}
		for _, o := range page.Objects {
			changes, err := extract.Changes(o.Raw, resource)
			if err != nil {
				continue // the next sync reports it
			}
			for _, change := range changes {
				if change.ID != "" {
					changed[change.ID] = true
				}
			}
		}
	}
	return changed, nil
}
