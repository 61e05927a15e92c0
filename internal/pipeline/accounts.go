package pipeline

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/stripelake/stripelake/extract"
	"github.com/stripelake/stripelake/load"
)

// runAccount is an account that a run reads.
type runAccount struct {
	id     string
	key    string // name of the source whose key reads it
	client *extract.Client
	log    *load.Log
}

// requestsSent returns the number of HTTP requests sent for the accounts.
func requestsSent(accounts []runAccount) (n int64) {
	for _, a := range accounts {
		n += a.client.Requests()
	}
	return n
}

// openAccounts finds the accounts that the run reads, and locks their logs.
// unread has the connected accounts that a key cannot reach, the keys of several
// that open nothing, and why.
func (s *Sync) openAccounts(ctx context.Context, progress *progress) (accounts []runAccount, unread map[string]error, err error) {
	unread = map[string]error{}
	for _, source := range s.sources() {
		found, err := []runAccount(nil), source.Err
		if err == nil {
			found, err = source.resolve(ctx, s.Lake, unread)
		}
		switch {
		case err == nil:
			for _, a := range found {
				a.key = source.Name
				accounts = append(accounts, a)
			}
		case len(s.Others) == 0 || ctx.Err() != nil:
			return nil, nil, err
		default: // one key that is revoked keeps no other account from being read
			unread[source.Name] = err
		}
	}
	// Logs are locked in one order: otherwise two runs could each wait for a
	// lock that the other holds. Each is locked once: otherwise a run would
	// wait for itself.
	slices.SortFunc(accounts, func(a, b runAccount) int { return cmp.Compare(a.id, b.id) })
	for i := range accounts {
		a := &accounts[i]
		if i > 0 && a.id == accounts[i-1].id {
			return accounts[:i], nil, &UsageError{fmt.Sprintf("the keys of %s and %s are both of the account %s: name each account once", accounts[i-1].key, a.key, a.id)}
		}
		progress.emit(Event{Event: EventStarted, Account: a.id, Mode: a.client.Mode()})
		if a.log, err = s.Lake.OpenLog(ctx, a.id); err != nil {
			return accounts[:i], nil, err
		}
	}
	return accounts, unread, nil
}

// resolve returns the accounts that are read with the key. It adds to unread the
// connected accounts that the key cannot reach.
func (s Source) resolve(ctx context.Context, lake *load.Lake, unread map[string]error) (accounts []runAccount, err error) {
	if len(s.Accounts) == 0 {
		account, err := resolveAccount(ctx, s.Client, lake, s.Label)
		return []runAccount{{id: account, client: s.Client}}, err
	}
	for _, account := range slices.Compact(slices.Sorted(slices.Values(s.Accounts))) {
		client, err := s.Client.For(account)
		if err != nil {
			return nil, &UsageError{err.Error()}
		}
		switch err := checkReach(ctx, client, account); {
		case extract.IsUnauthorized(err) || ctx.Err() != nil:
			return nil, err
		case extract.IsStopped(err) && len(accounts) == 0:
			return nil, fmt.Errorf("read the account %s: %w", account, err)
		case err != nil:
			unread[account] = err
			continue
		}
		if err := lake.Remember(account, false); err != nil {
			return nil, err
		}
		accounts = append(accounts, runAccount{id: account, client: client})
	}
	return accounts, nil
}

// checkReach checks that the key may act for a connected account.
func checkReach(ctx context.Context, client *extract.Client, account string) error {
	got, err := client.Account(ctx)
	if err == nil && got.ID != account {
		err = fmt.Errorf("the API answers for %s instead", got.ID)
	}
	return err
}

// accountsAtOnce is the number of accounts read concurrently. They share one
// rate, and each holds pages in memory.
const accountsAtOnce = 4

// copyAccounts applies the segments that the logs hold, then reads every
// account's resources and applies the segments that arrive. It adds to unread
// the resources that could not be read, and why. The error is one that stops
// the whole run.
func (s *Sync) copyAccounts(ctx context.Context, m *materializer, accounts []runAccount, resources []extract.Resource, unread map[string]error) error {
	run := ctx
	group, ctx := errgroup.WithContext(ctx)
	done := make(chan struct{})
	group.Go(func() error { return m.state.Yield(run, done) })
	if err := m.catchUpAll(ctx); err != nil {
		close(done)
		return cmp.Or(group.Wait(), err)
	}
	m.backlog = newBacklog()
	group.Go(func() error {
		defer close(done)
		return m.applyBacklog(ctx, s.PublishEvery)
	})
	readErr := s.readAccounts(ctx, m, accounts, resources, unread)
	m.backlog.end() // what was appended before an error is applied all the same
	return cmp.Or(group.Wait(), readErr)
}

// readAccounts reads every account's resources. It adds to unread those that could not
// be read, and why. An error of the applier ends ctx.
func (s *Sync) readAccounts(ctx context.Context, m *materializer, accounts []runAccount, resources []extract.Resource, unread map[string]error) error {
	run := ctx
	readers, ctx := errgroup.WithContext(ctx)
	readers.SetLimit(accountsAtOnce)
	var mu sync.Mutex
	for _, a := range accounts {
		readers.Go(func() error {
			failed, err := s.readAccount(ctx, m, a, resources)
			mu.Lock()
			defer mu.Unlock()
			ended := len(s.Others) > 0 && run.Err() == nil && isKeyRefused(err)
			for name, why := range failed {
				if ended && errors.Is(why, context.Canceled) {
					why = err // it was stopped because the key is refused
				}
				if len(accounts) > 1 {
					name = a.id + "/" + name
				}
				unread[name] = why
			}
			if ended { // other keys still read their accounts
				return nil
			}
			return err
		})
	}
	return readers.Wait()
}

// isKeyRefused reports an error that every further request with the key would meet.
func isKeyRefused(err error) bool {
	return extract.IsUnauthorized(err) || errors.Is(err, extract.ErrMode)
}

// catchUpAll applies the segments that the logs hold and the state does not. It
// does so for accounts that the run does not read, too: otherwise a state that
// was lost would be published again without them. It locks no log. While it has
// the state nobody rewrites a log, and whoever appends to one finds its
// segments applied (Invariant 5). A wait for a log's lock here could be a wait
// for a process that waits for the state (docs/adr/0014).
func (m *materializer) catchUpAll(ctx context.Context) error {
	accounts, err := m.lake.LogAccounts()
	if err != nil {
		return err
	}
	for _, account := range accounts {
		if err := m.catchUp(ctx, account); err != nil {
			return err
		}
	}
	return nil
}

// readAccount reads one account's events and resources concurrently. The map
// has the resources that could not be read to their end, and why.
func (s *Sync) readAccount(ctx context.Context, m *materializer, a runAccount, resources []extract.Resource) (map[string]error, error) {
	barrier, owners := newEventsBarrier(resources), newOwnerAnswers()
	group, ctx := errgroup.WithContext(ctx)
	var mu sync.Mutex
	unread := map[string]error{}
	for i, resource := range append([]extract.Resource{extract.Events()}, resources...) {
		r := reader{
			account: a.id, client: a.client, lake: s.Lake, kinds: s.Lake.Resources(), log: a.log, forgotten: m.forgotten, owners: owners,
			materializer: m, resource: resource, redactors: s.Redactors, backlog: m.backlog, disputes: m.state.DisputedCharges,
		}
		if i > 0 {
			r.events, r.only = barrier, s.reread[resource.Name]
		} else {
			r.owners = newOwnerAnswers() // the events are read while resources are
		}
		group.Go(func() error {
			err := r.run(ctx, s.Range)
			if i == 0 {
				barrier.publish(a.log, err)
			} else {
				close(barrier.streams[resource.Name])
			}
			m.outcomes.end(a.id, resource.Name, err)
			if newest, logErr := a.log.Newest(resource.Name); err != nil && logErr == nil && newest.Segment > 0 {
				err = &keptError{err}
			}
			m.progress.emit(Event{Event: EventRead, Account: a.id, Resource: resource.Name, Message: errorText(err), Fix: fixOf(err), Kept: isKept(err)})
			if err != nil {
				mu.Lock()
				unread[resource.Name] = err
				mu.Unlock()
			}
			if stopsRun(err) {
				return err
			}
			return nil
		})
	}
	err := group.Wait()
	return maps.Clone(unread), errors.Join(err)
}
