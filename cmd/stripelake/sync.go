package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/stripelake/stripelake/internal/pipeline"
)

// publishEvery is the interval of publishing during a long backfill.
const publishEvery = 5 * time.Minute

type syncOptions struct {
	workOptions
	stripeOptions
	rangeOptions
	json, rebuild bool
	accounts      cli.StringSlice
	maxRejects    string // a percentage
}

func (o *syncOptions) flags() []cli.Flag {
	return append([]cli.Flag{
		lakeFlag(&o.lake), schemasFlag(&o.schemas), jsonFlag(&o.json, "print events as JSON lines; the last one is a summary"),
		&cli.StringFlag{Name: "from", Destination: &o.from, Usage: "copy objects created since `DATE` (the lake remembers the first DATE)"},
		&cli.StringFlag{Name: "to", Destination: &o.to, Usage: "in this run, read only objects created before `DATE`"},
		o.lookBackFlag(),
		&cli.BoolFlag{Name: "rebuild", Destination: &o.rebuild, Usage: "derive the tables again whose schemas or mappings changed; without it, the old schemas stay in use"},
		o.exposeFlag(),
		&cli.StringSliceFlag{Name: "account", Destination: &o.accounts, Usage: "read the connected account `ACCT` instead of the key's own (repeatable; @FILE has one per line)"},
		waitFlag(&o.wait),
		&cli.StringFlag{Name: "max-rejects", Destination: &o.maxRejects, Value: "0%", Usage: "exit with status 3 if more than this `SHARE` of the objects does not fit its schema"},
	}, o.stripeFlags()...)
}

func syncCommand(env *environment) *cli.Command {
	o := syncOptions{workOptions: workOptions{command: "sync"}}
	return takes(arguments{usage: "[resource…]", most: anyNumber}, &cli.Command{
		Name:  "sync",
		Usage: "copy new and changed objects; the first time, everything",
		Description: "Reads charges, subscriptions, refunds, balance_transactions, customers and prices (or those named),\n" +
			"keeps every object as Stripe sent it, maps it, and publishes the lake. If a run is interrupted, the next one continues.",
		Flags:  o.flags(),
		Action: func(c *cli.Context) error { return env.sync(c.Context, &o, c.Args().Slice()) },
	})
}

func (env *environment) sync(ctx context.Context, o *syncOptions, resources []string) error {
	bounds, err := o.parse()
	if err != nil {
		return err
	}
	maxRejects, err := parseShare("--max-rejects", o.maxRejects)
	if err != nil {
		return err
	}
	accounts, err := connectedAccounts(o.accounts.Value())
	if err != nil {
		return err
	}
	client, err := env.client(&o.stripeOptions)
	if err != nil {
		return err
	}
	lake, declared, err := env.openToWork(ctx, &o.workOptions, client.Mode(), o.rebuild, loadOptions)
	if err != nil {
		return err
	}
	show := env.renderer(o.json)
	defer show.done()
	sync := pipeline.Sync{
		Client: client, Plan: declared.Plan, Lake: lake, Redactors: declared.Redactors, Declaration: declared,
		Label: o.label, Accounts: accounts, Resources: resources, Range: bounds, Rebuild: o.rebuild, MaxRejects: maxRejects, PublishEvery: publishEvery, OnEvent: show.event,
	}
	_, err = sync.Run(ctx)
	return err
}

// connectedAccounts returns the accounts of the --account flags. A file has one
// on each line; empty lines and text after # are ignored.
func connectedAccounts(flags []string) ([]string, error) {
	var accounts []string
	for _, name := range flags {
		file, ok := strings.CutPrefix(name, "@")
		if !ok {
			accounts = append(accounts, name)
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, &pipeline.UsageError{Message: fmt.Sprintf("--account %s: %v", name, err)}
		}
		for line := range strings.Lines(string(text)) {
			line, _, _ = strings.Cut(line, "#")
			if line = strings.TrimSpace(line); line != "" {
				accounts = append(accounts, line)
			}
		}
	}
	slices.Sort(accounts)
	return slices.Compact(accounts), nil
}
