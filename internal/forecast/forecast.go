// Package forecast tells what a sync would request of Stripe, how long it would take,
// and what syncs add up to in a month. It asks for a few pages of each list and
// estimates the rest from them.
package forecast

import (
	"context"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/stripelake/stripelake/extract"
	"github.com/stripelake/stripelake/internal/pipeline"
)

// Forecaster estimates what a sync would request. It changes nothing: it takes no
// lock, writes no file, and keeps nothing of the pages that it probes.
type Forecaster struct {
	Client    *extract.Client
	Dir       string        // the lake's folder; it need not exist
	Label     string        // as in [pipeline.Sync]
	Resources []string      // as in [pipeline.Sync]
	Range     extract.Range // as in [pipeline.Sync]
	Every     time.Duration // how often syncs are to run; 0 is hourly
}

// Forecast is what [Planner.Run] finds.
type Forecast struct {
	Lake    string        `json:"lake"`
	Account string        `json:"account,omitempty"` // absent where the key may not read it
	Mode    string        `json:"mode"`
	AsOf    time.Time     `json:"as_of"` // UTC, by Stripe's clock
	Rates   extract.Rates `json:"requests_a_second"`

	Lists    []List  `json:"lists"` // events, then the resources selected
	Requests Range   `json:"requests"`
	Objects  Range   `json:"objects"`
	Seconds  float64 `json:"seconds"` // at the rates, if Stripe's answers are the bottleneck

	Schedule    Schedule `json:"schedule"`
	Assumptions []string `json:"assumptions"`
	Probes      int64    `json:"probes"` // requests that this forecast took
}

// List is what would be asked of one list of Stripe's.
type List struct {
	Name     string    `json:"list"`
	What     string    `json:"what"`               // one of the Plan… constants
	From     time.Time `json:"from,omitzero"`      // UTC; zero is the beginning
	To       time.Time `json:"to,omitzero"`        // UTC
	Objects  Range     `json:"objects"`            // listed
	AtLeast  bool      `json:"at_least,omitempty"` // a single second holds more than a page: there are more objects
	Rereads  int64     `json:"rereads"`            // requests for objects that changed
	Requests Range     `json:"requests"`           // in all
	Seconds  float64   `json:"seconds"`            // at the rate of this list alone
	Unread   string    `json:"unread,omitempty"`   // why it cannot be read, and what to do
	Fix      string    `json:"fix,omitempty"`      // what to do, alone

	firstListed Range // of Objects, those that were not listed before
	variants    int64 // of the list; a sync asks for each
	monthly     int64 // objects created in the last 30 days
	exact       bool  // Objects were counted

	looksBack bool // it is listed again once a day, as far as the look-back goes
}

// What a sync would do with a list.
const (
	ActionBackfill = "backfill"           // read for the first time
	ActionNew      = "new"                // what is created since the last sync
	ActionLookBack = "new, and look-back" // and what may have become listable late, once a day
	ActionGap      = "gap"                // what earlier runs left open, or an earlier --from adds
	ActionRelist   = "again"              // everything, since events were missed
	ActionNone     = "nothing"            // it is all read, up to --to
	ActionUnread   = "not readable"
)

// Range is an estimate and the range in which it likely lies.
type Range struct {
	Low   int64 `json:"low"`
	About int64 `json:"about"`
	High  int64 `json:"high"`
}

func (r Range) plus(o Range) Range { return Range{r.Low + o.Low, r.About + o.About, r.High + o.High} }

// Run probes the account's lists and estimates a sync. A list that the key may
// not read is told in its place; any other error ends it.
func (p *Forecaster) Run(ctx context.Context) (Forecast, error) {
	resources, err := pipeline.SelectResources(p.Resources)
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

// estimate fills in the lists: the events first, since they tell what of the
// others has changed.
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

// total adds the lists up.
func (f *Forecast) total() {
	f.Requests = Range{1, 1, 1} // the account
	for _, l := range f.Lists {
		f.Requests, f.Objects = f.Requests.plus(l.Requests), f.Objects.plus(l.Objects)
		f.Seconds = max(f.Seconds, l.Seconds)
	}
	f.Seconds = max(f.Seconds, float64(f.Requests.About)/f.Rates.All)
}
