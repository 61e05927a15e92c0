package main

import (
	"encoding/json"
	"fmt"

	"github.com/urfave/cli/v2"

	"github.com/stripelake/stripelake/internal/pipeline"
	"github.com/stripelake/stripelake/load"
)

func compactCommand(env *environment) *cli.Command {
	return &cli.Command{
		Name:  "compact",
		Usage: "merge the small segments that many syncs have left in the raw log",
		Description: "A sync does so by itself when a stream has come to 64 of them. Every version of every object stays,\n" +
			"under its sequence number; only files become fewer.",
		Flags:  []cli.Flag{lakeFlag(), schemasFlag(), jsonFlag("print one JSON object a stream")},
		Action: func(c *cli.Context) error { return env.compact(c) },
	}
}

func (env *environment) compact(c *cli.Context) error {
	set, _, err := plan(c)
	if err != nil {
		return err
	}
	mode, err := load.ReadMode(c.String("lake"))
	if err != nil {
		return err
	}
	lake, err := load.Open(c.String("lake"), pipeline.LakeOptions(set, mode))
	if err != nil {
		return err
	}
	done, err := pipeline.Compact(c.Context, lake)
	if err != nil {
		return err
	}
	encoder := json.NewEncoder(env.stdout)
	for _, d := range done {
		switch {
		case c.Bool("json"):
			if err := encoder.Encode(d); err != nil {
				return err
			}
		case d.Merged > 0:
			fmt.Fprintf(env.stdout, "%s %s: %s became %s\n", d.Account, d.Stream, counted(d.Merged, "segment"), grouped(d.Into))
		default:
			fmt.Fprintf(env.stdout, "%s %s: nothing to merge\n", d.Account, d.Stream)
		}
	}
	return nil
}
