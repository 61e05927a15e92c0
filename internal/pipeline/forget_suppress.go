package pipeline

import (
	"context"
	"slices"

	"github.com/stripelake/stripelake/extract"
	"github.com/stripelake/stripelake/load"
)

// forgottenUnderLock reads the list of the forgotten while the caller holds its
// account's log. No erasure can begin any more, but one may have begun and been
// killed since the run looked for it.
func forgottenUnderLock(lake *load.Lake) (*load.Forgotten, error) {
	if pending, err := lake.PendingErasure(); err != nil {
		return nil, err
	} else if pending != nil {
		return nil, errPending
	}
	forgotten, err := lake.Forgotten()
	if err != nil {
		return nil, err
	}
	return forgotten, lake.CheckList(forgotten)
}

// suppress leaves out of the pending objects what belongs to people who were
// forgotten, and returns how many those are. Stripe still lists them. What is
// left out joins the list with all that it brings, so that the refund of a
// charge that was never kept stays out too.
func (r *reader) suppress(ctx context.Context) (suppressed int, err error) {
	stream := r.resource.Name
	if r.forgotten.Empty() || !slices.Contains(personal, stream) {
		return 0, nil
	}
	disputed, err := r.disputed(ctx)
	if err != nil {
		return 0, err
	}
	before := r.missing.others(r.pending)
	// What one object brings may be what another one belongs to: the newest event
	// comes first, and only an older one may say whose charge was disputed.
	for more := true; more; {
		var news []string
		r.pending = slices.DeleteFunc(r.pending, func(o load.Raw) bool {
			s := readSubject(o.Object)
			theirs := r.isForgotten(o.ID) || r.isForgotten(disputed[string(s.Source)])
			if !theirs && !r.isTheirs(stream, &s) {
				return false
			}
			for _, id := range append(s.brings(stream), extract.Reference(o.ID)) {
				if id != "" && !r.isForgotten(string(id)) {
					news = append(news, string(id))
				}
			}
			return true
		})
		more = len(news) > 0
		if more {
			if err := r.forgotten.Add(ctx, r.account, news); err != nil {
				return 0, err
			}
		}
	}
	return before - r.missing.others(r.pending), nil
}

// disputed returns the charges of the disputes that pending balance transactions
// come from: a transaction names the dispute, and only the lake knows whose it is.
func (r *reader) disputed(ctx context.Context) (map[string]string, error) {
	if r.resource.Name != "balance_transactions" {
		return nil, nil
	}
	var sources []string
	for _, o := range r.pending {
		if source := string(readSubject(o.Object).Source); source != "" {
			sources = append(sources, source)
		}
	}
	return r.disputes(ctx, r.account, sources)
}

// isTheirs reports whether an object belongs to people who were forgotten.
func (r *reader) isTheirs(stream string, s *subject) bool {
	return slices.ContainsFunc(s.belongsTo(stream), func(owner extract.Reference) bool { return r.isForgotten(string(owner)) })
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

// nameless takes forgotten ids out of a run's record: an error may name the
// object at which a list broke off, and the record is published.
func (m *materializer) nameless(run load.Run, accounts []string) load.Run {
	for _, account := range accounts {
		run.Detail = m.named(account, run.Detail)
	}
	return run
}

// named is a text in which nobody who was forgotten is named.
func (m *materializer) named(account, text string) string {
	return word.ReplaceAllStringFunc(text, func(id string) string {
		if m.forgotten.Has(account, id) {
			return "forgotten"
		}
		return id
	})
}
