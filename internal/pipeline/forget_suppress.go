package pipeline

import (
	"context"
	"slices"

	"github.com/stripelake/stripelake/load"
	"github.com/stripelake/stripelake/schemas"
)

// forgottenUnderLock reads the list of the forgotten while the caller holds the
// log of its account. No erasure can begin then, but one may have begun and
// been killed since the run looked for it.
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

// suppress removes pending objects that belong to people who were forgotten,
// which Stripe still lists, and returns how many. Their ids join the list, with
// all that the objects bring. So the refund of a charge that was never kept
// stays out, too.
func (r *reader) suppress(ctx context.Context) (suppressed int, err error) {
	stream := r.resource.Name
	if r.forgotten.Empty() || !slices.Contains(personalStreams(r.kinds), stream) {
		return 0, nil
	}
	disputed, err := r.disputedCharges(ctx)
	if err != nil {
		return 0, err
	}
	before, relations := r.missing.countOthers(r.pending), relationsOf(r.kinds, stream)
	// An object may belong to one that another brings: the newest event comes
	// first, and only an older one may name the charge of a dispute.
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

// disputedCharges returns, by dispute, the charges of the disputes that pending
// objects come from. A balance transaction names the dispute; only the lake
// knows its charge.
func (r *reader) disputedCharges(ctx context.Context) (map[string]string, error) {
	relations := relationsOf(r.kinds, r.resource.Name)
	if relations.events || !slices.ContainsFunc(relations.owners, func(ref schemas.Ref) bool { return leadsToUnlisted(r.kinds, ref) }) {
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

// cursorToKeep returns the cursor that follows the pending pages, with the
// objects that are missing. Ids of forgotten objects are replaced: the cursor
// may name the last object of a page.
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

// redactRun removes forgotten ids from a run's record: an error may name the
// object at which a list broke off, and the record is published.
func (m *materializer) redactRun(run load.Run, accounts []string) load.Run {
	for _, account := range accounts {
		run.Detail = m.redactIDs(account, run.Detail)
	}
	return run
}

// redactIDs replaces the ids of forgotten objects in a text.
func (m *materializer) redactIDs(account, text string) string {
	return wordPattern.ReplaceAllStringFunc(text, func(id string) string {
		if m.forgotten.Has(account, id) {
			return "forgotten"
		}
		return id
	})
}
