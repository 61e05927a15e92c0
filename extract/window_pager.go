package extract

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/stripe/stripe-go/v76/form"
)

// maxRestarts bounds how often in a row a window may be restarted by `created`
// without becoming smaller.
const maxRestarts = 3

// maxStill bounds the pages of a window that bring nothing older. More than a
// million objects of one second mean a list that does not advance. Stripe takes
// some hundred requests in a second, and makes few objects of each; imports
// make more.
const maxStill = 10_000

// pager reads one window page by page, newest first.
type pager struct {
	client   *Client
	resource Resource
	window   window

	end      end
	top      int64    // an upper bound of all windows of the list; 0 if unknown
	lenient  bool     // accept a page with has_more and no data
	last     []Object // the objects of the previous page, as received
	again    bool     // the next page restarts by created, so it overlaps with last
	restarts int      // in a row, at the same upper bound
	oldest   int64    // lowest created so far, in Unix seconds; 0 before the first page
	still    int      // pages since oldest was reached

	fewer int // a page size below the client's limit, because a body was too large; 0 if none was

	rate float64 // objects for each second of created, in the previous page

	inFlight bool    // a request is in flight; the scheduler uses this and the next member
	estimate float64 // pages that the window still has, estimated when the previous page arrived
}

// next reads one page and moves the window behind it. done reports that the
// window has no more pages.
func (w *pager) next(ctx context.Context) (objects []Object, done bool, err error) {
	page, err := w.nextPage(ctx)
	if err != nil {
		return nil, false, w.locate(err)
	}
	if err := w.client.checkMode(page.objects); err != nil {
		return nil, false, w.locate(err)
	}
	w.end.note(page.objects)
	objects = page.objects
	if w.again {
		objects = dropRepeated(objects, w.last)
	}
	if page.hasMore = page.hasMore && !w.end.reached(len(page.objects) < w.limit()); page.hasMore {
		if err := w.advance(page.objects); err != nil {
			return nil, false, w.locate(err)
		}
	}
	return objects, !page.hasMore, w.client.completeNested(ctx, objects)
}

// nextPage fetches the next page, from the point where the list can be
// continued.
func (w *pager) nextPage(ctx context.Context) (decodedPage, error) {
	for {
		page, err := w.fetch(ctx)
		switch {
		case vanished(err):
			if !w.restart() {
				return decodedPage{}, err
			}
		case w.window.After != "" && w.end.insisted(err):
			return decodedPage{}, nil
		case err == nil && page.endless():
			if over, err := w.over(ctx); over || err != nil {
				return decodedPage{}, err
			}
		default:
			return page, err
		}
	}
}

// advance moves the window behind a page that is not the last.
func (w *pager) advance(page []Object) error {
	w.last, w.again = page, false
	for _, o := range page {
		if !o.Created.IsZero() {
			w.window.Last = new(o.Created.Unix())
		}
	}
	if w.still++; w.window.Last != nil && (w.oldest == 0 || *w.window.Last < w.oldest) {
		w.oldest, w.still = *w.window.Last, 0
	}
	if w.still >= maxStill { // Invariant 8: a list that does not advance
		return &malformed{what: fmt.Sprintf("%d pages in a row hold nothing older", w.still)}
	}
	if first := page[0].Created; !first.IsZero() {
		w.rate = float64(len(page)) / float64(max(first.Unix()-*w.window.Last, 1))
	}
	if w.window.After = page[len(page)-1].ID; w.window.After != "" {
		return nil
	}
	if !w.restart() {
		return &malformed{what: "the last object of the page has no id, and more are to follow it"}
	}
	return nil
}

// restart continues by `created` where the window cannot continue after an
// object. It reads the second of the last object once more, completely. It
// returns false if that has led nowhere before.
func (w *pager) restart() bool {
	w.window.After, w.again = "", true
	if w.window.Last != nil && (w.window.LT == 0 || *w.window.Last+1 < w.window.LT) {
		w.window.LT, w.restarts = *w.window.Last+1, 0
		return true
	}
	w.restarts++
	return w.restarts <= maxRestarts
}

// dropRepeated removes the objects of page that were in the previous page, byte
// for byte. An object that changed meanwhile stays, because its new version is
// not yet read.
func dropRepeated(page, before []Object) []Object {
	seen := make(map[string]bool, len(before))
	for _, o := range before {
		seen[string(o.Raw)] = true
	}
	kept := make([]Object, 0, len(page))
	for _, o := range page {
		if !seen[string(o.Raw)] {
			kept = append(kept, o)
		}
	}
	return kept
}

// fetch requests a page. Where the bodies of its objects together are too
// large, it requests fewer objects.
func (w *pager) fetch(ctx context.Context) (page decodedPage, err error) {
	for {
		page, err = w.ask(ctx)
		if m, ok := errors.AsType[*malformed](err); !ok || !m.large || w.limit() == 1 {
			return page, err
		}
		w.fewer = max(1, w.limit()/10)
	}
}

func (w *pager) ask(ctx context.Context) (page decodedPage, err error) {
	err = w.client.get(ctx, w.resource.request(w.query()), func(got *reply) error {
		if page, err = decodePage(got.body, w.limit()); err != nil {
			return err
		}
		if page.endless() && !w.tolerant() {
			return errEndless
		}
		if err := w.resource.checkDeleted(page.objects); err != nil {
			return err
		}
		if err := w.window.check(page.objects); err != nil {
			return err
		}
		stamp(page.objects, got)
		return w.checkProgress(page.objects)
	})
	return page, err
}

// limit returns the number of objects that are requested for a page.
func (w *pager) limit() int { return cmp.Or(w.fewer, w.client.limit) }

func (w *pager) query() *form.Values {
	q := &form.Values{}
	q.Add("limit", strconv.Itoa(w.limit()))
	if key, value, ok := strings.Cut(w.window.Variant, "="); ok {
		q.Add(key, value)
	}
	for _, member := range w.resource.Expand {
		q.Add("expand[]", "data."+member)
	}
	if w.window.GTE != nil {
		q.Add("created[gte]", strconv.FormatInt(*w.window.GTE, 10))
	}
	if w.window.LT > 0 {
		q.Add("created[lt]", strconv.FormatInt(w.window.LT, 10))
	}
	if w.window.After != "" {
		q.Add("starting_after", w.window.After)
	}
	return q
}

// check refuses a page with an object outside the window: the server ignored
// the span that was asked for. A cursor behind such a page would claim what was
// never read (Invariant 8).
func (w window) check(page []Object) error {
	for _, o := range page {
		at := o.Created.Unix()
		if !o.Created.IsZero() && (w.GTE != nil && at < *w.GTE || w.LT > 0 && at >= w.LT) {
			return permanentError{fmt.Errorf("it holds %s, created %s, which is outside of the span that was asked for", oneLine(o.ID), formatTime(at))}
		}
	}
	return nil
}

// stamp sets in each object which answer it came in, and when.
func stamp(objects []Object, got *reply) {
	got.noteLeftOut(objects)
	version := got.version()
	for i := range objects {
		o := &objects[i]
		o.ObservedAt, o.Origin = got.at.Truncate(time.Second), OriginList
		o.RequestID, o.APIVersion = got.requestID(), version
	}
}

// checkProgress refuses a page of a server that ignores the cursor: the page
// holds the object that it was to start after, or only objects of the previous
// page. (Invariant 8: a list that does not advance contributes nothing.)
func (w *pager) checkProgress(page []Object) error {
	if w.window.After == "" || len(page) == 0 {
		return nil
	}
	before := make(map[string]bool, len(w.last)+1)
	for _, o := range w.last {
		before[o.ID] = true
	}
	before[w.window.After] = true
	fresh := 0
	for _, o := range page {
		if o.ID == w.window.After {
			return fmt.Errorf("the page after %s holds %s itself", o.ID, o.ID)
		}
		if o.ID == "" || !before[o.ID] {
			fresh++
		}
	}
	if fresh == 0 {
		return errors.New("the page repeats the one before")
	}
	return nil
}

// checkMode refuses objects of the other mode: live and test data stay apart.
func (c *Client) checkMode(page []Object) error {
	live := c.mode == Live
	for _, o := range page {
		if o.Livemode != nil && *o.Livemode != live {
			return fmt.Errorf("%w: %s has livemode %t, but this is a %s key: use the key of the account and mode that the lake holds",
				ErrMode, oneLine(o.ID), *o.Livemode, c.mode)
		}
	}
	return nil
}

// locate adds to err the page and the window in which it happened, unless err
// is about the key and not about the page.
func (w *pager) locate(err error) error {
	if IsUnauthorized(err) || IsForbidden(err) {
		return err
	}
	page := "first page"
	if w.window.After != "" {
		page = "page after " + oneLine(w.window.After)
	}
	var span []string
	switch {
	case w.window.GTE != nil:
		span = []string{"created from " + formatTime(*w.window.GTE) + " to " + formatTime(w.window.LT)}
	case w.window.LT > 0:
		span = []string{"created before " + formatTime(w.window.LT)}
	}
	if w.window.Variant != "" {
		span = append(span, w.window.Variant)
	}
	return fmt.Errorf("%s (%s): %w", page, strings.Join(span, ", "), err)
}

func formatTime(unix int64) string { return time.Unix(unix, 0).UTC().Format(time.RFC3339) }
