package forecast

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/stripelake/stripelake/extract"
	"github.com/stripelake/stripelake/internal/pipeline"
	"github.com/stripelake/stripelake/schemas"
)

// Stripe allocates read requests by an account's activity: 500 for each
// transaction on a 30-day average, and at least 10,000 a month.
const (
	readsForEach = 500
	readsAtLeast = 10_000
)

// Schedule is the sum of the syncs of 30 days, at an interval.
type Schedule struct {
	Every        string `json:"every"`
	Syncs        int64  `json:"syncs"`
	Quiet        int64  `json:"quiet_requests"`         // one sync that finds nothing new
	Requests     int64  `json:"requests"`               // of all
	Transactions *int64 `json:"transactions,omitempty"` // of the last 30 days; absent if unknown
	Allocation   int64  `json:"allocation"`             // requests that Stripe allocates
}

// changeRate is how often an account changes, estimated from its events.
type changeRate struct {
	list    List
	from    time.Time          // where the next run's events begin; UTC
	rereads map[string]float64 // by stream: objects read again for each event
}

func (r changeRate) forbidden() bool { return r.list.Unread != "" }

// estimateEvents estimates what a sync requests of the events, and how often
// the newest ones make it read an object again.
func (p *Forecaster) estimateEvents(ctx context.Context, s streamState, now time.Time) (rate changeRate, err error) {
	if rate.list, err = p.estimateList(ctx, s, changeRate{list: List{Unread: "no list follows itself"}}, now); err != nil || rate.forbidden() {
		return rate, err
	}
	rate.from = rate.list.From
	month, err := p.Client.Estimate(ctx, s.resource, extract.Span{From: now.Add(-month), To: now})
	if err != nil {
		return rate, err
	}
	rate.list.monthly, rate.rereads = month.Objects, p.rereadsPerEvent(month.Newest)
	return rate, nil
}

// rereadsPerEvent returns the number of rereads per event, by stream, at the
// given interval of syncs. Objects younger than the interval are listed anyway,
// and an object is read once for all its events between two syncs.
func (p *Forecaster) rereadsPerEvent(events []extract.Object) map[string]float64 {
	type visit struct {
		stream, id string
		sync       int64
	}
	seen, counts, resources, every := map[visit]bool{}, map[string]float64{}, pipeline.Resources(p.kinds), p.Every
	for _, event := range events {
		changes, err := extract.Changes(event.Raw, resources...)
		if err != nil {
			continue // a sync reports it
		}
		for _, c := range changes {
			v := visit{c.Stream, c.ID, c.At.Unix() / max(int64(every.Seconds()), 1)}
			if c.ID == "" || seen[v] || c.At.Sub(c.Created) < every {
				continue
			}
			seen[v] = true
			counts[c.Stream] += 1 / float64(len(events))
		}
	}
	return counts
}

// schedule sums the syncs of the next month, which is assumed to be like the
// last.
func (p *Forecaster) schedule(ctx context.Context, f *Forecast, rate changeRate) error {
	s := Schedule{Every: pipeline.DurationText(p.Every), Syncs: int64(month / p.Every), Quiet: 1, Allocation: readsAtLeast}
	var more float64
	for _, l := range f.Lists {
		if l.Unread != "" {
			s.Quiet++ // a sync requests it nevertheless
			continue
		}
		s.Quiet += l.variants
		overlap := 1 + float64(10*time.Minute)/float64(p.Every)
		more += float64(l.monthly)/100*overlap + rate.rereads[l.Name]*float64(rate.list.monthly)
		if resource, _ := p.kinds.Named(l.Name); resource.Silent {
			more += float64(l.monthly)/100 + 30 // they become available on different days
		}
		if back := p.Range.LookBack; back > 0 && l.looksBack {
			days := min(s.Syncs, 30)
			more += float64(days) * (1 + float64(l.monthly)/100*float64(back)/float64(month))
		}
	}
	s.Requests = s.Syncs*s.Quiet + int64(math.Round(more))
	n, known, err := p.transactions(ctx, f)
	if err != nil {
		return err
	}
	if known {
		s.Transactions, s.Allocation = &n, max(s.Allocation, readsForEach*n)
	}
	f.Schedule = s
	f.Assumptions = p.assumptions(f)
	return nil
}

// transactions returns the number of charges of the last 30 days. known is
// false where the key may not read them.
func (p *Forecaster) transactions(ctx context.Context, f *Forecast) (n int64, known bool, err error) {
	all := pipeline.Resources(p.kinds)
	i := slices.IndexFunc(p.kinds.Listed(), func(r schemas.Resource) bool { return r.Transaction })
	if i < 0 {
		return 0, false, nil
	}
	for _, l := range f.Lists {
		if l.Name == all[i].Name {
			return l.monthly, l.Unread == "", nil
		}
	}
	n, err = p.monthly(ctx, all[i], f.AsOf)
	if extract.IsForbidden(err) {
		return 0, false, nil
	}
	return n, err == nil, err
}

// assumptions returns the assumptions of the forecast, for its reader.
func (p *Forecaster) assumptions(f *Forecast) []string {
	lookBack := p.Range.LookBack
	has := func(which func(List) bool) bool { return slices.ContainsFunc(f.Lists, which) }
	says := []string{fmt.Sprintf("time is at %g requests a second in all and %g to each list, as far as Stripe's answers and this machine keep up", f.Rates.All, f.Rates.Endpoint)}
	if has(func(l List) bool { return !l.exact && l.Unread == "" }) {
		says = append(says,
			"objects with a range are estimated from at most 32 pages of each list: what lies between two pages is taken to be as dense as they are; a short burst between them, a sale day, is not seen",
			"a page holds 100 objects; a list of more than three is read in windows, which takes three requests and two in a hundred more")
	}
	if has(func(l List) bool { return l.AtLeast }) {
		says = append(says, "a single second holds more than 100 objects: there are more than estimated (≥), and how many is known when they are read")
	}
	if has(p.mentionsUnlisted) {
		says = append(says, "prices that were made for one subscription are in no list; each takes a request of its own, once, and is not counted here")
	}
	if lookBack > 0 && has(func(l List) bool { return l.looksBack }) {
		says = append(says, fmt.Sprintf("the first sync of a day (UTC) lists the %s and events of %s before the last one again", p.lookedBack(), pipeline.DurationText(lookBack)))
	}
	says = append(says, "changes go on as in the newest 100 events; an object that changed takes one request, or less where many lie close together")
	if f.Schedule.Transactions != nil {
		says = append(says, "a transaction is taken to be a charge of the last 30 days, whatever became of it; what else reads the account counts against the same allocation")
	} else {
		says = append(says, "charges cannot be read, so the number of transactions is unknown and the least allocation is taken")
	}
	return append(says, "the next 30 days are like the last")
}

// lookedBack names the resources that are listed again once a day.
func (p *Forecaster) lookedBack() string {
	var names []string
	for _, r := range p.kinds.Listed() {
		if r.Silent {
			names = append(names, strings.ReplaceAll(r.Name, "_", " "))
		}
	}
	return strings.Join(names, ", ")
}

// mentionsUnlisted reports whether a list's objects mention objects that may be
// in no list, or may be mentioned so themselves.
func (p *Forecaster) mentionsUnlisted(l List) bool {
	resource, _ := p.kinds.Named(l.Name)
	return len(resource.Mentions) > 0 || len(p.kinds.Mentioning(l.Name)) > 0
}
