package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/stripelake/stripelake/internal/pipeline"
	"github.com/stripelake/stripelake/internal/stripesim"
	"github.com/stripelake/stripelake/schemas"
)

// simulatedKey is a key that the simulated Stripe accepts, as it does any
// well-formed test-mode key.
const simulatedKey = "sk_test_simulated"

// simulatedRPS is the number of requests a second, as --max-rps takes it, that a
// simulated Stripe on the same machine answers with ease. Stripe allows a test key 25.
const simulatedRPS = 4000

// simulateOptions describe a simulated account. Options that the simulator
// takes unchanged are in config.
type simulateOptions struct {
	addr                 string
	config               stripesim.Config
	objects              string // a folder
	from, to, now        string // dates
	deletions            string // a percentage
	clock                string // a speed
	shape                string
	keys, forbid, faults cli.StringSlice
}

func (o *simulateOptions) flags() []cli.Flag {
	return slices.Concat(
		[]cli.Flag{&cli.StringFlag{Name: "addr", Destination: &o.addr, Value: "127.0.0.1:12111", Usage: "listen on this loopback `HOST:PORT`; port 0 picks one"}},
		inCategory("the business", o.businessFlags()), inCategory("the clock", o.clockFlags()),
		inCategory("keys and accounts", o.accessFlags()), inCategory("trouble", o.troubleFlags()))
}

func simulateCommand(env *environment) *cli.Command {
	var o simulateOptions
	return takesNone(&cli.Command{
		Name:  "simulate",
		Usage: "serve a simulated Stripe on a loopback address",
		Description: "It lists charges, customers, prices, refunds, subscriptions and balance_transactions, and beyond them " +
			strings.Join(stripesim.FurtherLists(), ", ") + ".\n" +
			"It takes any key that begins with sk_test_ or rk_test_, and runs until it is stopped.\n" +
			"Example: stripelake simulate --charges 5000 --addr 127.0.0.1:12111",
		Flags:  o.flags(),
		Action: func(c *cli.Context) error { return env.simulate(c.Context, &o) },
	})
}

func (o *simulateOptions) businessFlags() []cli.Flag {
	return []cli.Flag{
		&cli.Int64Flag{Name: "seed", Destination: &o.config.Seed, Value: 1, Usage: "the business grows from this `N`; same seed, same bytes"},
		&cli.IntFlag{Name: "charges", Destination: &o.config.Charges, Value: 10_000, Usage: "size of the business: `N` charges; the rest scales with it"},
		&cli.StringFlag{Name: "from", Destination: &o.from, Value: "2025-01-01", Usage: "the business begins on `DATE`"},
		&cli.StringFlag{Name: "to", Destination: &o.to, Value: "2026-01-01", Usage: "the business ends before `DATE`"},
		&cli.StringFlag{Name: "shape", Destination: &o.shape, Usage: "spread of created: uniform, sale-day, one-second or sparse `SHAPE` (default: a shop's)"},
		&cli.BoolFlag{Name: "pricing", Destination: &o.config.Pricing, Usage: "packages, tiers, fractions of a cent and further currencies of prices, coupons, voided invoices"},
		&cli.BoolFlag{Name: "wide", Destination: &o.config.Wide, Usage: "events of the resources beyond the six, and what changes the six to show more of the others: inquiries, evidence, fees that disputes keep, payouts that fail or are made by hand, transfers, application fees"},
		&cli.BoolFlag{Name: "long-lists", Destination: &o.config.LongLists, Usage: "nested lists over ten: subscription items, refunds of a charge, tiers"},
		&cli.StringFlag{Name: "deletions", Destination: &o.deletions, Usage: "delete this `SHARE` of the customers, like 2%, some day"},
		&cli.StringFlag{Name: "objects", Destination: &o.objects, Usage: "serve recorded objects from `DIR`/charge.jsonl, customer.jsonl, … instead"},
	}
}

func (o *simulateOptions) clockFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "now", Destination: &o.now, Usage: "show the business as of `DATE`, with the events of the 30 days before (default: its end)"},
		&cli.StringFlag{Name: "clock", Destination: &o.clock, Usage: "let time run from --now: simulated seconds for each real one, like `3600x`"},
		&cli.DurationFlag{Name: "lag", Destination: &o.config.Lag, Usage: "list objects and events only `TIME` after they are created, like 10s"},
		&cli.DurationFlag{Name: "late", Destination: &o.config.Late, Usage: "list one of eight balance transactions and events late, up to `TIME` after they are created, like 2h"},
		&cli.StringFlag{Name: "event-version", Destination: &o.config.EventVersion, Usage: "render events in API `VERSION`, like 2025-03-31.basil (default: " + stripesim.Version + ")"},
	}
}

func (o *simulateOptions) accessFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringSliceFlag{Name: "key", Destination: &o.keys, Usage: "accept only this `KEY` (repeatable); otherwise any sk_test_… or rk_test_…"},
		&cli.StringSliceFlag{Name: "forbid", Destination: &o.forbid, Usage: "restricted keys (rk_…) may not read this `RESOURCE` (repeatable)"},
		&cli.IntFlag{Name: "accounts", Destination: &o.config.Accounts, Usage: "have `N` connected accounts, reached with the Stripe-Account header"},
	}
}

func (o *simulateOptions) troubleFlags() []cli.Flag {
	return []cli.Flag{
		&cli.Float64Flag{Name: "limit-global", Destination: &o.config.Limits.Global, Usage: "answer 429 above `N` requests a second"},
		&cli.Float64Flag{Name: "limit-endpoint", Destination: &o.config.Limits.Endpoint, Usage: "answer 429 above `N` requests a second to one endpoint"},
		&cli.IntFlag{Name: "limit-concurrent", Destination: &o.config.Limits.Concurrent, Usage: "answer 429 above `N` requests at a time"},
		&cli.DurationFlag{Name: "latency", Destination: &o.config.Latency, Usage: "answer after `TIME`, like 150ms"},
		&cli.Float64Flag{Name: "faults", Destination: &o.config.Faults.Rate, Usage: "spoil this `SHARE` of the answers, like 0.02: resets, stalls, 5xx, broken pages"},
		&cli.Int64Flag{Name: "fault-seed", Destination: &o.config.Faults.Seed, Usage: "which answers and how follows from this `N`"},
		&cli.StringSliceFlag{Name: "fault", Destination: &o.faults, Usage: "spoil one answer: `KIND[:PATH[:NTH]]`, like reset-mid-body:/v1/charges:3 (repeatable)"},
	}
}

// simulation returns the configuration that the flags describe.
func (o *simulateOptions) simulation() (stripesim.Config, error) {
	config := o.config
	config.Shape, config.Keys, config.Forbid = stripesim.Shape(o.shape), o.keys.Value(), o.forbid.Value()
	deletions, shareErr := parseShare("--deletions", o.deletions)
	config.Deletions = int(math.Round(1000 * deletions))
	var spanErr, nowErr, speedErr, faultErr error
	config.From, config.To, spanErr = parseSpan(o.from, o.to)
	config.Now, nowErr = parseTime("--now", o.now)
	config.Speed, speedErr = parseSpeed(o.clock)
	config.Faults.Scripted, faultErr = parseFaults(o.faults.Value())
	return config, errors.Join(spanErr, shareErr, nowErr, speedErr, faultErr)
}

// parseSpeed reads --clock; a missing flag is 0.
func parseSpeed(text string) (int, error) {
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

// parseFaults reads --fault. The simulator checks the kinds of faults.
func parseFaults(texts []string) ([]stripesim.Fault, error) {
	var list []stripesim.Fault
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
		list = append(list, fault)
	}
	return list, nil
}

func (env *environment) simulate(ctx context.Context, o *simulateOptions) error {
	config, err := o.simulation()
	if err != nil {
		return err
	}
	var server *stripesim.Server
	if o.objects != "" {
		server, err = stripesim.FromFiles(o.objects, config)
	} else {
		server, err = stripesim.New(config)
	}
	if err != nil {
		return &pipeline.UsageError{Message: err.Error()}
	}
	url, stop, err := server.Start(o.addr)
	if err != nil {
		return err
	}
	defer stop()
	fmt.Fprintf(env.stdout, "simulated Stripe on %s\n", url)
	for _, resource := range schemas.ShippedResources().Listed() {
		fmt.Fprintf(env.stdout, "  %-21s %9s objects\n", resource.Name, digits(server.Ledger().Count(resource.Name)))
	}
	for _, account := range server.Connected() {
		fmt.Fprintf(env.stdout, "  connected account %s\n", account.AccountID())
	}
	with, key := "", simulatedKey
	if len(config.Keys) > 0 { // which may be those of a real account (Invariant 11)
		with, key = ", with a key of --key", "…"
	}
	fmt.Fprintf(env.stdout, "\ncopy it from another terminal%s:\n  STRIPE_API_KEY=%s stripelake sync --api-base %s%s\n\nCtrl-C stops it.\n", with, key, url, fasterFlag(config.Limits))
	<-ctx.Done()
	return nil
}

// fasterFlag returns the flag of a sync that makes it as fast as it can be. A simulator
// with limits is there to try those of Stripe.
func fasterFlag(limits stripesim.Limits) string {
	if limits != (stripesim.Limits{}) {
		return ""
	}
	return fmt.Sprintf(" --max-rps %d", simulatedRPS)
}
