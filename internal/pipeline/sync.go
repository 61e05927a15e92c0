package pipeline

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/stripelake/stripelake/extract"
	"github.com/stripelake/stripelake/internal/spelling"
	"github.com/stripelake/stripelake/load"
	"github.com/stripelake/stripelake/schemas"
	"github.com/stripelake/stripelake/transform"
)

// DailyLookBack is how far the first sync of a day looks back, by default, for
// objects that were listed late (docs/adr/0022).
const DailyLookBack = 48 * time.Hour

// Sync copies accounts into a lake. Its fields are set once, before Run.
type Sync struct {
	Source                // the key, and what is read with it
	Others       []Source // further keys of the same mode, each of other accounts
	Mappings     *transform.Mappings
	Lake         *load.Lake
	Redactors    map[string]*transform.Redactor // by type of object: removes what may not reach the raw log
	Declaration  *Declaration                   // Mappings and Redactors are of it, and the run records it; nil records nothing
	Resources    []string                       // plural names; empty selects all
	Range        extract.Range                  // bounds on created; zero is unbounded
	Rebuild      bool                           // first derive again the tables whose schemas or mappings changed
	MaxRejects   float64                        // tolerated share of refused objects, 0 to 1
	MinFree      load.Floor                     // the run stops reading when less of the disk is free
	PublishEvery time.Duration                  // during a long backfill; 0 publishes at the end only
	OnEvent      func(Event)                    // called from one goroutine at a time; nil is silence

	reread    map[string][]load.Reread // by resource: objects to read again, and nothing else; nil for a sync
	repairing bool                     // a repair runs this sync, so a pending repair does not stop it
}

// Source is a key, and the accounts that are read with it.
type Source struct {
	Name     string // in messages about several keys
	Client   *extract.Client
	Err      error    // why there is no client; only in Others
	Label    string   // name for the account where the key may not read its id; empty asks Stripe
	Accounts []string // connected accounts to read instead of the key's own
}

// sources returns all keys of the run.
func (s *Sync) sources() []Source { return append([]Source{s.Source}, s.Others...) }

// inRepair returns a copy of the sync for a repair. It reads some resources: of
// each the objects given or, without any, from its cursor on. Refused objects
// do not fail it: they may be objects deleted before any version was read.
func (s *Sync) inRepair(resources []string, objects map[string][]load.Reread) *Sync {
	repair := *s
	repair.Resources, repair.reread, repair.repairing, repair.MaxRejects = resources, objects, true, 1
	return &repair
}

// Run copies objects that are missing, then new ones, then changed ones, and
// publishes what differs.
//
// It returns nil when every selected resource was read to its end, or until a
// bound of the client was reached, which Summary.Stopped names, an
// [*UnreadError] when some were not (the others are complete and published), a
// [*GivenUpError] when parts of them were given up and no run has read them
// since, a [*RejectsError] when more objects were refused than MaxRejects
// allows, several of these joined, and any other error when the run itself
// could not go on. In each case the lake is intact: what was appended stays,
// and the next run continues.
//
// A state that is damaged is set aside, and the run starts once more without
// it: everything in it is in the log. Where DuckDB has too little memory, the
// run starts once more with a higher limit.
func (s *Sync) Run(ctx context.Context) (Summary, error) {
	return withMemory(ctx, s.Lake, s.OnEvent, func(lake *load.Lake) (Summary, error) {
		on := *s
		on.Lake = lake
		return on.retryWithoutDamage(ctx)
	})
}

// retryWithoutDamage runs, and runs once more without the state where that is
// damaged.
func (s *Sync) retryWithoutDamage(ctx context.Context) (Summary, error) {
	summary, err := s.run(ctx)
	if !load.IsStateDamage(err) || ctx.Err() != nil {
		return summary, err
	}
	if asideErr := s.Lake.SetStateAside(ctx); asideErr != nil {
		return summary, errors.Join(err, asideErr)
	}
	why, _, _ := strings.Cut(errorText(err), "\n")
	newProgress(s.OnEvent).warn("the state is damaged, set aside as .state/work.duckdb.damaged, and the run begins once more: " + why)
	return s.run(ctx)
}

func (s *Sync) run(ctx context.Context) (Summary, error) {
	progress := newProgress(s.OnEvent)
	s.Client.OnOutage(func(o extract.Outage) { progress.emit(outageEvent(o)) })
	for _, source := range s.Others {
		if source.Err == nil {
			source.Client.RunWith(s.Client)
		}
	}
	resources, err := SelectResources(s.Lake.Resources(), s.Resources)
	if err != nil {
		return Summary{}, err
	}
	room := &roomCheck{lake: s.Lake.Dir(), measure: s.Lake.Floor(s.MinFree), stop: s.Client.Stop}
	if err := room.now(); err != nil {
		return Summary{}, err
	}
	if err := finishPending(ctx, s.Mappings, s.Lake, progress); err != nil {
		return Summary{}, err
	}
	accounts, unread, err := s.openAccounts(ctx, progress)
	defer func() {
		for _, a := range accounts {
			_ = a.log.Close()
		}
	}()
	if err == nil {
		err = s.pendingRepair(accounts)
	}
	if err != nil {
		return Summary{}, err
	}
	if len(accounts) == 0 {
		return Summary{}, &UnreadError{unread}
	}
	state, err := s.Lake.OpenState(ctx)
	if err != nil {
		return Summary{}, err
	}
	defer func() { _ = state.Close() }()
	forgotten, err := forgottenUnderLock(s.Lake)
	if err != nil {
		return Summary{}, err
	}
	if err := s.Declaration.Record(progress.notice); err != nil {
		return Summary{}, err
	}
	m := &materializer{mappers: map[string]*transform.Mapper{}, lake: s.Lake, state: state, forgotten: forgotten, progress: progress, room: room}
	if err := s.chooseMappings(ctx, m); err != nil {
		return Summary{}, err
	}
	if err := announceFresh(s.Lake.Resources(), accounts, state, progress); err != nil {
		return Summary{}, err
	}
	if err := announceDamage(ctx, s.Lake, state, progress); err != nil {
		return Summary{}, err
	}
	run := newRun("sync")
	if err := state.Runs().Begin(ctx, run); err != nil {
		return Summary{}, err
	}
	err = s.copyAccounts(ctx, m, accounts, resources, unread)
	if ctx.Err() != nil {
		// Stopped by a signal: objects that are not durable are dropped,
		// exactly as in a crash, and the next run recovers from both in the
		// same way.
		return s.interrupted(context.WithoutCancel(ctx), m, accounts, run), ctx.Err()
	}
	return s.finish(ctx, m, accounts, run, unread, err)
}

// pendingRepair refuses a run on an account whose log is being repaired: lost
// objects are not all read again.
func (s *Sync) pendingRepair(accounts []runAccount) error {
	if s.repairing {
		return nil
	}
	for _, a := range accounts {
		pending, err := s.Lake.PendingRepairs(a.id)
		if err == nil && len(pending) > 0 {
			err = fmt.Errorf("%s: %w", a.id, ErrRepairPending)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// chooseMappings sets the mappings of the run. It derives the stale tables first
// where that is asked for, or where the declared set hides more.
func (s *Sync) chooseMappings(ctx context.Context, m *materializer) (err error) {
	if err := checkKey(ctx, s.Lake, m.state); err != nil {
		return err
	}
	derive := s.Rebuild
	if len(m.state.Stale) > 0 && !derive {
		if derive, err = s.Declaration.hidesMore(ctx, m.state); err != nil {
			return err
		}
	}
	if len(m.state.Stale) > 0 && derive {
		err = m.derive(ctx, s.Mappings, nil)
		m.mappers = map[string]*transform.Mapper{}
		return err
	}
	m.mappings, err = mappingsInForce(ctx, s.Mappings, s.Lake, m.state, m.progress)
	return err
}

// announceFresh emits a notice of why the tables are derived again, if they
// are.
func announceFresh(of *schemas.Resources, accounts []runAccount, state *load.State, progress *progress) error {
	if state.Fresh == "" {
		return nil
	}
	for _, a := range accounts {
		for _, resource := range of.Listed() {
			newest, err := a.log.Newest(resource.Name)
			if err != nil {
				return err
			}
			if newest.Segment > 0 {
				progress.notice("deriving the tables again from the raw log: " + state.Fresh)
				return nil
			}
		}
	}
	return nil // a new lake
}

// announceDamage emits notices of damage in the lake that the run repairs.
func announceDamage(ctx context.Context, lake *load.Lake, state *load.State, progress *progress) error {
	if recovered := lake.RecoveryNotice(); recovered != "" {
		progress.warn(recovered)
	}
	if err := progress.noticeSetAside(lake); err != nil {
		return err
	}
	damage, err := state.CheckPublished(ctx)
	if err != nil || len(damage) == 0 {
		return err
	}
	message := "publishing every file anew: " + damage[0]
	if more := len(damage) - 1; more > 0 {
		message += fmt.Sprintf(", and %d more", more)
	}
	progress.warn(message)
	return nil
}

// interrupted records a run that was stopped. If that fails, it changes nothing
// about the result: the run was interrupted.
func (s *Sync) interrupted(ctx context.Context, m *materializer, accounts []runAccount, run load.Run) Summary {
	noticeVersions(m.progress, accounts)
	summary := m.progress.summary()
	summary.Requests = requestsSent(accounts)
	summary.Outcome = OutcomeInterrupted
	if errors.Join(m.cover(ctx), m.state.Runs().End(ctx, endedRun(run, summary, nil))) == nil {
		_ = m.state.WriteStatus(ctx)
	}
	summary.Seconds, summary.Stages = m.progress.elapsed()
	m.progress.emit(Event{Event: EventFinished, Summary: &summary})
	return summary
}

// finish records the run, publishes what changed and returns the result. A run
// that failed still publishes what it read; meta.runs has the reason.
func (s *Sync) finish(ctx context.Context, m *materializer, accounts []runAccount, run load.Run, unread map[string]error, err error) (Summary, error) {
	summary := m.progress.summary()
	left, unread := takeStopped(unread)
	summary.Unread, summary.Fixes = errorTexts(unread)
	var ids []string
	for _, a := range accounts {
		ids = append(ids, a.id)
	}
	summary.Requests = requestsSent(accounts)
	summary.Account = strings.Join(ids, ",")
	noticeVersions(m.progress, accounts)
	var recordErr error
	if summary.GivenUp, recordErr = s.updateGivenUp(ctx, m, accounts, unread); recordErr != nil {
		return summary, errors.Join(err, recordErr)
	}
	if err == nil {
		err = s.result(unread, summary)
	}
	summary.Outcome = outcomeOf(err)
	if len(left) > 0 {
		err = s.stopped(m, &summary, err)
	}
	if endErr := m.state.Runs().End(ctx, m.redactRun(endedRun(run, summary, err), ids)); endErr != nil {
		return summary, errors.Join(err, endErr)
	}
	generation, publishErr := m.publish(ctx)
	if publishErr != nil {
		summary.Outcome = OutcomeFailed
		return summary, errors.Join(err, publishErr)
	}
	summary.Generation = generation
	if tidyErr := errors.Join(tidyLogs(ctx, accounts), m.state.WriteStatus(ctx)); tidyErr != nil {
		return summary, errors.Join(err, tidyErr)
	}
	if leftErr := m.emitLeft(accounts, left, summary.Stopped); leftErr != nil {
		return summary, errors.Join(err, leftErr)
	}
	summary.Seconds, summary.Stages = m.progress.elapsed()
	m.progress.emit(Event{Event: EventFinished, Summary: &summary})
	return summary, err
}

// SelectResources returns the selected resources in their fixed order: those
// with the given plural names, or all where no name is given. An unknown name
// is a [*UsageError].
func SelectResources(of *schemas.Resources, selected []string) ([]extract.Resource, error) {
	all := Resources(of)
	if len(selected) == 0 {
		return all, nil
	}
	var names []string
	for _, r := range all {
		names = append(names, r.Name)
	}
	for _, name := range selected {
		if !slices.Contains(names, name) {
			return nil, &UsageError{fmt.Sprintf("unknown resource %q; %s", name, spelling.Choices(name, "resources", names))}
		}
	}
	return slices.DeleteFunc(all, func(r extract.Resource) bool { return !slices.Contains(selected, r.Name) }), nil
}
