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

// Rebuild derives tables again from the raw log. It sends no request to Stripe.
type Rebuild struct {
	Mappings    *transform.Mappings
	Lake        *load.Lake
	Declaration *Declaration  // Mappings are of it, and the run records it; nil records nothing
	Tables      []string      // to derive besides those whose schemas or mappings changed
	MaxRuntime  time.Duration // stop deriving after it; the next rebuild continues; 0 is no bound
	OnEvent     func(Event)
}

// Run derives the changed tables next to the present ones and publishes the
// result. Until all of it is complete, the published generation and the state
// that a sync uses stay as they are. If Run is interrupted, the next one with
// the same schemas continues; nothing is lost. The same holds where MaxRuntime
// ends it, which Summary.Stopped says and which is no error.
//
// Where DuckDB has too little memory, it starts once more with a higher limit.
func (r *Rebuild) Run(ctx context.Context) (Summary, error) {
	return withMemory(ctx, r.Lake, r.OnEvent, func(lake *load.Lake) (Summary, error) {
		on := *r
		on.Lake = lake
		return on.run(ctx)
	})
}

func (r *Rebuild) run(ctx context.Context) (Summary, error) {
	progress := newProgress(r.OnEvent)
	if err := finishPending(ctx, r.Mappings, r.Lake, progress); err != nil {
		return Summary{}, err
	}
	if err := r.checkTables(); err != nil {
		return Summary{}, err
	}
	state, err := r.Lake.OpenState(ctx)
	if err != nil {
		return Summary{}, err
	}
	defer func() { _ = state.Close() }()
	if err := r.Declaration.Record(progress.notice); err != nil {
		return Summary{}, err
	}
	if err := checkKey(ctx, r.Lake, state); err != nil {
		return Summary{}, err
	}
	if err := announceDamage(ctx, r.Lake, state, progress); err != nil {
		return Summary{}, err
	}
	run := newRun("rebuild")
	m := &materializer{lake: r.Lake, state: state, progress: progress, deriveFor: r.MaxRuntime}
	switch {
	case state.Fresh != "":
		progress.notice("deriving every table again from the raw log")
		if m.mappings, err = withKey(r.Mappings, r.Lake); err == nil {
			err = m.deriveAccounts(ctx)
		}
	case len(state.Stale) == 0 && len(r.Tables) == 0:
		progress.notice("every table is built with these schemas; --all derives all of them again")
		// A state that was restored is behind the log. It must catch up before
		// it is published.
		if m.mappings, err = withKey(r.Mappings, r.Lake); err == nil {
			err = m.deriveAccounts(ctx)
		}
	default:
		err = m.derive(ctx, r.Mappings, r.Tables)
	}
	if errors.Is(err, errDeriveStopped) {
		return m.stopRebuild(), nil
	}
	if err != nil {
		return Summary{}, err
	}
	return m.finishRebuild(ctx, run)
}

// checkTables checks the names in Tables.
func (r *Rebuild) checkTables() error {
	names := r.Lake.Tables()
	for _, table := range r.Tables {
		if !slices.Contains(names, table) {
			return &UsageError{fmt.Sprintf("there is no table %q; %s", table, spelling.Choices(table, "tables", names))}
		}
	}
	return nil
}

// derive makes the changed tables, and those given, next to the present ones,
// and then swaps them in.
func (m *materializer) derive(ctx context.Context, mappings *transform.Mappings, tables []string) error {
	var names []string
	for _, stale := range m.state.Stale {
		names = append(names, stale.Table+" ("+stale.What+")")
	}
	names = append(names, tables...)
	if other, err := m.showsOtherValues(ctx, mappings); err != nil {
		return err
	} else if other { // tables that are copied show values as the older policy allowed
		tables = m.lake.Tables()
	}
	resumed, err := m.state.BeginRebuild(ctx, tables...)
	if err != nil {
		return err
	}
	message := "deriving again from the raw log: " + strings.Join(names, ", ")
	if resumed {
		message += "; going on where the last rebuild stopped"
	}
	m.progress.notice(message)
	if m.mappings, err = withKey(mappings, m.lake); err != nil {
		return err
	}
	if err := m.deriveAccounts(ctx); err != nil {
		return err
	}
	return m.state.SwapIn(ctx)
}

// showsOtherValues reports whether the policy on personal data in meta.drift
// and meta.rejects differs between the present state and the mappings.
func (m *materializer) showsOtherValues(ctx context.Context, mappings *transform.Mappings) (bool, error) {
	files, err := m.state.Schemas(ctx)
	if err != nil {
		return false, err
	}
	set, err := schemas.LoadFiles(files)
	return err != nil || set.Privacy.KeepsAll() != mappings.KeepsPersonalData(), nil //nolint:nilerr // the policy of an unreadable set is unknown
}

// errDeriveStopped reports that a bound ended the deriving.
var errDeriveStopped = errors.New("stopped by --" + extract.ByTime)

// deriveAccounts applies the segments of every account's log that the state
// lacks.
func (m *materializer) deriveAccounts(ctx context.Context) error {
	accounts, err := m.lake.Accounts()
	if err != nil {
		return err
	}
	outer := ctx
	if m.deriveFor > 0 {
		var stop func()
		ctx, stop = context.WithTimeout(ctx, m.deriveFor)
		defer stop()
	}
	for _, account := range accounts {
		m.mappers = map[string]*transform.Mapper{}
		m.progress.emit(Event{Event: EventStarted, Account: account.ID, Mode: m.lake.Mode()})
		err := m.catchUp(ctx, account.ID)
		if err != nil && ctx.Err() != nil && outer.Err() == nil {
			return errDeriveStopped
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// stopRebuild reports a rebuild that its bound ended. What is derived is kept,
// and not published.
func (m *materializer) stopRebuild() Summary {
	summary := m.progress.summary()
	summary.Outcome, summary.Stopped = OutcomeStopped, extract.ByTime
	summary.Seconds, summary.Stages = m.progress.elapsed()
	m.progress.emit(Event{Event: EventStopped, Message: "stopped by --" + extract.ByTime + "; nothing is published yet, and the next rebuild goes on"})
	m.progress.emit(Event{Event: EventFinished, Summary: &summary})
	return summary
}

func (m *materializer) finishRebuild(ctx context.Context, run load.Run) (Summary, error) {
	if err := m.state.Runs().Begin(ctx, run); err != nil {
		return Summary{}, err
	}
	summary := m.progress.summary()
	summary.Outcome = OutcomeDone
	if err := m.state.Runs().End(ctx, endedRun(run, summary, nil)); err != nil {
		return summary, err
	}
	var err error
	if summary.Generation, err = m.publish(ctx); err == nil {
		err = m.state.WriteStatus(ctx)
	}
	if err != nil {
		return summary, err
	}
	summary.Seconds, summary.Stages = m.progress.elapsed()
	m.progress.emit(Event{Event: EventFinished, Summary: &summary})
	return summary, nil
}

// planInForce returns the compiled mappings that a sync uses. Rows of two
// mappings never mix in one table: where the given mappings are not those that
// the tables were built with, the old ones stay in use until a rebuild is asked
// for.
func mappingsInForce(ctx context.Context, mappings *transform.Mappings, lake *load.Lake, state *load.State, progress *progress) (*transform.Mappings, error) {
	if len(state.Stale) == 0 {
		return withKey(mappings, lake)
	}
	files, err := state.Schemas(ctx)
	if err != nil {
		return nil, err
	}
	set, err := schemas.LoadFiles(files)
	if err != nil {
		return nil, err
	}
	oldMappings, err := transform.Compile(set)
	if err != nil {
		return nil, fmt.Errorf("the mappings that the lake was built with are none to this program: run `stripelake rebuild`: %w", err)
	}
	var names []string
	for _, stale := range state.Stale {
		names = append(names, stale.Table+" ("+stale.What+")")
	}
	progress.warn(fmt.Sprintf(
		"the schemas are not those that the tables were built with: %s; the old ones stay in use until `stripelake rebuild` or `sync --rebuild`",
		strings.Join(names, ", ")))
	return withKey(oldMappings, lake)
}
