package pipeline

import (
	"context"
	"slices"

	"github.com/stripelake/stripelake/load"
)

// forgottenUnderLock reads the list of the forgotten while the caller holds its
// account's log. No erasure can begin any more, but one may have begun and been
// killed since the run looked for it.
func forgottenUnderLock(lake *load.Lake) (*load.Forgotten, error) {
	if pending, err := lake.Erasures().Pending(); err != nil {
		return nil, err
	} else if pending != nil {
		return nil, errPending
	}
	forgotten, err := lake.Forgotten()
	if err != nil {
		return nil, err
	}
	return forgotten, lake.Erasures().CheckList(forgotten)
}

// suppress leaves out of the pending objects what belongs to people who were
// forgotten, and returns how many those are. Stripe still lists them. What is
// left out joins the list with all that it brings, so that the refund of a
// charge that was never kept stays out too.
func (r *reader) suppress(ctx context.Context) (suppressed int, err error) {
	stream := r.resource.Name
	if r.forgotten.Empty() || !slices.Contains(personalStreams(), stream) {
		return 0, nil
	}
	disputed, err := r.disputedCharges(ctx)
	if err != nil {
		return 0, err
	}
	before, relations := r.missing.countOthers(r.pending), relationsOf(stream)
	// What one object brings may be what another one belongs to: the newest event
	// comes first, and only an older one may say whose charge was disputed.
	for more := true; more; {
		var added []string
		r.pending = slices.DeleteFunc(r.pending, func(o load.Raw) bool {
			s := relations.read(o.Object)
			theirs := func(id string) bool { return r.isForgotten(id) || r.isForgotten(disputed[id]) }
			if !r.isForgotten(o.ID) && !slices.ContainsFunc(s.belongsTo(), theirs) {
				return false
			}
			for _, id := range append(s.broughtIDs(), o.ID) {
				if id != "" && !r.isForgotten(id) {
					added = append(added, id)
				}
			}
			return true
		})
		more = len(added) > 0
		if more {
			if err := r.forgotten.Add(ctx, r.account, added); err != nil {
				return 0, err
			}
		}
	}
	return before - r.missing.countOthers(r.pending), nil
}

// disputedCharges returns the charges of the disputes that pending objects come from: a
// balance transaction names the dispute, and only the lake knows whose it is.
func (r *reader) disputedCharges(ctx context.Context) (map[string]string, error) {
	relations := relationsOf(r.resource.Name)
	if relations.events || !slices.ContainsFunc(relations.owners, leadsToUnlisted) {
		return nil, nil
	}
	var sources []string
	for _, o := range r.pending {
		s := relations.read(o.Object)
		sources = append(sources, s.belongsTo()...)
	}
	return r.disputes(ctx, r.account, sources)
}

func (r *reader) isForgotten(id string) bool { return r.forgotten.Has(r.account, id) }

// cursorToKeep is the cursor that follows the pending pages, with what is missing
// and without the ids of forgotten objects: it may name the last object of a page.
func (r *reader) cursorToKeep() (string, error) {
	cursor, err := r.withMissing(r.cursor)
	if err == nil {
		cursor, err = r.withNotFound(cursor)
	}
	if err != nil || r.forgotten.Empty() {
		return string(cursor), err
	}
	return withoutIDs(string(cursor), r.isForgotten), nil
}

// redactRun takes forgotten ids out of a run's record: an error may name the
// object at which a list broke off, and the record is published.
func (m *materializer) redactRun(run load.Run, accounts []string) load.Run {
	for _, account := range accounts {
		run.Detail = m.redactIDs(account, run.Detail)
	}
	return run
}

// redactIDs is a text in which nobody who was forgotten is named.
func (m *materializer) redactIDs(account, text string) string {
	return wordPattern.ReplaceAllStringFunc(text, func(id string) string {
		if m.forgotten.Has(account, id) {
			return "forgotten"
		}
		return id
	})
}
