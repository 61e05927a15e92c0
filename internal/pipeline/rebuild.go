package pipeline

import (
	"context"

	"github.com/stripelake/stripelake/load"
	"github.com/stripelake/stripelake/transform"
)

// Rebuild derives every table again from the raw log and publishes the result.
// It asks Stripe for nothing. What people read stays as it is until the new
// generation is complete. Interrupted, the next run of any kind goes on.
func Rebuild(ctx context.Context, plan *transform.Plan, lake *load.Lake, onEvent func(Event)) (Summary, error) {
	meter := newMeter(onEvent)
	if err := finishPending(ctx, plan, lake, meter); err != nil {
		return Summary{}, err
	}
	state, err := lake.OpenState(ctx)
	if err != nil {
		return Summary{}, err
	}
	defer func() { _ = state.Close() }()
	if err := state.Reset(ctx); err != nil {
		return Summary{}, err
	}
	if plan, err = keyed(ctx, plan, lake, state); err != nil {
		return Summary{}, err
	}
	accounts, err := lake.Accounts()
	if err != nil {
		return Summary{}, err
	}
	for _, account := range accounts {
		if err := rebuildAccount(ctx, plan, lake, state, account.ID, meter); err != nil {
			return Summary{}, err
		}
	}
	m := &materializer{plan: plan, state: state, meter: meter}
	generation, err := m.publish(ctx)
	if err != nil {
		return Summary{}, err
	}
	summary := meter.summary()
	summary.Outcome = outcomeDone
	summary.Generation = generation
	summary.Seconds, summary.Stages = meter.elapsed()
	meter.emit(Event{Event: EventFinished, Summary: &summary})
	return summary, nil
}

func rebuildAccount(ctx context.Context, plan *transform.Plan, lake *load.Lake, state *load.State, account string, meter *meter) error {
	log, err := lake.OpenLog(account)
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }()
	meter.emit(Event{Event: EventStarted, Account: account, Mode: lake.Mode()})
	m := &materializer{account: account, plan: plan, mappers: map[string]*transform.Mapper{}, log: log, state: state, meter: meter}
	return m.catchUp(ctx)
}
