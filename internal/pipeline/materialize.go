package pipeline

import (
	"context"
	"fmt"
	"time"

	"github.com/stripelake/stripelake/extract"
	"github.com/stripelake/stripelake/load"
	"github.com/stripelake/stripelake/transform"
)

// stream is the log of one resource of an account.
type stream struct {
	account  string
	resource extract.Resource
}

// materializer applies segments of the log to the state, in order. One
// goroutine applies; readers compare with the same state.
type materializer struct {
	mappings      *transform.Mappings
	mappers       map[string]*transform.Mapper // by type of object, made on first use
	lake          *load.Lake
	state         *load.State
	forgotten     *load.Forgotten // nil where the run reads nothing from Stripe
	progress      *progress
	outcomes      readOutcomes
	backlog       *backlog      // nil where the run reads nothing from Stripe
	room          *roomCheck    // nil where nothing is watched
	statusWritten time.Time     // when the status was written last
	statusPause   time.Duration // how long to wait before it is written again
	deriveFor     time.Duration // bound of deriveAccounts; 0 is none
}

// catchUp applies every segment that an account's log holds and the state does
// not.
func (m *materializer) catchUp(ctx context.Context, account string) error {
	m.announceBacklog(account)
	for _, resource := range Streams(m.lake.Resources()) {
		if err := m.catchUpStream(ctx, stream{account, resource}); err != nil {
			return err
		}
	}
	return nil
}

// announceBacklog says how many segments of an account's log the state lacks. The
// number is for people: without it, the segments are applied all the same.
func (m *materializer) announceBacklog(account string) {
	logs, err := load.LogSizes(m.lake.Dir())
	if err != nil {
		return // reading the log says what is wrong with it
	}
	var missing uint64
	for _, log := range logs {
		if log.Account == account {
			missing += log.Newest - min(log.Newest, m.state.Position(account, log.Stream))
		}
	}
	if missing > 0 {
		m.progress.emit(Event{Event: EventBacklog, Account: account, Segments: missing})
	}
}

// applyBacklog applies what readers append, until nobody appends any more. It publishes
// at intervals, so that people see a long backfill grow. Segments wait during a publish,
// so publishing gets at most a tenth of the time, however large the lake is.
func (m *materializer) applyBacklog(ctx context.Context, publishEvery time.Duration) error {
	published, pause := time.Now(), publishEvery
	for {
		s, ok, err := m.backlog.next(ctx)
		if err != nil || !ok {
			return err
		}
		if err := m.applyWaiting(ctx, s); err != nil {
			return err
		}
		m.room.watch()
		if publishEvery > 0 && time.Since(published) >= pause {
			start := time.Now()
			if err := m.publishMidway(ctx); err != nil {
				return err
			}
			published = time.Now()
			pause = max(publishEvery, 9*published.Sub(start))
		}
	}
}

// applyWaiting applies the segments of a stream that wait. Another process that had the
// state meanwhile may have applied them.
func (m *materializer) applyWaiting(ctx context.Context, s stream) error {
	err := m.catchUpStream(ctx, s)
	if err == nil {
		m.backlog.applied(s, m.state.Position(s.account, s.resource.Name))
	}
	return err
}

// transactionObjects is how many objects share a transaction where several
// segments wait, as in a backfill, a recovery and a rebuild. They fill a row group
// of the state and more: DuckDB then compresses most rows once and writes them
// without its write-ahead log.
const transactionObjects = 16_000

// transactionBytes bounds the raw JSON of a transaction, because its rows are
// in memory until it ends.
const transactionBytes = 32 << 20

// mapAheadBatches is how many mapped batches wait, so that mapping goes on
// while a transaction commits.
const mapAheadBatches = 2

// catchUpStream applies the segments of a stream that follow the state's
// position. Each transaction has whole segments (Invariant 4).
func (m *materializer) catchUpStream(ctx context.Context, s stream) error {
	ahead, stop := m.mapAhead(ctx, s, m.state.Position(s.account, s.resource.Name))
	defer stop()
	for {
		first, ok := <-ahead
		if !ok {
			return ctx.Err()
		}
		if first.err != nil {
			return first.err
		}
		if err := m.applySegments(ctx, s, first, ahead); err != nil {
			return fmt.Errorf("apply %s segment %d: %w", s.resource.Name, first.segment, err)
		}
	}
}

// mappedBatch is the rows of a batch of a segment's objects.
type mappedBatch struct {
	load.Batch
	segment    uint64
	bytes      int // raw JSON
	incomplete int // nested lists that Stripe cut short
	err        error
}

// mapAhead reads the segments after a given one and maps them, a few batches
// ahead of the caller, who merges. The caller must call the function returned,
// which stops it.
func (m *materializer) mapAhead(ctx context.Context, s stream, after uint64) (<-chan mappedBatch, func()) {
	ctx, cancel := context.WithCancel(ctx)
	out := make(chan mappedBatch, mapAheadBatches)
	go func() {
		defer close(out)
		for raws, err := range m.lake.Read(ctx, s.account, s.resource.Name, after) {
			x := mappedBatch{segment: raws.Segment, err: err}
			if err == nil {
				start := time.Now()
				x.Batch, x.err = m.mapBatch(s, raws)
				m.progress.add(stageMap, time.Since(start))
				x.incomplete, x.bytes = incompleteLists(x.Batch), rawBytes(raws)
			}
			select {
			case out <- x:
			case <-ctx.Done():
				releaseRows(x.Batch)
				return
			}
			if x.err != nil {
				return
			}
		}
	}()
	return out, func() {
		cancel()
		for x := range out {
			releaseRows(x.Batch)
		}
	}
}

// applySegments merges the segment of the first batch, and further segments
// until the transaction is large enough.
func (m *materializer) applySegments(ctx context.Context, s stream, first mappedBatch, ahead <-chan mappedBatch) error {
	start, incomplete, objects, bytes, segment := time.Now(), 0, 0, 0, first.segment
	batches := func(yield func(load.Batch, error) bool) {
		for x, ok := first, true; ok; x, ok = <-ahead {
			incomplete, objects, segment = incomplete+x.incomplete, objects+len(x.Objects), max(segment, x.segment)
			bytes += x.bytes
			more := yield(x.Batch, x.err)
			releaseRows(x.Batch)
			if !more || x.err != nil || x.UpTo > 0 && (objects >= transactionObjects || bytes >= transactionBytes) {
				return
			}
		}
		if ctx.Err() != nil {
			yield(load.Batch{}, ctx.Err())
		}
	}
	before := m.state.Position(s.account, s.resource.Name)
	position := load.Position{Account: s.account, Stream: s.resource.Name, Segment: first.segment}
	applied, err := m.state.Apply(ctx, position, batches)
	if err != nil {
		return err
	}
	if m.backlog != nil {
		m.backlog.applied(s, segment)
	}
	m.progress.add(stageMerge, time.Since(start))
	m.progress.emit(Event{
		Event: EventApplied, Account: s.account, Resource: s.resource.Name, Segment: segment, Segments: segment - before,
		Objects: int(applied.Objects), Rows: int(applied.Rows), Rejects: int(applied.Rejects), Incomplete: incomplete,
		Drift: int(applied.Drift),
	})
	return m.writeStatus(ctx)
}
