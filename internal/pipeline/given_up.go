package pipeline

import (
	"context"
	"slices"
	"time"

	"github.com/stripelake/stripelake/extract"
	"github.com/stripelake/stripelake/load"
)

// mostCutShort bounds how many of an account's lists that Stripe cut short are
// reported one by one; meta.incomplete_lists has all.
const mostCutShort = 1000

// whatAccount is GivenUp.What where the key does not reach an account.
const whatAccount = "account"

// updateGivenUp finds the requests that this run or an earlier one gave up, of
// the accounts that the run was to read, and writes them to the state for
// meta.requests. A request that has succeeded since is removed (docs/adr/0031).
func (s *Sync) updateGivenUp(ctx context.Context, m *materializer, accounts []runAccount, unread map[string]error) ([]load.GivenUp, error) {
	former, err := m.state.Runs().GivenUp(ctx)
	if err != nil {
		return nil, err
	}
	var all []load.GivenUp
	var ids []string
	for _, a := range accounts {
		x := newUnresolved(m, a.id, former)
		for _, f := range a.client.Failures() {
			x.fail(f)
		}
		if err := x.addAll(ctx, m, a); err != nil {
			return nil, err
		}
		all, ids = append(all, x.found...), append(ids, a.id)
	}
	for _, source := range s.sources() {
		for _, account := range source.Accounts {
			if err := unread[account]; err != nil { // not reached, and so not among accounts
				x := newUnresolved(m, account, former)
				x.now[whatAccount] = load.GivenUp{Message: errorText(err), Fix: fixOf(err), At: time.Now().UTC()}
				x.add("", whatAccount)
				all, ids = append(all, x.found...), append(ids, account)
			}
		}
	}
	slices.SortFunc(all, load.GivenUp.Compare)
	return all, m.state.Runs().SetGivenUp(ctx, ids, all)
}

// unresolved gathers the requests of one account that were given up and have
// not succeeded since.
type unresolved struct {
	account   string
	redactIDs func(account, text string) string
	former    map[string]load.GivenUp // from earlier runs, by What
	now       map[string]load.GivenUp // from this run, the last answer, by What
	lists     map[string]bool         // of those, lists inside an object
	found     []load.GivenUp
}

func newUnresolved(m *materializer, account string, former []load.GivenUp) *unresolved {
	x := &unresolved{account: account, redactIDs: m.redactIDs, former: map[string]load.GivenUp{}, now: map[string]load.GivenUp{}, lists: map[string]bool{}}
	for _, g := range former {
		if g.Account == account {
			x.former[g.What] = g
		}
	}
	for _, g := range m.progress.unreadableEvents() {
		if g.Account == account {
			x.now[x.redactIDs(account, g.What)] = g
		}
	}
	return x
}

// fail records a request that this run gave up.
func (x *unresolved) fail(f extract.Failure) {
	what := x.redactIDs(x.account, f.What)
	x.lists[what] = f.List != ""
	x.now[what] = load.GivenUp{Status: f.Status, Message: x.redactIDs(x.account, f.Message), Fix: x.redactIDs(x.account, f.Fix), RequestID: f.RequestID, At: f.At}
}

// add adds a request as unresolved, with the newest answer that is known.
func (x *unresolved) add(resource, what string) {
	former, known := x.former[what]
	g, failed := x.now[what]
	switch {
	case !failed && known:
		g = former
	case !failed: // a state that was derived again has no answers
		g = load.GivenUp{Message: "what was answered is not known any more: the next sync asks again", At: time.Now().UTC()}
	}
	g.At = g.At.Truncate(time.Second)
	g.Account, g.Resource, g.What, g.Since = x.account, resource, what, g.At
	if known {
		g.Since = former.Since
	}
	x.found = append(x.found, g)
	delete(x.now, what)
}

// addAll adds everything that is unresolved: lists that could not be read to
// their end, nested lists that are cut short, objects that wait to be read
// again, and the other requests that this run gave up.
func (x *unresolved) addAll(ctx context.Context, m *materializer, a runAccount) error {
	for _, resource := range Streams(m.lake.Resources()) {
		if m.outcomes.isUnresolved(a.id, resource.Name, x.former) {
			x.add(resource.Name, resource.Name)
		}
		if err := x.addWaiting(a, resource); err != nil {
			return err
		}
	}
	short, err := m.state.Runs().CutShort(ctx, a.id, mostCutShort)
	if err != nil {
		return err
	}
	for _, list := range short {
		resource, _ := m.lake.Resources().Named(list.Stream)
		x.add(list.Stream, x.redactIDs(a.id, resource.Object+" "+list.ID+list.List))
		x.found[len(x.found)-1].Untaken = !m.mappings.Reads(resource.Object, list.List)
	}
	for what := range x.now {
		if !x.lists[what] { // a list that is no longer cut short was read since
			x.add("", what)
		}
	}
	return nil
}

// addWaiting adds the objects that could not be read again.
func (x *unresolved) addWaiting(a runAccount, resource extract.Resource) error {
	cursor, err := a.log.Cursor(resource.Name)
	if err != nil {
		return err
	}
	items, err := extract.Cursor(cursor).Missing()
	if err != nil && !extract.IsDamagedCursor(err) {
		return err
	}
	for _, item := range items {
		if item.Unread && item.ID != forgottenID {
			x.add(resource.Name, x.redactIDs(a.id, resource.Object+" "+item.ID))
		}
	}
	return nil
}

// isUnresolved reports whether a resource could not be read to its end: in this
// run, or earlier where this run did not try.
func (r *readOutcomes) isUnresolved(account, resource string, former map[string]load.GivenUp) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	why, tried := r.ended[[2]string{account, resource}]
	if !tried {
		_, stood := former[resource]
		return stood
	}
	return why != ""
}
