package pipeline

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/stripelake/stripelake/load"
	"github.com/stripelake/stripelake/transform"
)

// eraser carries out an erasure. It holds every lock of the lake: each
// account's log and the state.
type eraser struct {
	mappings *transform.Mappings
	lake     *load.Lake
	progress *progress
	accounts []string
	logs     map[string]*load.Log // by account
	state    *load.State
}

// openEraser takes every lock, or returns a *load.BusyError that names the
// holder.
func openEraser(ctx context.Context, mappings *transform.Mappings, lake *load.Lake, progress *progress) (_ *eraser, err error) {
	e := &eraser{mappings: mappings, lake: lake, progress: progress, logs: map[string]*load.Log{}}
	defer func() {
		if err != nil {
			err = errors.Join(err, e.close())
		}
	}()
	if e.accounts, err = lake.LogAccounts(); err != nil {
		return nil, err
	}
	for _, account := range e.accounts {
		if e.logs[account], err = lake.OpenLog(ctx, account); err != nil {
			delete(e.logs, account)
			return nil, err
		}
	}
	state, err := lake.OpenState(ctx)
	if err != nil {
		return nil, err
	}
	e.state = state
	return e, nil
}

func (e *eraser) close() error {
	var errs []error
	if e.state != nil {
		errs = append(errs, e.state.Close())
	}
	for _, account := range e.accounts {
		if log := e.logs[account]; log != nil {
			errs = append(errs, log.Close())
		}
	}
	return errors.Join(errs...)
}

// finish carries out a recorded erasure. A run that was killed may have done
// any of the steps; to repeat a step changes nothing.
func (e *eraser) finish(ctx context.Context, erasure load.Erasure) (load.Receipt, error) {
	receipt, err := e.carryOut(ctx, erasure)
	if err != nil {
		return receipt, fmt.Errorf("erase: %w (run stripelake forget again to finish; until then the lake is not clean)", err)
	}
	return receipt, nil
}

func (e *eraser) carryOut(ctx context.Context, erasure load.Erasure) (load.Receipt, error) {
	receipt := erasure.Receipt
	forgotten, err := e.lake.Forgotten()
	if err != nil {
		return receipt, err
	}
	// The ids are added before the first segment changes: an erased object must
	// not come back.
	for _, account := range e.accounts {
		if err := forgotten.Add(ctx, account, idsOf(e.lake.Resources(), erasure, account)); err != nil {
			return receipt, err
		}
		for _, id := range erasure.Customers[account] {
			receipt.Customers = append(receipt.Customers, forgotten.Sum(account, id))
		}
	}
	for _, account := range e.accounts {
		if err := e.rewrite(ctx, erasure, account); err != nil {
			return receipt, err
		}
		ids := idsOf(e.lake.Resources(), erasure, account)
		slices.Sort(ids)
		err := e.logs[account].EraseLosses(account, func(id string) bool {
			_, gone := slices.BinarySearch(ids, id)
			return gone
		})
		if err != nil {
			return receipt, err
		}
	}
	if receipt.Generation, err = e.deriveFromScratch(ctx, receipt.Started); err != nil {
		return receipt, err
	}
	if receipt.SetAside, err = e.lake.Generations().RemoveSetAside(); err != nil {
		return receipt, err
	}
	if err := e.complete(ctx, erasure, &receipt); err != nil {
		return receipt, err
	}
	err = e.lake.Erasures().Finish(&receipt)
	return receipt, err
}

// rewrite removes the objects from every stream of an account's log.
func (e *eraser) rewrite(ctx context.Context, erasure load.Erasure, account string) error {
	for _, stream := range personalStreams(e.lake.Resources()) {
		gone := idSet{}
		for _, id := range erasure.Objects[account][stream] {
			gone.add(id)
		}
		if len(gone) == 0 {
			continue
		}
		e.lake.Stage("rewriting the log of " + stream)
		_, err := e.logs[account].Rewrite(ctx, stream, load.Rewriting{
			Erase:  func(o *load.Raw) bool { return gone.has(o.ID) },
			Cursor: func(cursor string) string { return withoutIDs(cursor, gone.has) },
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// deriveFromScratch makes a state and a generation of which no byte comes from
// an older one, and removes the older ones.
func (e *eraser) deriveFromScratch(ctx context.Context, started time.Time) (generation uint64, err error) {
	if err := e.state.Discard(ctx); err != nil {
		return 0, err
	}
	mappings, err := withKey(e.mappings, e.lake)
	if err != nil {
		return 0, err
	}
	run := newRun("forget")
	run.Started = started
	if err := e.state.Runs().Begin(ctx, run); err != nil {
		return 0, err
	}
	e.lake.Stage("deriving the tables again")
	m := &materializer{mappings: mappings, lake: e.lake, state: e.state, progress: e.progress}
	for _, account := range e.accounts {
		e.progress.emit(Event{Event: EventStarted, Account: account, Mode: e.lake.Mode()})
		m.mappers = map[string]*transform.Mapper{}
		if err := m.catchUp(ctx, account); err != nil {
			return 0, err
		}
	}
	summary := e.progress.summary()
	summary.Outcome = OutcomeDone
	if err := e.state.Runs().End(ctx, endedRun(run, summary, nil)); err != nil {
		return 0, err
	}
	if generation, err = m.publish(ctx); err != nil {
		return 0, err
	}
	return generation, errors.Join(e.state.WriteStatus(ctx), e.state.RemoveOtherGenerations())
}

// complete adds to the receipt what is only known afterwards.
func (e *eraser) complete(ctx context.Context, erasure load.Erasure, receipt *load.Receipt) (err error) {
	e.lake.Stage("looking for what still names them")
	receipt.Mentions = []load.Mentioned{}
	for _, account := range e.accounts {
		ids := idMatcher{words: idSet{}}
		for _, id := range idsOf(e.lake.Resources(), erasure, account) {
			ids.add(id)
		}
		if err := e.countMentions(ctx, account, &ids, receipt); err != nil {
			return err
		}
	}
	strangers, err := e.lake.UnknownFiles()
	if err != nil {
		return err
	}
	if strangers > 0 {
		receipt.Unchecked = append(receipt.Unchecked, fmt.Sprintf("%d files or folders in the lake that stripelake did not make", strangers))
	}
	receipt.LogAfter, err = logBytes(e.lake)
	receipt.Finished = time.Now().UTC().Truncate(time.Second)
	return err
}

// countMentions reads an account's log once more and counts the versions that
// still name an erased id: objects of other people, or of streams that belong
// to nobody.
func (e *eraser) countMentions(ctx context.Context, account string, ids *idMatcher, receipt *load.Receipt) error {
	streams, err := e.lake.Streams(account)
	if err != nil {
		return err
	}
	for _, stream := range streams {
		count := 0
		for batch, err := range e.lake.Read(ctx, account, stream, 0) {
			if err != nil {
				return err
			}
			for _, o := range batch.Objects {
				if ids.in(o.Object) || ids.in(o.More) {
					count++
				}
			}
		}
		if count > 0 {
			receipt.Mentions = append(receipt.Mentions, load.Mentioned{Account: account, Stream: stream, Objects: count})
		}
	}
	return nil
}
