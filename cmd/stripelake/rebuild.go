package main

import (
	"github.com/urfave/cli/v2"

	"github.com/stripelake/stripelake/internal/pipeline"
	"github.com/stripelake/stripelake/load"
)

func rebuildCommand(env *environment) *cli.Command {
	return &cli.Command{
		Name:  "rebuild",
		Usage: "derive every table again from the raw log, asking Stripe for nothing",
		Flags: []cli.Flag{lakeFlag(), schemasFlag(), jsonFlag("print events as JSON lines; the last one is a summary")},
		Action: func(c *cli.Context) error {
			set, compiled, err := plan(c)
			if err != nil {
				return err
			}
			lake, err := load.Open(c.String("lake"), pipeline.LakeOptions(set, ""))
			if err != nil {
				return err
			}
			show := env.renderer(c.Bool("json"))
			defer show.done()
			_, err = pipeline.Rebuild(c.Context, compiled, lake, show.event)
			return err
		},
	}
}
