package main

import (
	"context"
	"fmt"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/stripelake/stripelake/internal/pipeline"
	"github.com/stripelake/stripelake/load"
)

type rebuildOptions struct {
	workOptions
	json, all, rejects bool
	metrics            string   // a file
	maxRuntime         timeSpan // 0 is no bound
}

func (o *rebuildOptions) flags() []cli.Flag {
	return append([]cli.Flag{
		lakeFlag(&o.lake), jsonFlag(&o.json, "print events as JSON lines; the last one is a summary"), waitFlag(&o.wait), metricsFlag(&o.metrics),
		o.exposeFlag(),
		&cli.BoolFlag{Name: "all", Destination: &o.all, Usage: "derive every table and the record of every object again"},
		&cli.GenericFlag{Name: "max-runtime", Value: &o.maxRuntime, DefaultText: "no bound", Usage: "stop deriving after `DURATION`: nothing is published, and the next rebuild continues"},
		&cli.BoolFlag{Name: "rejects", Destination: &o.rejects, Usage: "first show how many rejected objects would fit now"},
	}, append(o.declaredFlags(), o.keepFlags()...)...)
}

func rebuildCommand(env *environment) *cli.Command {
	o := rebuildOptions{workOptions: workOptions{command: "rebuild"}}
	return takes(arguments{usage: "[table…]", most: anyNumber}, &cli.Command{
		Name:  "rebuild",
		Usage: "derive tables again from the raw log, without requests to Stripe",
		Description: "Derives the tables whose schemas or mappings changed, and those named, next to the present ones,\n" +
			"and publishes them together when all are complete. If it is interrupted, the next rebuild continues.\n" +
			"Example: stripelake rebuild --schemas my-schemas",
		Flags: o.flags(),
		Action: func(c *cli.Context) error {
			return env.measured(c.Context, o.metrics, o.lake, func() error { return env.rebuild(c.Context, &o, c.Args().Slice()) })
		},
	})
}

func (env *environment) rebuild(ctx context.Context, o *rebuildOptions, tables []string) error {
	if _, err := load.ReadMode(o.lake); err != nil {
		return err
	}
	lake, declared, err := env.openToWork(ctx, &o.workOptions, "", true, pipeline.RebuildOptions)
	if err != nil {
		return err
	}
	rebuild := pipeline.Rebuild{Mappings: declared.Mappings, Lake: lake, Declaration: declared, Tables: tables, MaxRuntime: time.Duration(o.maxRuntime)}
	if o.rejects {
		refusals, err := rebuild.Replay(ctx)
		if err != nil {
			return err
		}
		if !o.json {
			env.printRefusals(refusals)
		}
	}
	if o.all {
		rebuild.Lake = lake.FromScratch()
	}
	show := env.renderer(o.json)
	show.rebuild = true
	rebuild.OnEvent = show.event
	_, err = rebuild.Run(ctx)
	return err
}

func (env *environment) printRefusals(refusals []pipeline.Refusal) {
	if len(refusals) == 0 {
		fmt.Fprintln(env.stdout, "nothing was refused")
	}
	for _, r := range refusals {
		name := r.Table
		if r.Field != "" {
			name += "." + r.Field
		}
		fmt.Fprintf(env.stdout, "%s (%s): %s now, %s still refused\n", name, r.Rule, plural(r.Fit, "row fits", "rows fit"), digits(r.Refused))
	}
}
