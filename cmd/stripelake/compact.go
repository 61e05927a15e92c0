package main

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/stripelake/stripelake/internal/pipeline"
	"github.com/stripelake/stripelake/load"
)

type compactOptions struct {
	workOptions
	json           bool
	dropSuperseded optional[int] // days
}

func (o *compactOptions) flags() []cli.Flag {
	return append([]cli.Flag{
		lakeFlag(&o.lake), jsonFlag(&o.json, "print one JSON object per stream"), waitFlag(&o.wait),
		&cli.IntFlag{
			Name: "drop-superseded", Destination: &o.dropSuperseded.value, Action: o.dropSuperseded.note,
			Usage: "remove versions that were replaced, and events that were read, more than `DAYS` days before the newest response in the log; at least 31",
		},
	}, o.declaredFlags()...)
}

func compactCommand(env *environment) *cli.Command {
	o := compactOptions{workOptions: workOptions{command: "compact"}}
	return takesNone(&cli.Command{
		Name:  "compact",
		Usage: "merge small segments of the raw log",
		Description: "A sync does this by itself when a stream has 64 of them. Every version of every object stays,\n" +
			"with its sequence number; only the number of files changes. --drop-superseded removes old versions and events for\n" +
			"good: the tables stay as they are, but earlier states of an object are lost.",
		Flags:  o.flags(),
		Action: func(c *cli.Context) error { return env.compact(c.Context, &o) },
	})
}

func (env *environment) compact(ctx context.Context, o *compactOptions) error {
	if _, err := load.ReadMode(o.lake); err != nil {
		return err // a lake is not created here
	}
	lake, _, err := env.openToWork(ctx, &o.workOptions, "", false, loadOptions)
	if err != nil {
		return err
	}
	var keep time.Duration
	if o.dropSuperseded.given {
		if keep = time.Duration(o.dropSuperseded.value) * 24 * time.Hour; keep <= 0 {
			keep = 1 // too short, and refused for that
		}
	}
	done, err := pipeline.Compact(ctx, lake, keep)
	if err != nil {
		return err
	}
	setAside, err := load.ReadSetAside(lake.Dir())
	if err != nil {
		return err
	}
	for _, name := range setAside {
		fmt.Fprintf(env.stderr, "%s stood in the place of the link that people read: look at it, and remove it\n", name)
	}
	encoder := json.NewEncoder(env.stdout)
	for _, d := range done {
		if o.json {
			if err := encoder.Encode(d); err != nil {
				return err
			}
			continue
		}
		text := "nothing to merge"
		if d.Merged > 0 {
			text = fmt.Sprintf("%s became %s", counted(d.Merged, "segment"), digits(d.Into))
		}
		if d.Dropped > 0 {
			text = fmt.Sprintf("%s dropped, %s", counted(d.Dropped, "version"), text)
		}
		fmt.Fprintf(env.stdout, "%s %s: %s\n", d.Account, d.Stream, text)
	}
	return nil
}
