package main

import (
	"cmp"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/stripelake/stripelake/extract"
	"github.com/stripelake/stripelake/internal/pipeline"
	"github.com/stripelake/stripelake/load"
)

func lakeFlag() cli.Flag {
	return &cli.StringFlag{Name: "lake", Value: "./lake", Usage: "the lake's `DIR`", Action: refuseEmptyLake}
}

func refuseEmptyLake(_ *cli.Context, dir string) error {
	if dir == "" {
		return &pipeline.UsageError{Message: "--lake is empty: is the variable set that it was to hold?"}
	}
	return nil
}

func schemasFlag() cli.Flag {
	return &cli.StringFlag{Name: "schemas", Usage: "schemas and mappings in `DIR` instead of those that the lake keeps"}
}

func waitFlag() cli.Flag {
	return &cli.DurationFlag{Name: "wait", Usage: "wait this long for another process that works on the same, such as 30m or 2h; otherwise it ends with status 75"}
}

// openLake opens the lake that --lake names, to work on it under its locks.
func (env *environment) openLake(c *cli.Context, options load.Options) (*load.Lake, error) {
	return load.Open(c.String("lake"), env.waiting(c, options))
}

// waiting adds to options how long --wait waits for another process, and says of
// whom it waits.
func (env *environment) waiting(c *cli.Context, options load.Options) load.Options {
	if c.IsSet("wait") {
		options.LogWait, options.StateWait = c.Duration("wait"), cmp.Or(c.Duration("wait"), -1)
	}
	options.Waiting = func(busy *load.BusyError) {
		fmt.Fprintf(env.stderr, "waiting for process %d, which has the %s since %s\n", busy.Holder.PID, busy.What, busy.Holder.Since.Format(time.RFC3339))
	}
	return options
}

// lookBackFlag is how far a sync looks back once a day.
func lookBackFlag() cli.Flag {
	return &cli.DurationFlag{
		Name: "look-back", Value: pipeline.DailyLookBack,
		Usage: "in the first sync of a day (UTC) list again the balance transactions and events of this `TIME` before the last one: some are listed late; 0 is never",
	}
}

func jsonFlag(usage string) cli.Flag { return &cli.BoolFlag{Name: "json", Usage: usage} }

// stripeFlags are what it takes to reach an account.
func stripeFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "api-base", Value: "https://api.stripe.com", Usage: "Stripe's API, or a simulated one: `URL`"},
		&cli.StringFlag{Name: "api-key-file", Usage: "read the key from `FILE`; otherwise STRIPE_API_KEY holds it"},
		&cli.StringFlag{Name: "account-label", Usage: "`NAME` for the account, where a restricted key may not read its id; remembered"},
		&cli.StringFlag{Name: "max-share", Usage: "use at most this `SHARE` of the account's rate limit (default: 50% live, 100% test)"},
		&cli.Float64Flag{Name: "max-rps", Usage: "assume the account may make `N` requests a second in all, and a quarter of that, but at least 25, to each endpoint"},
	}
}

// client connects to the account that the flags and the environment name.
func (env *environment) client(c *cli.Context) (*extract.Client, error) {
	key, err := env.apiKey(c)
	if err != nil {
		return nil, err
	}
	share, err := parseShare(c, "max-share")
	if err != nil {
		return nil, err
	}
	client, err := extract.New(extract.Config{
		Key: key, BaseURL: c.String("api-base"), MaxShare: share, MaxRPS: c.Float64("max-rps"),
	})
	if err != nil {
		return nil, &pipeline.UsageError{Message: err.Error()}
	}
	return client, nil
}

func accountFlag() cli.Flag {
	return &cli.StringFlag{Name: "account", Usage: "the connected account `ACCT` instead of the key's own"}
}

// clientFor is client for the connected account that --account names, if any.
func (env *environment) clientFor(c *cli.Context) (*extract.Client, error) {
	client, err := env.client(c)
	if err != nil || c.String("account") == "" {
		return client, err
	}
	if client, err = client.For(c.String("account")); err != nil {
		return nil, &pipeline.UsageError{Message: err.Error()}
	}
	return client, nil
}

// apiKey reads the key from --api-key-file, else from STRIPE_API_KEY. It is
// never a flag's value: those show in the process list.
func (env *environment) apiKey(c *cli.Context) (string, error) {
	if path := c.String("api-key-file"); path != "" {
		content, err := os.ReadFile(path)
		if err != nil {
			return "", &pipeline.UsageError{Message: fmt.Sprintf("read the key: %v", err)}
		}
		return strings.TrimSpace(string(content)), nil
	}
	if key := strings.TrimSpace(env.getenv("STRIPE_API_KEY")); key != "" {
		return key, nil
	}
	return "", &pipeline.UsageError{Message: "no API key: set STRIPE_API_KEY, or name a file that holds it with --api-key-file " +
		"(a restricted key with read permissions is enough; `stripelake demo` needs none)"}
}

// parseSpan reads --from and --to. An absent one is zero.
func parseSpan(c *cli.Context) (from, to time.Time, err error) {
	if from, err = parseTime(c, "from"); err != nil {
		return from, to, err
	}
	if to, err = parseTime(c, "to"); err != nil {
		return from, to, err
	}
	if from.After(time.Now()) {
		err = &pipeline.UsageError{Message: fmt.Sprintf("--from %s is in the future: nothing would ever be read", c.String("from"))}
	} else if !to.IsZero() && !from.Before(to) {
		err = &pipeline.UsageError{Message: fmt.Sprintf("--from %s is not before --to %s", c.String("from"), c.String("to"))}
	}
	return from, to, err
}

// parseRange reads what bounds a sync: --from, --to and --look-back.
func parseRange(c *cli.Context) (r extract.Range, err error) {
	r.LookBack = c.Duration("look-back")
	if r.From, r.To, err = parseSpan(c); err == nil && r.LookBack < 0 {
		err = &pipeline.UsageError{Message: fmt.Sprintf("--look-back %s is less than nothing; 0 turns it off", r.LookBack)}
	}
	return r, err
}

// parseTime reads a flag's date (midnight UTC) or RFC 3339 time.
func parseTime(c *cli.Context, name string) (time.Time, error) {
	text := c.String(name)
	if text == "" {
		return time.Time{}, nil
	}
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, &pipeline.UsageError{Message: fmt.Sprintf("--%s %q is neither a date like 2024-01-31 nor a time like 2024-01-31T12:00:00Z", name, text)}
}

// parseShare reads a flag's percentage as a share from 0 to 1. An absent flag
// is 0.
func parseShare(c *cli.Context, name string) (float64, error) {
	text := c.String(name)
	if text == "" {
		return 0, nil
	}
	number, ok := strings.CutSuffix(text, "%")
	percent, err := strconv.ParseFloat(number, 64)
	if !ok || err != nil || !(percent >= 0 && percent <= 100) {
		return 0, &pipeline.UsageError{Message: fmt.Sprintf("--%s %q is not a percentage like 5%%", name, text)}
	}
	return percent / 100, nil
}
