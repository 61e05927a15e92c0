package pipeline

import (
	"cmp"
	"context"
	"crypto/sha256"
	"fmt"
	"iter"
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
