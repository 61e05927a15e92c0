package pipeline

import (
	"context"
	"fmt"
)

// rewind moves back a cursor that lies in the future because an answer had a
// wrong date. Otherwise no object created until then would ever be read. The
// newest object that is known was created while lists were right, so everything
// after it is listed again.
func (r *reader) rewind(ctx context.Context) error {
	now := r.client.ServerTime()
	cursor, err := r.at()
	if err != nil || now.IsZero() {
		return err // Stripe's time is unknown before the first answer, and nothing is listed before it
	}
	beyond, err := cursor.Beyond(now)
	if err != nil || beyond.IsZero() {
		return err
	}
	newest, err := r.materializer.state.NewestCreated(ctx, r.account, r.resource.Name, now)
	if err != nil {
		return &localError{err}
	}
	if r.cursor, err = cursor.Rewind(newest); err != nil {
		return err
	}
	from := "the beginning"
	if !newest.IsZero() {
		from = timeText(newest)
	}
	r.materializer.progress.warn(fmt.Sprintf("%s: the lake says that it was read up to %s, which is to come: an answer had a wrong date; it is listed again from %s",
		r.resource.Name, timeText(beyond), from))
	if r.cursor == "" { // no pending page carries it
		return r.log.MoveCursor(r.resource.Name, "")
	}
	return nil
}
