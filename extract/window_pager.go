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

// maxRestarts limits how often in a row a window may be restarted by `created` without
// becoming smaller.
const maxRestarts = 3

// maxStill limits the pages of a window that bring nothing older. More than a million
// objects of one second mean a list that does not advance. Stripe takes some hundred
// requests in a second, and makes few objects of each; imports make more.
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
	seen density // of the newest pages of this window and of those that it was split from

	inFlight bool      // a request is in flight; the scheduler uses this and the next members
	estimate float64   // pages that the window still has, estimated when the previous page arrived
	left     remainder // what the window still has, as of then
}

// next reads one page and moves the window behind it. done reports that the
// window has no more pages.
func (p *pager) next(ctx context.Context) (objects []Object, done bool, err error) {
	page, err := p.nextPage(ctx)
	if err != nil {
		return nil, false, p.locate(err)
	}
	if err := p.client.checkMode(page.objects); err != nil {
		return nil, false, p.locate(err)
	}
	p.end.note(page.objects)
	objects = page.objects
	if p.again {
		objects = dropRepeated(objects, p.last)
	}
	if page.hasMore = page.hasMore && !p.end.reached(len(page.objects) < p.limit()); page.hasMore {
		if err := p.advance(page.objects); err != nil {
			return nil, false, p.locate(err)
		}
	}
	return objects, !page.hasMore, p.client.completeNested(ctx, objects)
}

// nextPage fetches the next page, from the point where the list can be
// continued.
func (p *pager) nextPage(ctx context.Context) (decodedPage, error) {
	for {
		page, err := p.fetch(ctx)
		switch {
		case vanished(err):
			if !p.restart() {
				return decodedPage{}, err
			}
		case p.window.After != "" && p.end.insisted(err):
			return decodedPage{}, nil
		case err == nil && page.endless():
			if over, err := p.over(ctx); over || err != nil {
				return decodedPage{}, err
			}
		default:
			return page, err
		}
	}
}

// advance moves the window behind a page that is not the last.
func (p *pager) advance(page []Object) error {
	p.last, p.again = page, false
	before := p.readDownTo()
	if p.seen.seconds == 0 && !page[0].Created.IsZero() { // an account may have been idle for long
		before = page[0].Created.Unix()
	}
	for _, o := range page {
		if !o.Created.IsZero() {
			p.window.Last = new(o.Created.Unix())
		}
	}
	p.seen.add(len(page), before-p.readDownTo())
	if p.still++; p.window.Last != nil && (p.oldest == 0 || *p.window.Last < p.oldest) {
		p.oldest, p.still = *p.window.Last, 0
	}
	if p.still >= maxStill { // Invariant 8: a list that does not advance
		return &malformed{what: fmt.Sprintf("%d pages in a row hold nothing older", p.still)}
	}
	if first := page[0].Created; !first.IsZero() {
		p.rate = float64(len(page)) / float64(max(first.Unix()-*p.window.Last, 1))
	}
	if p.window.After = page[len(page)-1].ID; p.window.After != "" {
		return nil
	}
	if !p.restart() {
		return &malformed{what: "the last object of the page has no id, and more are to follow it"}
	}
	return nil
}

// restart continues by `created` where the window cannot continue after an
// object. It reads the second of the last object once more, completely. It
// returns false if that has led nowhere before.
func (p *pager) restart() bool {
	p.window.After, p.again = "", true
	if p.window.Last != nil && (p.window.LT == 0 || *p.window.Last+1 < p.window.LT) {
		p.window.LT, p.restarts = *p.window.Last+1, 0
		return true
	}
	p.restarts++
	return p.restarts <= maxRestarts
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
func (p *pager) fetch(ctx context.Context) (page decodedPage, err error) {
	for {
		page, err = p.ask(ctx)
		if m, ok := errors.AsType[*malformed](err); !ok || !m.large || p.limit() == 1 {
			return page, err
		}
		p.fewer = max(1, p.limit()/10)
	}
}

func (p *pager) ask(ctx context.Context) (page decodedPage, err error) {
	err = p.client.get(ctx, p.resource.request(p.query()), func(got *reply) error {
		if page, err = decodePage(got.body, p.limit()); err != nil {
			return err
		}
		if page.endless() && !p.tolerant() {
			return errEndless
		}
		if err := p.resource.checkDeleted(page.objects); err != nil {
			return err
		}
		if err := p.window.check(page.objects); err != nil {
			return err
		}
		stamp(page.objects, got)
		return p.checkProgress(page.objects)
	})
	return page, err
}

// limit returns the number of objects that are requested for a page.
func (p *pager) limit() int { return cmp.Or(p.fewer, p.client.limit) }

func (p *pager) query() *form.Values {
	q := &form.Values{}
	q.Add("limit", strconv.Itoa(p.limit()))
	if key, value, ok := strings.Cut(p.window.Variant, "="); ok {
		q.Add(key, value)
	}
	for _, member := range p.resource.Expand {
		q.Add("expand[]", "data."+member)
	}
	if p.window.GTE != nil {
		q.Add("created[gte]", strconv.FormatInt(*p.window.GTE, 10))
	}
	if p.window.LT > 0 {
		q.Add("created[lt]", strconv.FormatInt(p.window.LT, 10))
	}
	if p.window.After != "" {
		q.Add("starting_after", p.window.After)
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
	at, id, version := got.at.Truncate(time.Second), got.requestID(), got.version()
	for i := range objects {
		o := &objects[i]
		o.ObservedAt, o.Origin, o.RequestID, o.APIVersion = at, OriginList, id, version
	}
}

// checkProgress refuses a page of a server that ignores the cursor: the page
// holds the object that it was to start after, or only objects of the previous
// page. (Invariant 8: a list that does not advance contributes nothing.)
func (p *pager) checkProgress(page []Object) error {
	if p.window.After == "" || len(page) == 0 {
		return nil
	}
	before := make(map[string]bool, len(p.last)+1)
	for _, o := range p.last {
		before[o.ID] = true
	}
	before[p.window.After] = true
	fresh := 0
	for _, o := range page {
		if o.ID == p.window.After {
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
func (p *pager) locate(err error) error {
	if IsUnauthorized(err) || IsForbidden(err) {
		return err
	}
	page := "first page"
	if p.window.After != "" {
		page = "page after " + oneLine(p.window.After)
	}
	var span []string
	switch {
	case p.window.GTE != nil:
		span = []string{"created from " + formatTime(*p.window.GTE) + " to " + formatTime(p.window.LT)}
	case p.window.LT > 0:
		span = []string{"created before " + formatTime(p.window.LT)}
	}
	if p.window.Variant != "" {
		span = append(span, p.window.Variant)
	}
	return fmt.Errorf("%s (%s): %w", page, strings.Join(span, ", "), err)
}

func formatTime(unix int64) string { return time.Unix(unix, 0).UTC().Format(time.RFC3339) }
