package pipeline

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"time"

	"github.com/stripelake/stripelake/extract"
	"github.com/stripelake/stripelake/load"
	"github.com/stripelake/stripelake/transform"
)

// arrival tells the applier that a segment of a stream is durable. The applier
// closes applied once its rows are in the state.
type arrival struct {
	resource extract.Resource
	applied  chan struct{}
}

// reader copies one resource from Stripe into its stream of the log.
type reader struct {
	account      string
	client       *extract.Client
	lake         *load.Lake
	log          *load.Log
	forgotten    *load.Forgotten
	materializer *materializer
	resource     extract.Resource
	redactor     *transform.Redactor // nil where everything is kept as sent
	arrivals     chan<- arrival

	pending []load.Raw     // pages yielded and not yet in the log
	bytes   int            // raw JSON in pending
	cursor  extract.Cursor // of the last page in pending
	applied chan struct{}  // closed when the segment before is in the state; nil before the first
}

// run reads the resource to its end. On an error the pages read before it are
// kept: they and their cursor are good. A stop by signal drops them, as a crash
// would.
func (r *reader) run(ctx context.Context, bounds extract.Range) error {
	stream := r.resource.Name
	// Remembered before the first request, so that a run killed early does not
	// turn a bounded backfill into an unbounded one.
	if !bounds.From.IsZero() {
		from, err := r.lake.SetStart(r.account, stream, bounds.From)
		if err != nil {
			return &localError{err}
		}
		bounds.From = from
	} else if from, err := r.lake.Start(r.account, stream); err != nil {
		return &localError{err}
	} else {
		bounds.From = from
	}
	after, err := r.log.Cursor(stream)
	if err != nil {
		return &localError{err}
	}
	start := time.Now()
	for page, err := range r.client.Pages(ctx, stream, extract.Cursor(after), bounds) {
		r.materializer.meter.add(stageRead, time.Since(start))
		if err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if flushErr := r.flush(ctx); flushErr != nil {
				return flushErr
			}
			return err
		}
		if err := r.take(page); err != nil {
			return &localError{err}
		}
		r.materializer.meter.emit(Event{Event: EventPage, Resource: stream, Objects: len(page.Objects)})
		if r.log.Full(len(r.pending), r.bytes) {
			if err := r.flush(ctx); err != nil {
				return err
			}
		}
		start = time.Now()
	}
	return r.flush(ctx)
}

func (r *reader) take(page extract.Page) error {
	for _, o := range page.Objects {
		raw, err := r.redact(o)
		if err != nil {
			return err
		}
		r.bytes += len(raw)
		r.pending = append(r.pending, load.Raw{
			ID: key(o), Created: o.Created, ObservedAt: o.ObservedAt, Origin: o.Origin, Deleted: o.Deleted,
			Livemode: o.Livemode, APIVersion: o.APIVersion, RequestID: o.RequestID, Object: raw,
		})
	}
	r.cursor = page.Cursor
	return nil
}

// key is what the log and the state know an object by: its id, or for an object
// that has none the hash of its bytes. The mapping rejects the latter.
func key(o extract.Object) string {
	if o.ID != "" {
		return o.ID
	}
	return fmt.Sprintf("noid:%x", sha256.Sum256(o.Raw))
}

// flush makes the pending pages durable with the cursor that follows them: in a
// segment, or in cursor.json where nothing of them is new.
func (r *reader) flush(ctx context.Context) error {
	if r.cursor == "" {
		return nil
	}
	if err := r.awaitApplied(ctx); err != nil {
		return err
	}
	start := time.Now()
	suppressed, err := r.suppress(ctx)
	if err != nil {
		return &localError{err}
	}
	changed, err := r.changed(ctx)
	if err != nil {
		return &localError{err}
	}
	unchanged := len(r.pending) - len(changed)
	event := Event{Event: EventSegment, Resource: r.resource.Name, Objects: len(changed), Unchanged: unchanged, Suppressed: suppressed}
	if len(changed) == 0 {
		err = r.log.MoveCursor(r.resource.Name, r.cursorToKeep())
	} else {
		var position load.Position
		position, err = r.log.Append(ctx, r.resource.Name, changed, r.cursorToKeep())
		event.Segment = position.Segment
	}
	if err != nil {
		return &localError{err}
	}
	r.pending, r.bytes, r.cursor = nil, 0, ""
	r.materializer.meter.add(stageAppend, time.Since(start))
	r.materializer.meter.emit(event)
	if event.Segment == 0 {
		return nil
	}
	r.applied = make(chan struct{})
	r.arrivals <- arrival{r.resource, r.applied} // never blocks: one outstanding a reader
	return nil
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

// changed returns the pending objects whose bytes differ from the newest
// version in the log. An object twice in the same segment is compared with its
// earlier self.
func (r *reader) changed(ctx context.Context) ([]load.Raw, error) {
	unchanged, err := r.materializer.state.Unchanged(ctx, r.account, r.resource.Name, r.pending)
	if err != nil {
		return nil, fmt.Errorf("compare %s with the log: %w", r.resource.Name, err)
	}
	latest := make(map[string]int, len(r.pending))
	changed := make([]load.Raw, 0, len(r.pending))
	for i, o := range r.pending {
		same := unchanged[i]
		if before, seen := latest[o.ID]; seen {
			same = bytes.Equal(r.pending[before].Object, o.Object)
		}
		latest[o.ID] = i
		if !same {
			changed = append(changed, o)
		}
	}
	return changed, nil
}
