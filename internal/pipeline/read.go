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
	"github.com/stripelake/stripelake/schemas"
	"github.com/stripelake/stripelake/transform"
)

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
	redactors    map[string]*transform.Redactor // by type of object; empty where objects are kept as sent
	events       *eventsBarrier                 // nil in the reader of the events
	backlog      *backlog

	// disputes returns the charges of disputes that the lake knows, by dispute.
	disputes func(ctx context.Context, account string, ids []string) (map[string]string, error)

	kinds        *schemas.Resources // what the log has streams of
	pending      []load.Raw         // objects of pages that are not in the log yet
	bytes        int                // raw JSON in pending
	cursor       extract.Cursor     // of the last page in pending
	only         []load.Reread      // objects to read again, and nothing else; nil for a sync
	relisting    bool               // record every id that a list shows
	missing      missingObjects     // objects that Stripe answered with a 404
	blank        idSet              // pending objects that are kept without their text
	blanked      int                // objects that this run appended without their text
	referenced   referencedObjects  // objects that rows of other streams name and no list has shown
	filter       string             // of the lists that an event may demand; empty: none does
	listedValues map[string]bool    // values of the filter among the objects of this run: the charges of its refunds; at most mostRemembered
}

// mostRemembered bounds memory where very many refunds are listed. Each charge
// beyond it costs one request.
const mostRemembered = 100_000

// run reads the stream to its end: first the list, then the objects that
// changed. After an error the pages read before it are kept, because they and
// their cursor are good. A signal drops them, as a crash would. Then other
// readers may ask the state for what was read. Nobody asks it for events, unless
// somebody was forgotten.
func (r *reader) run(ctx context.Context, bounds extract.Range) error {
	err := r.read(ctx, bounds)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if flushErr := r.flush(ctx); flushErr != nil {
		return flushErr
	}
	r.noticeBlanked()
	if r.events == nil && r.forgotten.Empty() {
		return err
	}
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
			if r.resource.Silent && o.Created.IsZero() { // another row names it, and only its id is known
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

// start records where the stream begins before the first request. Otherwise a
// run that was killed early would turn a bounded backfill into an unbounded
// one.
func (r *reader) start(bounds extract.Range) (_ extract.Range, err error) {
	if bounds.From.IsZero() {
		bounds.From, err = r.lake.Start(r.account, r.resource.Name)
		if err != nil || !bounds.From.IsZero() {
			return bounds, err
		}
		// Where lake.json was lost, the cursor has the beginning.
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

// list reads the objects that the list shows after the cursor.
func (r *reader) list(ctx context.Context, bounds extract.Range) error {
	after, err := r.at()
	if err != nil {
		return err
	}
	return r.keepPages(ctx, r.client.Pages(ctx, r.resource, after, bounds))
}

// at returns the cursor of the pending pages or, without any, the one in the
// log.
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

// keepPages reads pages to their end. New objects are then in the log. A cursor
// that moved over no new object may wait for the next flush.
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
		r.materializer.progress.emit(Event{Event: EventPage, Account: r.account, Resource: r.resource.Name, Objects: objectsSent(page), Left: page.Left})
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

// objectsSent counts the objects that Stripe sent. A tombstone made from a 404
// is none.
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

// noteFilterValue records the value of the filter in an object, such as the
// charge of a refund.
func (r *reader) noteFilterValue(object []byte) {
	if r.listedValues == nil || len(r.listedValues) >= mostRemembered {
		return
	}
	if value := lastID(extract.References(object, r.filter)[0]); value != "" && len(value) < 100 {
		r.listedValues[value] = true
	}
}

// objectKey returns the key of an object in the log and in the state: its id,
// or for an object without an id the hash of its bytes. The mapping rejects the
// latter.
func objectKey(o extract.Object) string {
	if o.ID != "" {
		return o.ID
	}
	return fmt.Sprintf("noid:%x", sha256.Sum256(o.Raw))
}
