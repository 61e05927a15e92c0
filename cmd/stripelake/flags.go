package main

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/stripelake/stripelake/extract"
	"github.com/stripelake/stripelake/internal/pipeline"
	"github.com/stripelake/stripelake/load"
)

// optional is a flag's value, and whether the flag was given.
type optional[T any] struct {
	value T
	given bool
}

// note is the Action of the flag. The library calls it where the flag is given.
func (o *optional[T]) note(*cli.Context, T) error {
	o.given = true
	return nil
}

// noteAny is note for a flag whose library type has values of any type.
func (o *optional[T]) noteAny(*cli.Context, any) error {
	o.given = true
	return nil
}

func lakeFlag(dir *string) *cli.StringFlag {
	return &cli.StringFlag{Name: "lake", Destination: dir, Value: "./lake", Usage: "the lake's `DIR`", Action: refuseEmptyLake}
}

func refuseEmptyLake(_ *cli.Context, dir string) error {
	if dir == "" {
		return &pipeline.UsageError{Message: "--lake is empty: is the variable set that it was to hold?"}
	}
	return nil
}

func waitFlag(wait *optional[time.Duration]) cli.Flag {
	return &cli.GenericFlag{
		Name: "wait", Value: (*timeSpan)(&wait.value), Action: wait.noteAny, DefaultText: "exit with status 75",
		Usage: "wait for `DURATION`, for example 30m or 2h, for another process that has the lake",
	}
}

// withWait adds to options how long to wait for another process, what tells the user
// about that process and about the work, and the program's version.
func (env *environment) withWait(wait optional[time.Duration], options load.Options) load.Options {
	if wait.given {
		options.LogWait, options.StateWait = wait.value, cmp.Or(wait.value, -1)
	}
	options.Waiting, options.OnStage, options.Program = env.signals.waiting, env.signals.stage, version
	return options
}

// rangeOptions are the bounds of a sync.
type rangeOptions struct {
	from, to string        // dates or RFC 3339 times
	lookBack time.Duration // once a day
}

func (o *rangeOptions) lookBackFlag() cli.Flag {
	o.lookBack = pipeline.DailyLookBack
	return &cli.GenericFlag{
		Name: "look-back", Value: (*timeSpan)(&o.lookBack),
		Usage: "in the first sync of a day (UTC), list the balance transactions and events of this `TIME` before the last sync again, because Stripe lists some late; 0 turns this off",
	}
}

func jsonFlag(asJSON *bool, usage string) cli.Flag {
	return &cli.BoolFlag{Name: "json", Destination: asJSON, Usage: usage}
}

// stripeOptions are the options of the connection to Stripe.
type stripeOptions struct {
	apiBase, keyFile, label string
	maxShare                string // a percentage
	maxRPS                  float64
	retryFor                timeSpan // 0 where the command has no such flag
	maxRuntime              timeSpan // this and the next: 0 is no bound
	maxRequests             int64
}

func (o *stripeOptions) stripeFlags() []cli.Flag {
	return inCategory("account and API", []cli.Flag{
		&cli.StringFlag{Name: "api-base", Destination: &o.apiBase, Value: "https://api.stripe.com", Usage: "`URL` of Stripe's API, or of a simulated one"},
		&cli.StringFlag{Name: "api-key-file", Destination: &o.keyFile, Usage: "read the key from `FILE`; otherwise STRIPE_API_KEY holds it"},
		&cli.StringFlag{Name: "account-label", Destination: &o.label, Usage: "`NAME` for the account if a restricted key may not read its id (remembered)"},
		&cli.StringFlag{Name: "max-share", Category: "limits", Destination: &o.maxShare, DefaultText: "50% live, 100% test", Usage: "use at most this `SHARE` of the account's rate limit"},
		&cli.Float64Flag{Name: "max-rps", Category: "limits", Destination: &o.maxRPS, Usage: "assume that Stripe allows the account `N` requests a second, and a quarter of that, at least 25, to each endpoint"},
	})
}

// defaultRetryFor is long enough for most outages of Stripe and for a network that comes
// back, and well below the interval of most schedules.
const defaultRetryFor = 5 * time.Minute

func (o *stripeOptions) retryForFlag() cli.Flag {
	o.retryFor = timeSpan(defaultRetryFor)
	return &cli.GenericFlag{
		Name: "retry-for", Value: &o.retryFor, Category: "limits",
		Usage: "if Stripe or the network is down, try again for `DURATION` before giving up; 0 gives up after a few tries",
	}
}

// boundFlags are the flags of commands that may stop before everything is read.
func (o *stripeOptions) boundFlags() []cli.Flag {
	return inCategory("limits", []cli.Flag{
		&cli.GenericFlag{Name: "max-runtime", Value: &o.maxRuntime, DefaultText: "no bound", Usage: "stop reading after `DURATION`, in order: what is read is kept, and the next run continues"},
		&cli.Int64Flag{Name: "max-requests", Destination: &o.maxRequests, DefaultText: "no bound", Usage: "stop reading in the same way after `N` requests to Stripe, repeated ones included"},
	})
}

func accountFlag(account *string) cli.Flag {
	return &cli.StringFlag{Name: "account", Destination: account, Usage: "read the `ACCOUNT` of that name in the settings, or the connected account of that id instead of the key's own"}
}

// inCategory sets the heading of flags in the help.
func inCategory(heading string, flags []cli.Flag) []cli.Flag {
	for _, flag := range flags {
		switch f := flag.(type) {
		case *cli.StringFlag:
			f.Category = cmp.Or(f.Category, heading)
		case *cli.StringSliceFlag:
			f.Category = cmp.Or(f.Category, heading)
		case *cli.IntFlag:
			f.Category = cmp.Or(f.Category, heading)
		case *cli.Int64Flag:
			f.Category = cmp.Or(f.Category, heading)
		case *cli.Float64Flag:
			f.Category = cmp.Or(f.Category, heading)
		case *cli.DurationFlag:
			f.Category = cmp.Or(f.Category, heading)
		case *cli.BoolFlag:
			f.Category = cmp.Or(f.Category, heading)
		case *cli.GenericFlag:
			f.Category = cmp.Or(f.Category, heading)
		}
	}
	return flags
}

// parseSpan reads --from and --to. A missing one is zero.
func parseSpan(fromText, toText string) (from, to time.Time, err error) {
	if from, err = parseTime("--from", fromText); err != nil {
		return from, to, err
	}
	if to, err = parseTime("--to", toText); err != nil {
		return from, to, err
	}
	if from.After(time.Now()) {
		err = &pipeline.UsageError{Message: fmt.Sprintf("--from %s is in the future: nothing would ever be read", fromText)}
	} else if !to.IsZero() && !from.Before(to) {
		err = &pipeline.UsageError{Message: fmt.Sprintf("--from %s is not before --to %s", fromText, toText)}
	}
	return from, to, err
}

// parse returns the range of the options.
func (o *rangeOptions) parse() (r extract.Range, err error) {
	r.LookBack = o.lookBack
	r.From, r.To, err = parseSpan(o.from, o.to)
	return r, err
}

// parseTime reads a flag's date (midnight UTC) or RFC 3339 time.
func parseTime(flag, text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, &pipeline.UsageError{Message: fmt.Sprintf("%s %q is neither a date like 2024-01-31 nor a time like 2024-01-31T12:00:00Z", flag, text)}
}

// parseShare reads a flag's percentage as a share from 0 to 1. A missing flag
// is 0.
func parseShare(flag, text string) (float64, error) {
	if text == "" {
		return 0, nil
	}
	number, ok := strings.CutSuffix(text, "%")
	percent, err := strconv.ParseFloat(number, 64)
	if !ok || err != nil || !(percent >= 0 && percent <= 100) {
		return 0, &pipeline.UsageError{Message: fmt.Sprintf("%s %q is not a percentage like 5%%", flag, text)}
	}
	return percent / 100, nil
}
