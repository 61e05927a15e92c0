package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/stripelake/stripelake/extract"
	"github.com/stripelake/stripelake/internal/forecast"
	"github.com/stripelake/stripelake/internal/pipeline"
)

type planOptions struct {
	stripeOptions
	rangeOptions
	lake, account string
	json          bool
	every         time.Duration
}

func (o *planOptions) flags() []cli.Flag {
	o.every = time.Hour
	return append([]cli.Flag{
		lakeFlag(&o.lake), jsonFlag(&o.json, "print one JSON object"), accountFlag(&o.account),
		&cli.StringFlag{Name: "from", Destination: &o.from, Usage: "as for sync: objects created since `DATE`"},
		&cli.StringFlag{Name: "to", Destination: &o.to, Usage: "as for sync: objects created before `DATE` only"},
		o.lookBackFlag(),
		&cli.GenericFlag{Name: "every", Value: (*timeSpan)(&o.every), Usage: "`DURATION` between two syncs, for example 15m or 1d"},
	}, append(o.stripeFlags(), o.retryForFlag())...)
}

func planCommand(env *environment) *cli.Command {
	var o planOptions
	return takes(arguments{usage: "[resource…]", most: anyNumber}, &cli.Command{
		Name:  "plan",
		Usage: "estimate the next sync's requests and time, and those of a month of syncs",
		Description: "Requests a few pages of each list (at most 32, mostly 20), estimates the rest from them, and lists its assumptions.\n" +
			"Changes nothing: the lake need not exist, and is neither locked nor written.\n" +
			"Example: stripelake plan --from 2020-01-01 --every 15m",
		Flags:  o.flags(),
		Action: func(c *cli.Context) error { return env.plan(c.Context, &o, c.Args().Slice()) },
	})
}

func (env *environment) plan(ctx context.Context, o *planOptions, resources []string) error {
	bounds, err := o.parse()
	if err != nil {
		return err
	}
	if o.every < time.Minute || o.every > 30*24*time.Hour {
		return &pipeline.UsageError{Message: fmt.Sprintf("--every %s is not between 1m and 30d", pipeline.DurationText(o.every))}
	}
	if resources, err = env.resources(resources, pipeline.ResourcesInForce(o.lake)); err != nil {
		return err
	}
	source, err := env.source(&o.stripeOptions, o.account)
	if err != nil {
		return err
	}
	forecaster := forecast.Forecaster{
		Client: source.Client, Dir: o.lake, Label: source.Label, Resources: resources,
		Range: bounds, Every: o.every,
	}
	env.signals.stage("estimating")
	estimate, err := forecaster.Run(ctx)
	if err != nil {
		return err
	}
	if o.json {
		return env.printJSON(estimate)
	}
	return env.printForecast(estimate, accountRate(o.maxRPS, estimate.Mode))
}

// accountRate returns how many requests a second the account may send in all:
// the number given, otherwise the one that Stripe documents.
func accountRate(given float64, mode string) float64 {
	switch {
	case given > 0:
		return given
	case mode == extract.Live:
		return 100
	}
	return 25
}

func (env *environment) printJSON(v any) error {
	encoder := json.NewEncoder(env.stdout)
	encoder.SetIndent("", "  ")
	return encoder.Encode(v)
}

func (env *environment) printForecast(f forecast.Forecast, account float64) error {
	fmt.Fprintf(env.stdout, "%s: the next sync as of %s (%s mode)\n\n", f.Lake, minuteText(f.AsOf), f.Mode)
	table := columns{{"list", "what", "created since", "objects", "requests", "time"}}
	for _, l := range f.Lists {
		if l.Unread != "" {
			table.add(l.Name, l.What, "-", "-", "-", "-")
			continue
		}
		since, least := "the beginning", ""
		if l.AtLeast {
			least = "≥"
		}
		switch {
		case l.What == forecast.ActionNone:
			since = "-"
		case !l.From.IsZero():
			since = minuteText(l.From)
		}
		table.add(l.Name, l.What, since, least+rangeText(l.Objects), least+rangeText(l.Requests), durationText(l.Seconds))
	}
	table.add("in all", "-", "-", rangeText(f.Objects), rangeText(f.Requests), durationText(f.Seconds))
	if err := table.print(env, 1, false); err != nil {
		return err
	}
	fmt.Fprintf(env.stdout, "\nlimit: %g requests a second, %s of the account's %g, and %g to each list\n", f.Rates.All, percentText(f.Rates.All/account), account, f.Rates.Endpoint)
	env.printSchedule(f.Schedule, f.Requests.About)
	for _, l := range f.Lists {
		if l.Unread != "" {
			fmt.Fprintf(env.stdout, "%s: %s\n", l.Name, l.Unread)
		}
	}
	fmt.Fprintln(env.stdout, "assumptions:")
	for _, assumption := range f.Assumptions {
		fmt.Fprintf(env.stdout, "- %s\n", assumption)
	}
	fmt.Fprintf(env.stdout, "%s spent on this plan\n", counted(int(f.Probes), "request"))
	return nil
}

func (env *environment) printSchedule(s forecast.Schedule, next int64) {
	of := "an unknown number of transactions"
	if s.Transactions != nil {
		of = counted(int(*s.Transactions), "transaction")
	}
	fmt.Fprintf(env.stdout, "every %s: ≈%s requests in 30 days (%s of at least %s), %s of the %s that Stripe allocates for %s in 30 days\n",
		s.Every, digits(int(s.Requests)), counted(int(s.Syncs), "sync"), counted(int(s.Quiet), "request"),
		percentText(float64(s.Requests)/float64(s.Allocation)), digits(int(s.Allocation)), of)
	fmt.Fprintf(env.stdout, "the next sync: %s, %s of that\n", counted(int(next), "request"), percentText(float64(next)/float64(s.Allocation)))
}

// rangeText writes an estimate with its range, or a count alone.
func rangeText(g forecast.Range) string {
	if g.Low == g.High {
		return digits(int(g.About))
	}
	return fmt.Sprintf("%s (%s–%s)", digits(rounded(g.About)), digits(rounded(g.Low)), digits(rounded(g.High)))
}

// rounded keeps two digits: an estimate has no more.
func rounded(n int64) int {
	unit := int64(1)
	for n/unit >= 100 {
		unit *= 10
	}
	return int((n + unit/2) / unit * unit)
}

func percentText(share float64) string {
	switch p := share * 100; {
	case p > 0 && p < 0.1:
		return "under 0.1%"
	case p < 10:
		return strconv.FormatFloat(p, 'f', 1, 64) + "%"
	default:
		return strconv.FormatFloat(p, 'f', 0, 64) + "%"
	}
}

// durationText writes a duration: 12 s, 3.4 min, 5.6 h.
func durationText(seconds float64) string {
	switch {
	case seconds < 90:
		return strconv.FormatFloat(seconds, 'f', 0, 64) + " s"
	case seconds < 90*60:
		return strconv.FormatFloat(seconds/60, 'f', 1, 64) + " min"
	}
	return strconv.FormatFloat(seconds/3600, 'f', 1, 64) + " h"
}
