package pipeline

import (
	"context"
	"time"

	"github.com/stripelake/stripelake/extract"
	"github.com/stripelake/stripelake/load"
)

// news is what the readers of the resources know of the events: how far they
// are in the log, once their reader is done.
type news struct {
	done     chan struct{}    // closed when the events are read, or are not to be read
	err      error            // why they are not
	from     time.Time        // UTC: where they begin; what happened before may be missing
	position extract.Position // up to which they are in the log

	read map[string]chan struct{} // by resource: closed when its reader is done, and what it brought is applied
}

// newNews is of a run that reads these resources.
func newNews(resources []extract.Resource) *news {
	n := &news{done: make(chan struct{}), read: map[string]chan struct{}{}}
	for _, r := range resources {
		n.read[r.Name] = make(chan struct{})
	}
	return n
}

// after returns when what other resources tell is in the state, as far as this
// run reads them.
func (n *news) after(ctx context.Context, resources ...string) error {
	for _, name := range resources {
		read, ok := n.read[name]
		if !ok {
			continue
		}
		select {
		case <-read:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// tell lets the others know how far the events are.
func (n *news) tell(log *load.Log, err error) {
	defer close(n.done)
	if n.err = err; err != nil {
		return
	}
	var cursor string
	if cursor, n.err = log.Cursor(extract.Events().Name); n.err != nil {
		return
	}
	newest, err := log.Newest(extract.Events().Name)
	if err != nil {
		n.err = err
		return
	}
	coverage, err := extract.Cursor(cursor).Coverage()
	n.err, n.from = err, coverage.From
	n.position = extract.Position{AsOf: coverage.Through.Unix(), Segment: newest.Segment}
}

// wait returns when the events are in the log. ok is false where they could not
// be read: then nothing is known of changes, and no position moves.
func (n *news) wait(ctx context.Context) (ok bool, err error) {
	select {
	case <-n.done:
		return n.err == nil, nil
	case <-ctx.Done():
		return false, ctx.Err()
	}
}
