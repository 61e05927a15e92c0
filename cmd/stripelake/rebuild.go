package main

import (
	"fmt"

	"github.com/urfave/cli/v2"

	"github.com/stripelake/stripelake/internal/pipeline"
	"github.com/stripelake/stripelake/load"
)

func rebuildCommand(env *environment) *cli.Command {
	return takes(arguments{usage: "[table…]", most: anyNumber}, &cli.Command{
		Name:  "rebuild",
		Usage: "derive tables again from the raw log, asking Stripe for nothing",
		Description: "Derives the tables whose schemas or mappings changed, and those named, beside the present ones,\n" +
			"and shows them all at once when they are complete. Interrupted, the next rebuild goes on.",
		Flags: []cli.Flag{
			lakeFlag(), schemasFlag(), jsonFlag("print events as JSON lines; the last one is a summary"), waitFlag(),
			exposeFlag(),
			&cli.BoolFlag{Name: "all", Usage: "derive every table again, and what is known of every object"},
			&cli.BoolFlag{Name: "rejects", Usage: "first say how many of the rows that were refused would fit now"},
		},
		Action: func(c *cli.Context) error { return env.rebuild(c) },
	})
}

func (env *environment) rebuild(c *cli.Context) error {
	if _, err := load.ReadMode(c.String("lake")); err != nil {
		return err
	}
	lake, declared, err := env.workOn(c, "", true, pipeline.RebuildOptions)
	if err != nil {
		return err
	}
	rebuild := pipeline.Rebuild{Plan: declared.Plan, Lake: lake, Declaration: declared, Tables: c.Args().Slice()}
	if c.Bool("rejects") {
		refusals, err := rebuild.Replay(c.Context)
		if err != nil {
			return err
		}
		env.printRefusals(c, refusals)
	}
	if c.Bool("all") {
		rebuild.Lake = lake.FromScratch()
	}
	show := env.renderer(c.Bool("json"))
	show.rebuild = true
	defer show.done()
	rebuild.OnEvent = show.event
	_, err = rebuild.Run(c.Context)
	return err
}

func (env *environment) printRefusals(c *cli.Context, refusals []pipeline.Refusal) {
	if c.Bool("json") {
		return
	}
	if len(refusals) == 0 {
		fmt.Fprintln(env.stdout, "nothing was refused")
	}
	for _, r := range refusals {
		name := r.Table
		if r.Field != "" {
			name += "." + r.Field
		}
		fmt.Fprintf(env.stdout, "%s (%s): %s now, %s still refused\n", name, r.Rule, plural(r.Fit, "row fits", "rows fit"), grouped(r.Refused))
	}
}
