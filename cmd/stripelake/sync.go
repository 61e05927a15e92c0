package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/stripelake/stripelake/extract"
	"github.com/stripelake/stripelake/internal/pipeline"
	"github.com/stripelake/stripelake/load"
	"github.com/stripelake/stripelake/schemas"
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
	metrics       string // a file
	minFree       freeSpace
}

func (o *syncOptions) flags() []cli.Flag {
	return slices.Concat([]cli.Flag{
		lakeFlag(&o.lake), jsonFlag(&o.json, "print events as JSON lines; the last one is a summary"),
		&cli.StringFlag{Name: "from", Destination: &o.from, Usage: "copy objects created since `DATE` (the lake remembers the first DATE)"},
		&cli.StringFlag{Name: "to", Destination: &o.to, Usage: "in this run, read only objects created before `DATE`"},
		o.lookBackFlag(),
		&cli.BoolFlag{Name: "rebuild", Destination: &o.rebuild, Usage: "derive the tables again whose schemas or mappings changed; without it, the old schemas stay in use"},
		o.exposeFlag(),
		&cli.StringSliceFlag{Name: "account", Destination: &o.accounts, Usage: "read the `ACCOUNT` of that name in the settings, all of them with the name all, or the connected account of that id instead of the key's own (repeatable; @FILE has one per line)"},
		waitFlag(&o.wait), metricsFlag(&o.metrics),
		&cli.StringFlag{Name: "max-rejects", Destination: &o.maxRejects, Value: "0%", Usage: "exit with status 3 if more than this `SHARE` of the objects does not fit its schema"},
	}, o.boundFlags(), []cli.Flag{o.minFreeFlag()}, o.declaredFlags(), o.keepFlags(), o.stripeFlags(), []cli.Flag{o.retryForFlag()})
}

func syncCommand(env *environment) *cli.Command {
	o := syncOptions{workOptions: workOptions{command: "sync"}}
	return takes(arguments{usage: "[resource…]", most: anyNumber}, &cli.Command{
		Name:  "sync",
		Usage: "copy new and changed objects; the first time, everything",
		Description: "Reads " + strings.Join(schemas.ShippedResources().Names(), ", ") + " (or those named),\n" +
			"keeps every object as Stripe sent it, maps it, and publishes the lake. If a run is interrupted, the next one continues.\n" +
			"Example: stripelake sync --from 2024-01-01\n" +
			"Example: stripelake sync charges refunds --lake /data/lake",
		Flags: o.flags(),
		Action: func(c *cli.Context) error {
			return env.measured(c.Context, o.metrics, o.lake, func() error { return env.sync(c.Context, &o, c.Args().Slice()) })
		},
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
	known, err := env.resourcesOf(&o.workOptions, o.rebuild)
	if err == nil {
		resources, err = env.resources(resources, known)
	}
	if err != nil {
		return err
	}
	sources, err := env.sources(&o.stripeOptions, o.accounts.Value())
	if err != nil {
		return err
	}
	lake, declared, err := env.openToWork(ctx, &o.workOptions, sources[0].Client.Mode(), o.rebuild, loadOptions)
	if err != nil {
		return err
	}
	env.noteLocalRate(&o.stripeOptions, sources[0].Client)
	show := env.renderer(o.json)
	sync := pipeline.Sync{
		Source: sources[0], Others: sources[1:], Mappings: declared.Mappings, Lake: lake, Redactors: declared.Redactors, Declaration: declared,
		Resources: resources, Range: bounds, Rebuild: o.rebuild, MaxRejects: maxRejects, MinFree: load.Floor(o.minFree), PublishEvery: publishEvery, OnEvent: show.event,
	}
	_, err = sync.Run(ctx)
	return err
}

// noteLocalRate says how many requests a second go to an API on this machine, where no
// number was given: a simulated Stripe is not as slow as Stripe lets a key be.
func (env *environment) noteLocalRate(o *stripeOptions, client *extract.Client) {
	if o.maxRPS == 0 && client.Local() {
		env.signals.logger().Info(fmt.Sprintf("at most %g requests a second are sent to %s, as many as Stripe itself allows: with a simulated one give --max-rps %d",
			client.Rates().All, o.apiBase, simulatedRPS))
	}
}
