package pipeline

import (
	"cmp"
	"context"
	"crypto/sha256"
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/stripelake/stripelake/extract"
	"github.com/stripelake/stripelake/load"
	"github.com/stripelake/stripelake/transform"
)

// arrival tells the applier that a segment of a stream is durable. The applier
// closes applied once its rows are in the state.
type arrival struct {
	stream  stream
	applied chan struct{}
}

// reader copies one stream from Stripe into the log.
type reader struct {
	account      string
	client       *extract.Client
	lake         *load.Lake
	log          *load.Log
	forgotten    *load.Forgotten
	owners       *ownerAnswers
	materializer *materializer
	resource     extract.Resource
	redactors    map[string]*transform.Redactor // by object; none where everything is kept as sent
	events       *eventsBarrier                 // what the events tell; nil for the events themselves
	arrivals     chan<- arrival

	// disputes returns the charges of disputes, as far as the lake knows them.
	disputes func(ctx context.Context, account string, ids []string) (map[string]string, error)

	pending      []load.Raw        // pages yielded and not yet in the log
	bytes        int               // raw JSON in pending
	cursor       extract.Cursor    // of the last page in pending
	applied      chan struct{}     // closed when the segment before is in the state; nil before the first
	only         []load.Reread     // read just these again; nil for a sync
	relisting    bool              // note every id that comes
	missing      missingObjects    // what was answered with a 404
	blank        idSet             // of the pending objects: those without their text
	blanked      int               // of such, in the log by this run
	referenced   referencedObjects // what others name and no list has shown
	filter       string            // by which an event tells to list again; empty: none does
	listedValues map[string]bool   // values of the filter that this run has listed an object of: charges of refunds; at most freshAtMost
}

// mostRemembered bounds memory where very many refunds are listed. A charge that is
// left out costs a request.
const mostRemembered = 100_000

// run reads the stream to its end: what is listed, then what has changed. On an
// error the pages read before it are kept: they and their cursor are good. A
// stop by signal drops them, as a crash would.
func (r *reader) run(ctx context.Context, bounds extract.Range) error {
	err := r.read(ctx, bounds)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if flushErr := r.flush(ctx); flushErr != nil {
		return flushErr
	}
	r.noticeBlanked()
	return cmp.Or(err, r.awaitApplied(ctx))
}

func (r *reader) read(ctx context.Context, bounds extract.Range) error {
	if r.events == nil {
		if err := r.rewind(ctx); err != nil {
			return err
		}
		return r.list(ctx, extract.Range{LookBack: bounds.LookBack})
	}
	if err := r.loadMissing(); err != nil {
		return err
	}
	if err := r.loadNotFound(); err != nil {
		return err
	}
	if r.only != nil {
		if err := r.awaitOwners(ctx); err != nil {
			return err
		}
		at, err := r.at()
		if err != nil {
			return err
		}
		for _, o := range r.only {
			if r.resource.Silent && o.Created.IsZero() { // only its id is known, by who names it
				r.referenced.asked[o.ID] = true
			}
		}
		return r.reread(ctx, r.only, nil, at)
	}
	if err := r.rewind(ctx); err != nil {
		return err
	}
	bounds, err := r.start(bounds)
	if err != nil {
		return &localError{err}
	}
	if err := r.awaitOwners(ctx); err != nil {
		return err
	}
	if err := r.begin(ctx); err != nil {
		return err
	}
	if err := r.list(ctx, bounds); err != nil {
		return err
	}
	if err := r.changes(ctx, bounds); err != nil {
		return err
	}
	return r.readReferenced(ctx)
}

// start remembers where the stream begins before the first request, so that a
// run killed early does not turn a bounded backfill into an unbounded one.
func (r *reader) start(bounds extract.Range) (_ extract.Range, err error) {
	if bounds.From.IsZero() {
		bounds.From, err = r.lake.Start(r.account, r.resource.Name)
		if err != nil || !bounds.From.IsZero() {
			return bounds, err
		}
		// Where lake.json was lost, the cursor knows.
		cursor, err := r.at()
		if err != nil {
			return bounds, err
		}
		coverage, err := cursor.Coverage()
		if err != nil || coverage.From.IsZero() {
			return bounds, err
		}
		bounds.From = coverage.From
	}
	bounds.From, err = r.lake.SetStart(r.account, r.resource.Name, bounds.From)
	return bounds, err
}

// list reads what is created and not behind the cursor.
func (r *reader) list(ctx context.Context, bounds extract.Range) error {
	after, err := r.at()
	if err != nil {
		return err
	}
	return r.keepPages(ctx, r.client.Pages(ctx, r.resource, after, bounds))
}

// at is the cursor as it is in the log or will be with what is pending.
func (r *reader) at() (extract.Cursor, error) {
	if r.cursor != "" {
		return r.cursor, nil
	}
	cursor, err := r.log.Cursor(r.resource.Name)
	if err != nil {
		return "", &localError{err}
	}
	return extract.Cursor(cursor), nil
}

// keepPages takes pages to their end. What is new is then in the log; a cursor that
// moved over nothing waits for the next flush.
func (r *reader) keepPages(ctx context.Context, pages iter.Seq2[extract.Page, error]) error {
	start := time.Now()
	for page, err := range pages {
		r.materializer.progress.add(stageRead, time.Since(start))
		if err != nil {
			return err
		}
		if err := r.addPage(page); err != nil {
			return &localError{err}
		}
		r.materializer.progress.emit(Event{Event: EventPage, Resource: r.resource.Name, Objects: objectsSent(page)})
		if r.log.Full(len(r.pending), r.bytes) {
			if err := r.flush(ctx); err != nil {
				return err
			}
		}
		start = time.Now()
	}
	if len(r.pending) == 0 {
		return nil
	}
	return r.flush(ctx)
}

// objectsSent counts what Stripe sent: a tombstone that is made of a 404 is no object.
func objectsSent(page extract.Page) (n int) {
	for _, o := range page.Objects {
		if !o.Missing {
			n++
		}
	}
	return n
}

func (r *reader) addPage(page extract.Page) error {
	for _, o := range page.Objects {
		raw, more, err := r.redact(o)
		if err != nil {
			return err
		}
		r.noteFilterValue(raw)
		if id := objectKey(o); o.Missing && r.missing.pending != nil {
			r.missing.pending[id] = true
		}
		r.bytes += len(raw) + len(more)
		r.pending = append(r.pending, load.Raw{
			ID: objectKey(o), Created: o.Created, ObservedAt: o.ObservedAt, Origin: o.Origin, Deleted: o.Deleted,
			Livemode: o.Livemode, APIVersion: o.APIVersion, RequestID: o.RequestID, Object: raw, More: more, LeftOut: o.LeftOut,
		})
	}
	r.noteUnread(page.Unread)
	r.cursor = page.Cursor
	return nil
}

// noteFilterValue notes of which value of the filter an object is.
func (r *reader) noteFilterValue(object []byte) {
	if r.listedValues == nil || len(r.listedValues) >= mostRemembered {
		return
	}
	if value := lastID(extract.References(object, r.filter)[0]); value != "" && len(value) < 100 {
		r.listedValues[value] = true
	}
}

// objectKey is what the log and the state know an object by: its id, or for an object
// that has none the hash of its bytes. The mapping rejects the latter.
func objectKey(o extract.Object) string {
	if o.ID != "" {
		return o.ID
	}
	return fmt.Sprintf("noid:%x", sha256.Sum256(o.Raw))
}

// flush makes the pending pages durable with the cursor that follows them: in a
// segment, or in cursor.json where nothing of them is new.
func (r *reader) flush(ctx context.Context) error {
	if r.cursor == "" && len(r.pending) == 0 { // a repair may read before the first page
		return nil
	}
	if err := r.awaitApplied(ctx); err != nil {
		return err
	}
	start := time.Now()
	suppressed, err := r.suppressAndBlank(ctx)
	if err != nil {
		r.pending, r.bytes, r.cursor = nil, 0, "" // the next run reads them again
		return err
	}
	event, err := r.appendChanged(ctx)
	if err != nil {
		return &localError{err}
	}
	event.Suppressed = suppressed
	r.pending, r.bytes, r.cursor = nil, 0, ""
	r.materializer.progress.add(stageAppend, time.Since(start))
	r.materializer.progress.emit(event)
	if event.Segment == 0 {
		return nil
	}
	r.applied = make(chan struct{})
	r.arrivals <- arrival{stream{r.account, r.resource}, r.applied} // never blocks: one outstanding a reader
	return nil
}

// appendChanged appends what of the pending pages is new, and moves the cursor.
func (r *reader) appendChanged(ctx context.Context) (Event, error) {
	event := Event{Event: EventSegment, Resource: r.resource.Name}
	if r.relisting {
		if err := r.noteRelisted(ctx); err != nil {
			return event, err
		}
	}
	r.dropNotFound()
	if err := r.dropUnconfirmed(ctx); err != nil {
		return event, err
	}
	if err := r.dropNeverHeld(ctx); err != nil {
		return event, err
	}
	changed, err := r.changedObjects(ctx)
	if err != nil {
		return event, err
	}
	event.Objects = len(changed)
	for _, o := range changed {
		if r.blank.has(o.ID) && r.events != nil { // an event is no row
			event.Blanked++
		}
	}
	r.blanked += event.Blanked
	event.Unchanged = r.missing.countOthers(r.pending) - r.missing.countOthers(changed)
	clear(r.missing.pending)
	cursor, err := r.cursorToKeep()
	if err != nil {
		return event, err
	}
	if len(changed) == 0 {
		return event, r.log.MoveCursor(r.resource.Name, cursor)
	}
	position, err := r.log.Append(ctx, r.resource.Name, changed, cursor)
	event.Segment = position.Segment
	return event, err
}

// dropNeverHeld leaves out tombstones of objects that the log never held: they
// came and went between two syncs, and there is nothing to mark.
func (r *reader) dropNeverHeld(ctx context.Context) error {
	gone := func(o load.Raw) bool { return o.Deleted && o.Origin == extract.OriginRetrieve }
	if !slices.ContainsFunc(r.pending, gone) {
		return nil
	}
	known, err := r.materializer.state.Known(ctx, r.account, r.resource.Name, r.pending)
	if err != nil {
		return err
	}
	var neverHeld []string
	kept := r.pending[:0]
	for i, o := range r.pending {
		if gone(o) && !known[i] {
			neverHeld = append(neverHeld, o.ID)
		} else {
			kept = append(kept, o)
		}
	}
	r.pending = kept
	return r.rereads().ForgetMention(ctx, neverHeld)
}

// awaitApplied waits until the segment appended before is in the state. What
// comes next is compared with the state's newest versions, and those must be
// the log's newest: an object that changed and changed back would else be taken
// for unchanged and be lost. It also bounds memory to one segment a reader.
func (r *reader) awaitApplied(ctx context.Context) error {
	if r.applied == nil {
		return nil
	}
	select {
	case <-r.applied:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// changedObjects returns the pending objects whose bytes differ from the newest
// version in the log. An object twice in the same segment is compared with its
// earlier self. An event that is known is never news: what Stripe still changes
// in it is how often it was delivered.
func (r *reader) changedObjects(ctx context.Context) ([]load.Raw, error) {
	compare := r.materializer.state.Unchanged
	if r.events == nil {
		compare = r.materializer.state.Known
	}
	unchanged, err := compare(ctx, r.account, r.resource.Name, r.pending)
	if err != nil {
		return nil, fmt.Errorf("compare %s with the log: %w", r.resource.Name, err)
	}
	latest := make(map[string]int, len(r.pending))
	changed := make([]load.Raw, 0, len(r.pending))
	for i, o := range r.pending {
		same := unchanged[i]
		if before, seen := latest[o.ID]; seen {
			earlier := r.pending[before]
			same = r.events == nil || earlier.Hash() == o.Hash()
		}
		latest[o.ID] = i
		if !same {
			changed = append(changed, o)
		}
	}
	return changed, nil
}
