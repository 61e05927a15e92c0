package forecast

import (
	"context"
	"math"
	"slices"
	"time"

	"github.com/stripelake/stripelake/extract"
	"github.com/stripelake/stripelake/internal/hint"
)

// month is the period over which Stripe averages reads, and from which rates
// are taken.
const month = 30 * 24 * time.Hour

// estimateList estimates what a sync requests of one list. A list that the key
// may not read is not an error.
func (p *Forecaster) estimateList(ctx context.Context, s streamState, rate changeRate, now time.Time) (List, error) {
	l, err := p.estimateListing(ctx, s, now)
	if err == nil && !rate.forbidden() {
		err = l.addRereads(s, rate, now)
	}
	if extract.IsForbidden(err) {
		forbidden := hint.Of(err)
		return List{Name: s.resource.Name, What: ActionUnread, Unread: forbidden.Error(), Fix: forbidden.Fix}, nil
	}
	l.Seconds = float64(l.Requests.About) / p.Client.Rates().Endpoint
	return l, err
}

// estimateListing estimates what the next run lists.
func (p *Forecaster) estimateListing(ctx context.Context, s streamState, now time.Time) (List, error) {
	l := List{Name: s.resource.Name, What: ActionNone, variants: int64(len(s.resource.Variants)), exact: true, looksBack: s.resource.LooksBack()}
	spans, err := s.cursor.Ahead(s.resource, s.bounds, now)
	if err != nil {
		return l, err
	}
	if l.What, err = s.action(spans); err != nil {
		return l, err
	}
	whole := len(spans) > 0 // every span has the last 30 days
	for i, span := range spans {
		e, err := p.Client.Estimate(ctx, s.resource, span)
		if err != nil {
			return l, err
		}
		objects := Range{e.Low, e.Objects, e.High}
		if l.Objects = l.Objects.plus(objects); !span.Again {
			l.firstListed = l.firstListed.plus(objects)
		}
		l.Requests = l.Requests.plus(Range{requestsFor(e.Low) + e.Nested, requestsFor(e.Objects) + e.Nested, requestsFor(e.High) + e.Nested})
		l.exact, l.AtLeast = l.exact && e.Exact, l.AtLeast || e.AtLeast
		l.widen(span, i == 0)
		whole = whole && span.From.Before(now.Add(-month)) && !span.To.Before(now.Add(-time.Hour))
		l.monthly += e.Since(now.Add(-month))
	}
	if !whole && s.resource.Name != extract.Events().Name { // estimateEvents counts those
		l.monthly, err = p.monthly(ctx, s.resource, now)
	}
	return l, err
}

// action returns what a sync does with a list of these spans.
func (s streamState) action(spans []extract.Span) (string, error) {
	fresh, err := s.cursor.Fresh()
	if err != nil {
		return "", err
	}
	coverage, err := s.cursor.Coverage()
	switch {
	case err != nil:
		return "", err
	case len(spans) == 0:
		return ActionNone, nil
	case fresh:
		return ActionBackfill, nil
	case !coverage.Whole() || slices.ContainsFunc(spans, func(s extract.Span) bool { return !s.Again && s.To.Before(coverage.Through) }):
		return ActionGap, nil
	case coverage.Again:
		return ActionRelist, nil
	case slices.ContainsFunc(spans, func(s extract.Span) bool { return s.Again }):
		return ActionLookBack, nil
	}
	return ActionNew, nil
}

// widen extends the range of the list by a span.
func (l *List) widen(s extract.Span, first bool) {
	if first || s.From.IsZero() || !l.From.IsZero() && s.From.Before(l.From) {
		l.From = s.From
	}
	if s.To.After(l.To) {
		l.To = s.To
	}
}

// monthly estimates how many objects of a resource were created in the last 30
// days.
func (p *Forecaster) monthly(ctx context.Context, resource extract.Resource, now time.Time) (n int64, err error) {
	for _, variant := range resource.Variants {
		e, err := p.Client.Estimate(ctx, resource, extract.Span{Variant: variant, From: now.Add(-month), To: now})
		if err != nil {
			return 0, err
		}
		n += e.Objects
	}
	return n, nil
}

// addRereads adds the requests for objects that changed.
func (l *List) addRereads(s streamState, rate changeRate, now time.Time) error {
	if l.What == ActionBackfill || l.What == ActionNone {
		return nil // it begins at the position of the events
	}
	at, err := s.cursor.Position()
	if err != nil {
		return err
	}
	switch {
	case s.resource.Silent:
		// Transactions that become available are listed again: about as many as
		// are created.
		l.Rereads = l.firstListed.About / 100
	case at.AsOf == 0 || time.Unix(at.AsOf, 0).Before(rate.from):
		l.What = ActionRelist
		again := Range{s.objects, s.objects, s.objects}
		l.Objects, l.From = l.Objects.plus(again), time.Time{}
		l.Requests = l.Requests.plus(Range{requestsFor(s.objects), requestsFor(s.objects), requestsFor(s.objects)})
	default:
		l.Rereads = int64(math.Round(rate.rereads[s.resource.Name] * float64(rate.list.firstListed.About)))
	}
	l.Requests = l.Requests.plus(Range{0, l.Rereads, 2 * l.Rereads})
	n, err := s.repeated(now)
	l.Rereads, l.Requests = l.Rereads+n, l.Requests.plus(Range{n, n, 2 * n})
	return err
}

// repeated returns how many objects the next run requests again because Stripe
// answered with a 404.
func (s streamState) repeated(now time.Time) (n int64, err error) {
	missing, err := s.cursor.Missing()
	if err != nil {
		return 0, err
	}
	notFound, err := s.cursor.NotFound()
	for _, x := range notFound {
		if x.Due(now) {
			n++
		}
	}
	return n + int64(len(missing)), err
}

// requestsFor returns how many requests a list of n objects takes. A long list
// is read in windows: to find them takes some three requests, and each has half
// a page more than its objects fill, at 24 pages each.
func requestsFor(n int64) int64 {
	full := (n + 99) / 100
	if full > 3 {
		full += 3 + full/48
	}
	return max(full, 1)
}
