package pipeline

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/stripelake/stripelake/extract"
	"github.com/stripelake/stripelake/load"
	"github.com/stripelake/stripelake/transform"
)

// stream is one account's log of one kind of objects.
type stream struct {
	account  string
	resource extract.Resource
}

// materializer turns segments of the log into state, in order. One goroutine
// applies; readers compare against the same state.
type materializer struct {
	plan          *transform.Plan
	mappers       map[string]*transform.Mapper // by object, made on first use
	lake          *load.Lake
	state         *load.State
	forgotten     *load.Forgotten // nil where nothing is read from Stripe
	progress      *progress
	outcomes      readOutcomes
	statusWritten time.Time     // when the status was written
	statusPause   time.Duration // for how long it then stays as it is
}

// catchUp applies every segment that an account's log holds and the state does
// not.
func (m *materializer) catchUp(ctx context.Context, account string) error {
	for _, resource := range logStreams() {
		if err := m.catchUpStream(ctx, stream{account, resource}); err != nil {
			return err
		}
	}
	return nil
}

// applyArrivals applies segments as they arrive, and publishes every so often so that
// people see a long backfill grow. Nothing is applied meanwhile, so publishing
// takes at most a tenth of the time, however large the lake is.
func (m *materializer) applyArrivals(ctx context.Context, arrivals <-chan arrival, publishEvery time.Duration) error {
	published, pause := time.Now(), publishEvery
	for a := range arrivals {
		if err := m.catchUpStream(ctx, a.stream); err != nil {
			return err
		}
		close(a.applied)
		if publishEvery > 0 && time.Since(published) >= pause {
			start := time.Now()
			if _, err := m.publish(ctx); err != nil {
				return err
			}
			if err := m.state.WriteStatus(ctx); err != nil {
				return err
			}
			published = time.Now()
			pause = max(publishEvery, 9*published.Sub(start))
		}
	}
	return nil
}

// transactionObjects is how many objects share a transaction, where several segments
// wait: a recovery and a rebuild find thousands of small ones.
const transactionObjects = 8000

// transactionBytes bounds the raw JSON behind a transaction, whose rows are all in
// memory until it ends.
const transactionBytes = 32 << 20

// mapAheadBatches is how many batches wait mapped, so that mapping does not
// stand still while a transaction commits.
const mapAheadBatches = 4

// catchUpStream applies a stream's segments after the state's position, whole
// segments in each transaction (Invariant 4).
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

// mappedBatch is a batch of a segment's objects, as rows.
type mappedBatch struct {
	load.Batch
	segment    uint64
	bytes      int // of raw JSON
	incomplete int // nested lists
	err        error
}

// mapAhead reads and maps the log after a segment while the caller merges, a
// few batches ahead. stop ends it; it must be called.
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

// applySegments merges the segment of the first batch, and those after it until
// enough are together.
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
	position := load.Position{Account: s.account, Stream: s.resource.Name, Segment: first.segment}
	applied, err := m.state.Apply(ctx, position, batches)
	if err != nil {
		return err
	}
	m.progress.add(stageMerge, time.Since(start))
	m.progress.emit(Event{
		Event: EventApplied, Account: s.account, Resource: s.resource.Name, Segment: segment,
		Objects: int(applied.Objects), Rows: int(applied.Rows), Rejects: int(applied.Rejects), Incomplete: incomplete,
		Drift: int(applied.Drift),
	})
	return m.writeStatus(ctx)
}

// statusEvery is how often the status follows the state at most. It counts all
// rows, and gets a twentieth of the time: after each of thousands of segments, or
// each second among ten million objects, it would be most of a long backfill.
const statusEvery = time.Second

// writeStatus lets `status` see how far the state is, now and then. Whoever ends a
// run writes the last one.
func (m *materializer) writeStatus(ctx context.Context) error {
	if time.Since(m.statusWritten) < m.statusPause {
		return nil
	}
	start := time.Now()
	err := m.state.WriteStatus(ctx)
	m.statusWritten = time.Now()
	m.statusPause = max(statusEvery, 19*m.statusWritten.Sub(start))
	return err
}

func incompleteLists(b load.Batch) int {
	n := 0
	for _, o := range b.Objects {
		n += len(o.Incomplete)
	}
	return n
}

func rawBytes(b load.SegmentBatch) int {
	n := 0
	for _, o := range b.Objects {
		n += len(o.Object) + len(o.More)
	}
	return n
}

func releaseRows(b load.Batch) {
	for _, t := range b.Tables {
		t.Rows.Release()
	}
}

// mapBatch maps one batch of log entries to the rows and rejects of each table
// that the resource feeds.
func (m *materializer) mapBatch(s stream, raws load.SegmentBatch) (load.Batch, error) {
	objects := make([]transform.Object, len(raws.Objects))
	batch := load.Batch{Objects: make([]load.ObjectVersion, len(raws.Objects))}
	for i, raw := range raws.Objects {
		objects[i] = mappingInput(s.account, raw)
		batch.Objects[i] = versionOf(s.resource, raws.Segment, raw, objects[i].Raw)
	}
	if raws.End {
		batch.UpTo = raws.Segment
	}
	mapper := m.mapper(s.resource.Object)
	if mapper == nil {
		return batch, nil // events are hints, and no rows
	}
	for _, mapped := range mapper.Map(objects) {
		rows := load.TableRows{Schema: mapped.Schema, Rows: mapped.Rows, Rejects: make([]load.Reject, len(mapped.Rejects))}
		for i, r := range mapped.Rejects {
			rows.Rejects[i] = m.rejectOf(r, raws)
		}
		batch.Tables = append(batch.Tables, rows)
		if err := checkConserved(mapped); err != nil {
			return batch, err
		}
	}
	batch.Drift = notUTF8(s.resource.Object, raws.Objects)
	for _, d := range mapper.Drift() {
		batch.Drift = append(batch.Drift, load.Drift{
			Path: d.Path, Found: d.Found, Objects: d.Count, FirstID: d.FirstID, FirstSeen: d.FirstSeen, LastSeen: d.LastSeen,
			Example: extract.Redact(d.Example), // Invariant 11
		})
	}
	return batch, nil
}

// notUTF8 counts objects that hold bytes which are not UTF-8, wherever they stand:
// the mapping sees them only where a column takes them.
func notUTF8(object string, raws []load.Raw) []load.Drift {
	d := load.Drift{Path: object, Found: "bytes that are not UTF-8"}
	for _, o := range raws {
		if utf8.Valid(o.Object) && utf8.Valid(o.More) {
			continue
		}
		if d.Objects++; d.Objects == 1 {
			d.FirstID, d.FirstSeen, d.LastSeen = o.ID, o.ObservedAt, o.ObservedAt
		}
		if o.ObservedAt.After(d.LastSeen) {
			d.LastSeen = o.ObservedAt
		}
	}
	if d.Objects == 0 {
		return nil
	}
	return []load.Drift{d}
}

// versionOf is what the state keeps of an object; whole is its JSON with its nested
// lists whole.
func versionOf(resource extract.Resource, segment uint64, raw load.Raw, whole []byte) load.ObjectVersion {
	if resource.Name == extract.Events().Name {
		v := load.VersionOf(&raw, segment) // a hint: what it embeds is nobody's
		v.Disputed = disputeIn(resource.Name, whole)
		return v
	}
	v := load.VersionOf(&raw, segment, extract.IncompleteLists(whole)...)
	v.Disputed = disputeIn(resource.Name, whole)
	if raw.APIVersion != extract.APIVersion {
		v.OtherVersion = raw.APIVersion // "" of tombstones that are made of a 404
	}
	if v.Due = resource.Due(whole); len(v.Incomplete) > 0 {
		v.Due = raw.ObservedAt.Add(time.Second) // the next sync tries again
	}
	for _, mention := range resource.Mentions(whole) {
		v.Names = append(v.Names, load.Named(mention))
	}
	return v
}

// rejectOf is a refusal as the lake keeps it, with the object unless personal
// data may not be in tables.
func (m *materializer) rejectOf(r transform.Reject, raws load.SegmentBatch) load.Reject {
	out := load.Reject{
		ID: r.ID, Seq: r.Seq, Segment: raws.Segment,
		Table: r.Table, Field: r.Field, Rule: r.Rule, Reason: r.Reason, Mapping: r.Mapping,
		Example: extract.Redact(r.Example), // Invariant 11
	}
	i, found := slices.BinarySearchFunc(raws.Objects, r.Seq, func(o load.Raw, seq uint64) int { return cmp.Compare(o.Seq, seq) })
	if found {
		out.ObservedAt = raws.Objects[i].ObservedAt
		if m.plan.KeepsPersonalData() {
			out.Object = raws.Objects[i].Object
		}
	}
	return out
}

// mapper returns the resource's mapper, made on first use: it keeps its buffers
// between batches.
func (m *materializer) mapper(object string) *transform.Mapper {
	if m.mappers[object] == nil {
		m.mappers[object] = m.plan.Mapper(object)
	}
	return m.mappers[object]
}

// checkConserved checks Invariant 3 for one table: every object that was mapped
// became a row or a reject, or was left out by the mapping's where. Tables made
// from a list inside the object have any number of rows an object.
func checkConserved(b transform.Batch) error {
	got := int(b.Rows.NumRows()) + len(b.Rejects) + b.LeftOut
	if b.PerItem || got == b.Objects {
		return nil
	}
	return fmt.Errorf("map %s: %d objects became %d rows, %d rejects and %d left out: this is a bug in stripelake; nothing was applied",
		b.Schema.Table, b.Objects, b.Rows.NumRows(), len(b.Rejects), b.LeftOut)
}

// publish notes what is complete and makes the state what people read, if it
// differs from that. It returns the generation's number, or 0 where nothing
// changed. Who calls it writes the status then.
func (m *materializer) publish(ctx context.Context) (uint64, error) {
	if err := m.cover(ctx); err != nil {
		return 0, err
	}
	needed, err := m.state.NeedsPublish(ctx)
	if err != nil {
		return 0, err
	}
	if !needed {
		return 0, m.removeExposed() // a run that was killed may have left it
	}
	start := time.Now()
	// An export needs the most memory that DuckDB ever does, and the readers wait:
	// what Go has free is given back first.
	debug.FreeOSMemory()
	generation, err := m.state.Publish(ctx)
	if err != nil {
		return 0, err
	}
	m.progress.add(stagePublish, time.Since(start))
	for _, left := range generation.SkippedMarts {
		m.progress.emit(Event{Event: EventNotice, Message: left})
	}
	m.progress.emit(Event{Event: EventPublished, Generation: generation.Number})
	return generation.Number, errors.Join(m.removeExposed(), m.progress.noticeSetAside(m.lake))
}

// objectTypeOf is the type of the objects in a stream.
func objectTypeOf(stream string) string {
	for _, resource := range Resources() {
		if resource.Name == stream {
			return resource.Object
		}
	}
	return ""
}

// mappingInput is an object of the log as the mapping takes it: with its nested
// lists whole.
func mappingInput(account string, raw load.Raw) transform.Object {
	return transform.Object{
		Raw: extract.JoinNested(raw.Object, raw.More), Account: account, ID: raw.ID, Created: raw.Created,
		ObservedAt: raw.ObservedAt, Seq: raw.Seq, Deleted: raw.Deleted, LeftOut: raw.LeftOut,
	}
}
