package pipeline

import (
	"context"
	"fmt"
)

// rewind takes back what a cursor says of a time that is to come, which an answer
// with a wrong date had it say: nothing made until then would ever be read. The
// newest object that is known was made when lists were still right, and from there
// all is listed again.
func (r *reader) rewind(ctx context.Context) error {
	now := r.client.ServerTime()
	cursor, err := r.at()
	if err != nil || now.IsZero() {
		return err // no answer tells the time yet: nothing is listed before one does
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
	r.materializer.progress.notice(fmt.Sprintf("%s: the lake says that it was read up to %s, which is to come: an answer had a wrong date; it is listed again from %s",
		r.resource.Name, timeText(beyond), from))
	if r.cursor == "" { // nothing is pending that would carry it
		return r.log.MoveCursor(r.resource.Name, "")
	}
	return nil
}
