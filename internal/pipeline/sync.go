package pipeline

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/stripelake/stripelake/extract"
	"github.com/stripelake/stripelake/load"
	"github.com/stripelake/stripelake/transform"
)

// Sync copies one account into a lake. Its fields are set once, before Run.
type Sync struct {
	Client       *extract.Client
	Plan         *transform.Plan
	Lake         *load.Lake
	Redactors    map[string]*transform.Redactor // by object: what never reaches the raw log
	Label        string                         // stands for the account's id where the key may not read it; empty asks Stripe
	Resources    []string                       // plural names; empty selects all six
	Range        extract.Range                  // bounds on created; zero is unbounded
	Rebuild      bool                           // first derive again the tables whose schemas or mappings changed
	MaxRejects   float64                        // tolerated share of refused objects, 0 to 1
	PublishEvery time.Duration                  // during a long backfill; 0 publishes at the end only
	OnEvent      func(Event)                    // called from one goroutine at a time; nil is silence
}

// Run copies what is missing, then what is new, and publishes what changed.
//
// It returns nil when every selected resource was read to its end, an
// [*UnreadError] when some were not (the others are complete and published), a
// [*RejectsError] when more objects were refused than MaxRejects allows, and
// any other error when the run itself could not go on. In each case the lake is
// whole: what was appended stays, and the next run goes on from there.
func (s *Sync) Run(ctx context.Context) (Summary, error) {
	meter := newMeter(s.OnEvent)
	resources, err := s.selected()
	if err != nil {
		return Summary{}, err
	}
	if err := finishPending(ctx, s.Plan, s.Lake, meter); err != nil {
		return Summary{}, err
	}
	account, err := resolveAccount(ctx, s.Client, s.Lake, s.Label)
	if err != nil {
		return Summary{}, err
	}
	meter.emit(Event{Event: EventStarted, Account: account, Mode: s.Client.Mode()})

	log, err := s.Lake.OpenLog(account)
	if err != nil {
		return Summary{}, err
	}
	defer func() { _ = log.Close() }()
	state, err := s.Lake.OpenState(ctx)
	if err != nil {
		return Summary{}, err
	}
	defer func() { _ = state.Close() }()
	forgotten, err := forgottenUnderLock(s.Lake)
	if err != nil {
		return Summary{}, err
	}
	m := &materializer{account: account, mappers: map[string]*transform.Mapper{}, lake: s.Lake, state: state, forgotten: forgotten, meter: meter}
	if err := s.decide(ctx, m); err != nil {
		return Summary{}, err
	}
	if err := announceFresh(log, state, meter); err != nil {
		return Summary{}, err
	}
	run := newRun("sync")
	if err := state.BeginRun(ctx, run); err != nil {
		return Summary{}, err
	}
	unread, err := s.copy(ctx, m, log, resources)
	if ctx.Err() != nil {
		// Stopped by a signal: a stop drops what is not durable, exactly as a
		// crash does, and the next run recovers from both in the same way.
		return Summary{}, ctx.Err()
	}
	return s.finish(ctx, m, log, run, unread, err)
}

// decide finds the mappings that the run goes on with.
func (s *Sync) decide(ctx context.Context, m *materializer) (err error) {
	if err := checkKey(ctx, s.Lake, m.state); err != nil {
		return err
	}
	if len(m.state.Stale) > 0 && s.Rebuild {
		account := m.account
		err := m.derive(ctx, s.Plan, nil)
		m.account, m.mappers = account, map[string]*transform.Mapper{}
		return err
	}
	m.plan, err = present(ctx, s.Plan, s.Lake, m.state, m.meter)
	return err
}

// announceFresh says why the tables are derived again, if they are.
func announceFresh(log *load.Log, state *load.State, meter *meter) error {
	if state.Fresh == "" {
		return nil
	}
	for _, resource := range extract.Resources() {
		newest, err := log.Newest(resource.Name)
		if err != nil {
			return err
		}
		if newest.Segment > 0 {
			meter.emit(Event{Event: EventNotice, Message: "deriving the tables again from the raw log: " + state.Fresh})
			return nil
		}
	}
	return nil // a new lake
}

// copy applies what the log holds already, then reads every resource and
// applies what arrives. The map says which resources could not be read, and
// why; the error is for what stops the whole run.
func (s *Sync) copy(ctx context.Context, m *materializer, log *load.Log, resources []extract.Resource) (map[string]error, error) {
	if err := m.catchUp(ctx); err != nil {
		return nil, err
	}
	streams := append([]extract.Resource{extract.Events()}, resources...)
	group, ctx := errgroup.WithContext(ctx)
	arrivals := make(chan arrival, len(streams))
	group.Go(func() error { return m.follow(ctx, arrivals, s.PublishEvery) })

	news := &news{done: make(chan struct{}), named: make(chan struct{})}
	if !slices.ContainsFunc(resources, func(r extract.Resource) bool { return r.Name == "subscriptions" }) {
		close(news.named)
	}
	errs := make([]error, len(streams))
	var readers sync.WaitGroup
	for i, stream := range streams {
		readers.Add(1)
		group.Go(func() error {
			defer readers.Done()
			r := reader{account: m.account, client: s.Client, lake: s.Lake, log: log, forgotten: m.forgotten, materializer: m, resource: stream, redactors: s.Redactors, arrivals: arrivals}
			if i > 0 {
				r.news = news
			}
			errs[i] = r.run(ctx, s.Range)
			switch stream.Name {
			case extract.Events().Name:
				news.tell(log, errs[i])
			case "subscriptions":
				close(news.named)
			}
			m.meter.emit(Event{Event: EventRead, Resource: stream.Name, Message: message(errs[i])})
			if stopsRun(errs[i]) {
				return errs[i]
			}
			return nil
		})
	}
	group.Go(func() error {
		readers.Wait()
		close(arrivals)
		return nil
	})
	if err := group.Wait(); err != nil {
		return nil, err
	}
	unread := map[string]error{}
	for i, stream := range streams {
		if errs[i] != nil {
			unread[stream.Name] = errs[i]
		}
	}
	return unread, nil
}

// finish records the run, publishes what changed and says how it went. A run
// that failed still publishes what it got; the reason stands in meta.runs.
func (s *Sync) finish(ctx context.Context, m *materializer, log *load.Log, run load.Run, unread map[string]error, err error) (Summary, error) {
	summary := m.meter.summary()
	summary.Account = m.account
	summary.Requests = s.Client.Requests()
	summary.Unread = messages(unread)
	failed := s.failures(m, run)
	summary.Failed = len(failed)
	if recordErr := s.record(ctx, m, log, failed); recordErr != nil {
		return summary, errors.Join(err, recordErr)
	}
	if err == nil {
		err = verdict(unread, summary, s.MaxRejects)
	}
	summary.Outcome = outcome(err)
	if endErr := m.state.EndRun(ctx, m.nameless(ended(run, summary, err))); endErr != nil {
		return summary, errors.Join(err, endErr)
	}
	generation, publishErr := m.publish(ctx)
	if publishErr != nil {
		summary.Outcome = outcomeFailed
		return summary, errors.Join(err, publishErr)
	}
	summary.Generation = generation
	summary.Seconds, summary.Stages = m.meter.elapsed()
	m.meter.emit(Event{Event: EventFinished, Summary: &summary})
	return summary, err
}

// selected returns the resources to read, in their fixed order.
func (s *Sync) selected() ([]extract.Resource, error) {
	all := extract.Resources()
	if len(s.Resources) == 0 {
		return all, nil
	}
	var names []string
	for _, r := range all {
		names = append(names, r.Name)
	}
	for _, name := range s.Resources {
		if !slices.Contains(names, name) {
			return nil, &UsageError{fmt.Sprintf("unknown resource %q; the resources are %s", name, strings.Join(names, ", "))}
		}
	}
	return slices.DeleteFunc(all, func(r extract.Resource) bool { return !slices.Contains(s.Resources, r.Name) }), nil
}
