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
	json, yes      bool
	dropSuperseded optional[int] // days
}

func (o *compactOptions) flags() []cli.Flag {
	return append([]cli.Flag{
		lakeFlag(&o.lake), jsonFlag(&o.json, "print one JSON object per stream"), waitFlag(&o.wait),
		&cli.IntFlag{
			Name: "drop-superseded", Destination: &o.dropSuperseded.value, Action: o.dropSuperseded.note,
			Usage: "remove versions that were replaced, and events that were read, more than `DAYS` days before the newest response in the log; at least 31",
		},
		yesFlag(&o.yes, "drop"),
	}, o.declaredFlags()...)
}

func compactCommand(env *environment) *cli.Command {
	o := compactOptions{workOptions: workOptions{command: "compact"}}
	return takesNone(&cli.Command{
		Name:  "compact",
		Usage: "merge small segments of the raw log",
		Description: "A sync does this by itself when a stream has 64 of them. Every version of every object stays,\n" +
			"with its sequence number; only the number of files changes. --drop-superseded removes old versions and events for\n" +
			"good: the tables stay as they are, but earlier states of an object are lost. It asks first.\n" +
			"Example: stripelake compact\n" +
			"Example: stripelake compact --drop-superseded 400",
		Flags:  o.flags(),
		Action: func(c *cli.Context) error { return env.compact(c.Context, &o) },
	})
}

func (env *environment) compact(ctx context.Context, o *compactOptions) error {
	if _, err := load.ReadMode(o.lake); err != nil {
		return err // a lake is not created here
	}
	keep := o.keep()
	if err := pipeline.CheckKept(keep); err != nil {
		return err
	}
	if keep > 0 && !o.yes {
		if err := canAsk("--drop-superseded drops versions", ""); err != nil {
			return err
		}
	}
	lake, _, err := env.openToWork(ctx, &o.workOptions, "", false, loadOptions)
	if err == nil && keep > 0 && !o.yes {
		err = env.confirmDrop(ctx, lake, keep)
	}
	if err != nil {
		return err
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
		env.signals.logger().Warn(name + " stood in the place of the link that people read: look at it, and remove it")
	}
	encoder := json.NewEncoder(env.stdout)
	for _, d := range done {
		if o.json {
			if err := encoder.Encode(d); err != nil {
				return err
			}
		}
		if o.json || env.signals.quiet {
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

// keep returns how long versions are kept after they were replaced; 0 is for ever.
func (o *compactOptions) keep() time.Duration {
	if !o.dropSuperseded.given {
		return 0
	}
	return max(1, time.Duration(o.dropSuperseded.value)*24*time.Hour) // 1 is too short, and refused for that
}

// confirmDrop shows how many versions would be dropped, and asks. Where there are none
// it does not ask.
func (env *environment) confirmDrop(ctx context.Context, lake *load.Lake, keep time.Duration) error {
	planned, err := pipeline.PlanCompact(ctx, lake, keep)
	if err != nil {
		return err
	}
	total := 0
	for _, p := range planned {
		if total += p.Dropped; p.Dropped > 0 {
			fmt.Fprintf(env.stderr, "%s %s: %s to drop\n", p.Account, p.Stream, counted(p.Dropped, "version"))
		}
	}
	if total == 0 {
		return nil
	}
	return env.confirm(ctx, fmt.Sprintf("The log loses %s for good: Stripe does not send earlier states again. Every table stays as it is.", counted(total, "version")), "nothing was dropped")
}
