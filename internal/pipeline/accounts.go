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

// source is an account that a run reads.
type source struct {
	account string
	client  *extract.Client
	log     *load.Log
}

// requests is how many were sent for the sources.
func requests(sources []source) (n int64) {
	for _, src := range sources {
		n += src.client.Requests()
	}
	return n
}

// open finds out whose data the run reads and takes their logs. The map says
// which connected accounts the key cannot reach.
func (s *Sync) open(ctx context.Context, meter *meter) (sources []source, unread map[string]error, err error) {
	unread = map[string]error{}
	if len(s.Accounts) == 0 {
		account, err := resolveAccount(ctx, s.Client, s.Lake, s.Label)
		if err != nil {
			return nil, nil, err
		}
		sources = append(sources, source{account: account, client: s.Client})
	}
	// The logs are taken in one order, or two runs would each wait for what the other
	// has; and each once, or a run would wait for itself.
	for _, account := range slices.Compact(slices.Sorted(slices.Values(s.Accounts))) {
		client, err := s.Client.For(account)
		if err != nil {
			return nil, nil, &UsageError{err.Error()}
		}
		switch err := reach(ctx, client, account); {
		case extract.IsUnauthorized(err) || ctx.Err() != nil:
			return nil, nil, err
		case err != nil:
			unread[account] = err
			continue
		}
		if err := s.Lake.Remember(account, false); err != nil {
			return nil, nil, err
		}
		sources = append(sources, source{account: account, client: client})
	}
	for i := range sources {
		src := &sources[i]
		meter.emit(Event{Event: EventStarted, Account: src.account, Mode: src.client.Mode()})
		if src.log, err = s.Lake.OpenLog(ctx, src.account); err != nil {
			return sources[:i], nil, err
		}
	}
	return sources, unread, nil
}

// reach checks that the key may act for a connected account.
func reach(ctx context.Context, client *extract.Client, account string) error {
	got, err := client.Account(ctx)
	if err == nil && got.ID != account {
		err = fmt.Errorf("the API answers for %s instead", got.ID)
	}
	return err
}

// sideBySide is how many accounts are read at once: they share one rate, and
// each holds pages in memory.
const sideBySide = 4

// copy applies what the logs hold already, then reads every account's resources
// and applies what arrives. It adds to unread what could not be read, and why;
// the error is for what stops the whole run.
func (s *Sync) copy(ctx context.Context, m *materializer, sources []source, resources []extract.Resource, unread map[string]error) error {
	run := ctx
	group, ctx := errgroup.WithContext(ctx)
	done := make(chan struct{})
	group.Go(func() error { return m.state.Yield(run, done) })
	if err := m.catchUpAll(ctx); err != nil {
		close(done)
		return cmp.Or(group.Wait(), err)
	}
	arrivals := make(chan arrival, len(sources)*(len(resources)+1)) // one outstanding a reader
	group.Go(func() error {
		defer close(done)
		return m.follow(ctx, arrivals, s.PublishEvery)
	})
	group.Go(func() error {
		defer close(arrivals)
		readers, ctx := errgroup.WithContext(ctx)
		readers.SetLimit(sideBySide)
		var mu sync.Mutex
		for _, src := range sources {
			readers.Go(func() error {
				failed, err := s.read(ctx, m, src, resources, arrivals)
				mu.Lock()
				defer mu.Unlock()
				for name, err := range failed {
					if len(sources) > 1 {
						name = src.account + "/" + name
					}
					unread[name] = err
				}
				return err
			})
		}
		return readers.Wait()
	})
	return group.Wait()
}

// catchUpAll applies what the logs hold and the state does not: of the accounts
// that the run reads, and of the others, or a state that was lost would be
// published again without them. It takes no lock of a log: while it has the state
// nobody rewrites one, and whoever appends to one finds its segments applied
// (Invariant 5). To wait for a lock here would be to wait for who waits for the
// state (docs/adr/0014).
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

// read reads one account's events and resources side by side.
func (s *Sync) read(ctx context.Context, m *materializer, src source, resources []extract.Resource, arrivals chan<- arrival) (map[string]error, error) {
	news, owners := newNews(resources), newOwners()
	group, ctx := errgroup.WithContext(ctx)
	var mu sync.Mutex
	unread := map[string]error{}
	for i, resource := range append([]extract.Resource{extract.Events()}, resources...) {
		r := reader{
			account: src.account, client: src.client, lake: s.Lake, log: src.log, forgotten: m.forgotten, owners: owners,
			materializer: m, resource: resource, redactors: s.Redactors, arrivals: arrivals, disputes: m.state.DisputedCharges,
		}
		if i > 0 {
			r.news, r.again = news, s.reread[resource.Name]
		} else {
			r.owners = newOwners() // it is read beside the others
		}
		group.Go(func() error {
			err := r.run(ctx, s.Range)
			if i == 0 {
				news.tell(src.log, err)
			} else {
				close(news.read[resource.Name])
			}
			m.reads.end(src.account, resource.Name, err)
			if newest, logErr := src.log.Newest(resource.Name); err != nil && logErr == nil && newest.Segment > 0 {
				err = &keptError{err}
			}
			m.meter.emit(Event{Event: EventRead, Account: src.account, Resource: resource.Name, Message: message(err), Fix: fixOf(err), Kept: isKept(err)})
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
