package main

import (
	"fmt"

	"github.com/urfave/cli/v2"

	"github.com/stripelake/stripelake/extract"
	"github.com/stripelake/stripelake/internal/pipeline"
	"github.com/stripelake/stripelake/internal/stripesim"
)

// simulatedKey is a key that the simulated Stripe accepts, as it does any
// well-formed test-mode key.
const simulatedKey = "sk_test_simulated"

func simulateCommand(env *environment) *cli.Command {
	return &cli.Command{
		Name:  "simulate",
		Usage: "serve a simulated Stripe on a loopback address",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "addr", Value: "127.0.0.1:12111", Usage: "listen on this loopback `HOST:PORT`; port 0 picks one"},
			&cli.Int64Flag{Name: "seed", Value: 1, Usage: "the business grows from this `N`; same seed, same bytes"},
			&cli.IntFlag{Name: "charges", Value: 10_000, Usage: "size of the business: `N` charges; the rest scales with it"},
			&cli.StringFlag{Name: "from", Value: "2025-01-01", Usage: "the business begins on `DATE`"},
			&cli.StringFlag{Name: "to", Value: "2026-01-01", Usage: "the business ends before `DATE`"},
			&cli.StringFlag{Name: "objects", Usage: "serve recorded objects from `DIR`/charge.jsonl, customer.jsonl, … instead"},
			&cli.StringSliceFlag{Name: "key", Usage: "accept only this `KEY` (repeatable); otherwise any sk_test_… or rk_test_…"},
			&cli.StringSliceFlag{Name: "forbid", Usage: "restricted keys (rk_…) may not read this `RESOURCE` (repeatable)"},
		},
		Action: func(c *cli.Context) error { return env.simulate(c) },
	}
}

func (env *environment) simulate(c *cli.Context) error {
	from, to, err := parseSpan(c)
	if err != nil {
		return err
	}
	config := stripesim.Config{
		Seed: c.Int64("seed"), Charges: c.Int("charges"), From: from, To: to,
		Keys: c.StringSlice("key"), Forbid: c.StringSlice("forbid"),
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
	for _, resource := range extract.Resources() {
		fmt.Fprintf(env.stdout, "  %-21s %9s objects\n", resource.Name, grouped(server.Ledger().Count(resource.Name)))
	}
	fmt.Fprintf(env.stdout, "\ncopy it from another terminal:\n  STRIPE_API_KEY=%s stripelake sync --api-base %s\n\nCtrl-C stops it.\n", simulatedKey, url)
	<-c.Context.Done()
	return nil
}
