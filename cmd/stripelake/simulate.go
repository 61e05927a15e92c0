package main

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/stripelake/stripelake/internal/pipeline"
	"github.com/stripelake/stripelake/internal/stripesim"
)

// simulatedKey is a key that the simulated Stripe accepts, as it does any
// well-formed test-mode key.
const simulatedKey = "sk_test_simulated"

func simulateCommand(env *environment) *cli.Command {
	return takesNone(&cli.Command{
		Name:  "simulate",
		Usage: "serve a simulated Stripe on a loopback address",
		Flags: slices.Concat(
			[]cli.Flag{&cli.StringFlag{Name: "addr", Value: "127.0.0.1:12111", Usage: "listen on this loopback `HOST:PORT`; port 0 picks one"}},
			under("the business", businessFlags()), under("the clock", clockFlags()),
			under("keys and accounts", accessFlags()), under("trouble", troubleFlags())),
		Action: func(c *cli.Context) error { return env.simulate(c) },
	})
}

func businessFlags() []cli.Flag {
	return []cli.Flag{
		&cli.Int64Flag{Name: "seed", Value: 1, Usage: "the business grows from this `N`; same seed, same bytes"},
		&cli.IntFlag{Name: "charges", Value: 10_000, Usage: "size of the business: `N` charges; the rest scales with it"},
		&cli.StringFlag{Name: "from", Value: "2025-01-01", Usage: "the business begins on `DATE`"},
		&cli.StringFlag{Name: "to", Value: "2026-01-01", Usage: "the business ends before `DATE`"},
		&cli.StringFlag{Name: "shape", Usage: "spread of created: uniform, sale-day, one-second or sparse `SHAPE` (default: a shop's)"},
		&cli.BoolFlag{Name: "pricing", Usage: "packages, tiers, fractions of a cent and further currencies of prices, coupons, voided invoices"},
		&cli.BoolFlag{Name: "long-lists", Usage: "nested lists over ten: subscription items, refunds of a charge, tiers"},
		&cli.StringFlag{Name: "deletions", Usage: "delete this `SHARE` of the customers, like 2%, some day"},
		&cli.StringFlag{Name: "objects", Usage: "serve recorded objects from `DIR`/charge.jsonl, customer.jsonl, … instead"},
	}
}

func clockFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "now", Usage: "show the business as of `DATE`, with the events of the 30 days before (default: its end)"},
		&cli.StringFlag{Name: "clock", Usage: "let time run from --now: simulated seconds for each real one, like `3600x`"},
		&cli.DurationFlag{Name: "lag", Usage: "list objects and events only `TIME` after they are created, like 10s"},
		&cli.DurationFlag{Name: "late", Usage: "list one of eight balance transactions and events late, up to `TIME` after they are created, like 2h"},
		&cli.StringFlag{Name: "event-version", Usage: "render events in API `VERSION`, like 2025-03-31.basil (default: " + stripesim.Version + ")"},
	}
}

func accessFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringSliceFlag{Name: "key", Usage: "accept only this `KEY` (repeatable); otherwise any sk_test_… or rk_test_…"},
		&cli.StringSliceFlag{Name: "forbid", Usage: "restricted keys (rk_…) may not read this `RESOURCE` (repeatable)"},
		&cli.IntFlag{Name: "accounts", Usage: "have `N` connected accounts, reached with the Stripe-Account header"},
	}
}

func troubleFlags() []cli.Flag {
	return []cli.Flag{
		&cli.Float64Flag{Name: "limit-global", Usage: "answer 429 above `N` requests a second"},
		&cli.Float64Flag{Name: "limit-endpoint", Usage: "answer 429 above `N` requests a second to one endpoint"},
		&cli.IntFlag{Name: "limit-concurrent", Usage: "answer 429 above `N` requests at a time"},
		&cli.DurationFlag{Name: "latency", Usage: "answer after `TIME`, like 150ms"},
		&cli.Float64Flag{Name: "faults", Usage: "spoil this `SHARE` of the answers, like 0.02: resets, stalls, 5xx, broken pages"},
		&cli.Int64Flag{Name: "fault-seed", Usage: "which answers and how follows from this `N`"},
		&cli.StringSliceFlag{Name: "fault", Usage: "spoil one answer: `KIND[:PATH[:NTH]]`, like reset-mid-body:/v1/charges:3 (repeatable)"},
	}
}

// under puts flags below a heading of the help text.
func under(heading string, flags []cli.Flag) []cli.Flag {
	for _, flag := range flags {
		switch f := flag.(type) {
		case *cli.StringFlag:
			f.Category = heading
		case *cli.StringSliceFlag:
			f.Category = heading
		case *cli.IntFlag:
			f.Category = heading
		case *cli.Int64Flag:
			f.Category = heading
		case *cli.Float64Flag:
			f.Category = heading
		case *cli.DurationFlag:
			f.Category = heading
		case *cli.BoolFlag:
			f.Category = heading
		}
	}
	return flags
}

// simulation is the configuration that the flags describe.
func simulation(c *cli.Context) (stripesim.Config, error) {
	from, to, err := parseSpan(c)
	config := stripesim.Config{
		Seed: c.Int64("seed"), Charges: c.Int("charges"), From: from, To: to,
		Shape: stripesim.Shape(c.String("shape")), LongLists: c.Bool("long-lists"), Pricing: c.Bool("pricing"),
		Lag: c.Duration("lag"), Late: c.Duration("late"), EventVersion: c.String("event-version"),
		Keys: c.StringSlice("key"), Forbid: c.StringSlice("forbid"), Accounts: c.Int("accounts"),
		Limits: stripesim.Limits{
			Global: c.Float64("limit-global"), Endpoint: c.Float64("limit-endpoint"), Concurrent: c.Int("limit-concurrent"),
		},
		Latency: c.Duration("latency"),
		Faults:  stripesim.Faults{Rate: c.Float64("faults"), Seed: c.Int64("fault-seed")},
	}
	deletions, shareErr := parseShare(c, "deletions")
	config.Deletions = int(math.Round(1000 * deletions))
	var nowErr, speedErr, faultErr error
	config.Now, nowErr = parseTime(c, "now")
	config.Speed, speedErr = parseSpeed(c)
	config.Faults.Plan, faultErr = parseFaults(c.StringSlice("fault"))
	return config, errors.Join(err, shareErr, nowErr, speedErr, faultErr)
}

// parseSpeed reads --clock; an absent one is 0.
func parseSpeed(c *cli.Context) (int, error) {
	text := c.String("clock")
	if text == "" {
		return 0, nil
	}
	number, ok := strings.CutSuffix(text, "x")
	speed, err := strconv.Atoi(number)
	if !ok || err != nil || speed < 1 {
		return 0, &pipeline.UsageError{Message: fmt.Sprintf("--clock %q is not a speed like 3600x", text)}
	}
	return speed, nil
}

// parseFaults reads --fault; the kinds themselves are the simulator's to check.
func parseFaults(texts []string) ([]stripesim.Fault, error) {
	var plan []stripesim.Fault
	for _, text := range texts {
		kind, rest, _ := strings.Cut(text, ":")
		path, nth, counted := strings.Cut(rest, ":")
		fault := stripesim.Fault{Kind: stripesim.FaultKind(kind), Path: path}
		if counted {
			n, err := strconv.Atoi(nth)
			if err != nil {
				return nil, &pipeline.UsageError{Message: fmt.Sprintf("--fault %q is not KIND[:PATH[:NTH]]", text)}
			}
			fault.Nth = n
		}
		plan = append(plan, fault)
	}
	return plan, nil
}

func (env *environment) simulate(c *cli.Context) error {
	config, err := simulation(c)
	if err != nil {
		return err
	}
	var server *stripesim.Server
	if dir := c.String("objects"); dir != "" {
		server, err = stripesim.FromFiles(dir, config)
	} else {
		server, err = stripesim.New(config)
	}
	if err != nil {
		return &pipeline.UsageError{Message: err.Error()}
	}
	url, stop, err := server.Start(c.String("addr"))
	if err != nil {
		return err
	}
	defer stop()
	fmt.Fprintf(env.stdout, "simulated Stripe on %s\n", url)
	for _, resource := range pipeline.Resources() {
		fmt.Fprintf(env.stdout, "  %-21s %9s objects\n", resource.Name, grouped(server.Ledger().Count(resource.Name)))
	}
	for _, account := range server.Connected() {
		fmt.Fprintf(env.stdout, "  connected account %s\n", account.AccountID())
	}
	fmt.Fprintf(env.stdout, "\ncopy it from another terminal:\n  STRIPE_API_KEY=%s stripelake sync --api-base %s\n\nCtrl-C stops it.\n", simulatedKey, url)
	<-c.Context.Done()
	return nil
}
