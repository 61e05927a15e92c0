// Package forecast estimates the requests of the next sync, how long it takes,
// and the requests of a month of syncs. It asks for a few pages of each list
// and estimates the rest from them.
package forecast

import (
	"context"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/stripelake/stripelake/extract"
	"github.com/stripelake/stripelake/internal/pipeline"
	"github.com/stripelake/stripelake/schemas"
)

// Forecaster estimates the requests of a sync. It changes nothing: it takes no
// lock, writes no file, and keeps nothing of the pages that it reads.
type Forecaster struct {
	Client    *extract.Client
	Dir       string        // the lake's folder; it need not exist
	Label     string        // as in [pipeline.Sync]
	Resources []string      // as in [pipeline.Sync]
	Range     extract.Range // as in [pipeline.Sync]
	Every     time.Duration // how often syncs are to run; 0 is hourly

	kinds *schemas.Resources // of the lake
}

// Forecast is the result of [Forecaster.Run].
type Forecast struct {
	Lake    string        `json:"lake"`
	Account string        `json:"account,omitempty"` // absent where the key may not read the id
	Mode    string        `json:"mode"`
	AsOf    time.Time     `json:"as_of"` // UTC, by Stripe's clock
	Rates   extract.Rates `json:"requests_a_second"`

	Lists    []List  `json:"lists"` // events, then the resources selected
	Requests Range   `json:"requests"`
	Objects  Range   `json:"objects"`
	Seconds  float64 `json:"seconds"` // at these rates, if Stripe's answers are the bottleneck

	Schedule    Schedule `json:"schedule"`
	Assumptions []string `json:"assumptions"`
	Probes      int64    `json:"probes"` // requests spent on this forecast
}

// List is the forecast for one of Stripe's lists.
type List struct {
	Name     string    `json:"list"`
	What     string    `json:"what"`               // one of the Action… constants
	From     time.Time `json:"from,omitzero"`      // UTC; zero is the beginning
	To       time.Time `json:"to,omitzero"`        // UTC
	Objects  Range     `json:"objects"`            // listed
	AtLeast  bool      `json:"at_least,omitempty"` // a single second holds more than a page: there are more objects
	Rereads  int64     `json:"rereads"`            // requests for objects that changed
	Requests Range     `json:"requests"`           // in all
	Seconds  float64   `json:"seconds"`            // at the rate of this list alone
	Unread   string    `json:"unread,omitempty"`   // why the list cannot be read, and what to do
	Fix      string    `json:"fix,omitempty"`      // what to do, alone

	firstListed Range // the part of Objects that was not listed before
	variants    int64 // number of the list's variants; a sync requests each
	monthly     int64 // objects created in the last 30 days
	exact       bool  // Objects is a count

	looksBack bool // listed again once a day, as far back as --look-back says
}

// What a sync would do with a list.
const (
	ActionBackfill = "backfill"           // read for the first time
	ActionNew      = "new"                // objects created since the last sync
	ActionLookBack = "new, and look-back" // new objects and, once a day, those that were listed late
	ActionGap      = "gap"                // gaps of earlier runs, or the span of an earlier --from
	ActionRelist   = "again"              // everything, because events were missed
	ActionNone     = "nothing"            // everything up to --to is read
	ActionUnread   = "not readable"
)

// Range is an estimate and the range in which it likely lies.
type Range struct {
	Low   int64 `json:"low"`
	About int64 `json:"about"`
	High  int64 `json:"high"`
}

func (r Range) plus(o Range) Range { return Range{r.Low + o.Low, r.About + o.About, r.High + o.High} }

// Run reads a few pages of the account's lists and estimates a sync. A list
// that the key may not read has its error in List.Unread; any other error is
// returned.
func (p *Forecaster) Run(ctx context.Context) (Forecast, error) {
	p.kinds = pipeline.ResourcesInForce(p.Dir)
	resources, err := pipeline.SelectResources(p.kinds, p.Resources)
	if err != nil {
		return Forecast{}, err
	}
	if p.Every <= 0 {
		p.Every = time.Hour
	}
	f := Forecast{Lake: p.Dir, Mode: p.Client.Mode(), Rates: p.Client.Rates()}
	lake, err := readLakeState(p.Dir, f.Mode)
	if err != nil {
		return Forecast{}, err
	}
	account, err := p.Client.Account(ctx)
	if err != nil && !pipeline.IsAccountHidden(err) {
		return Forecast{}, err
	}
	f.Account = pipeline.NameOfAccount(lake.accounts, account.ID, p.Label)
	f.AsOf = p.Client.ServerTime().Truncate(time.Second)

	if err := p.estimate(ctx, &f, lake, resources); err != nil {
		return Forecast{}, err
	}
	f.Probes = p.Client.Requests()
	return f, nil
}

// estimate fills in the lists. The events come first, because they show how
// often the other objects change.
func (p *Forecaster) estimate(ctx context.Context, f *Forecast, lake lakeState, resources []extract.Resource) error {
	rate, err := p.estimateEvents(ctx, lake.events(f.Account, p.Range.LookBack), f.AsOf)
	if err != nil {
		return err
	}
	f.Lists = make([]List, len(resources), 1+len(resources))
	group, groupCtx := errgroup.WithContext(ctx)
	for i, resource := range resources {
		group.Go(func() error {
			l, err := p.estimateList(groupCtx, lake.stream(f.Account, resource, p.Range), rate, f.AsOf)
			f.Lists[i] = l
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	f.Lists = slices.Insert(f.Lists, 0, rate.list)
	f.total()
	return p.schedule(ctx, f, rate)
}

// total sums the lists.
func (f *Forecast) total() {
	f.Requests = Range{1, 1, 1} // the account
	for _, l := range f.Lists {
		f.Requests, f.Objects = f.Requests.plus(l.Requests), f.Objects.plus(l.Objects)
		f.Seconds = max(f.Seconds, l.Seconds)
	}
	f.Seconds = max(f.Seconds, float64(f.Requests.About)/f.Rates.All)
}
