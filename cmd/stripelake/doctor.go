package main

import (
	"context"
	"fmt"

	"github.com/urfave/cli/v2"

	"github.com/stripelake/stripelake/internal/doctor"
)

type doctorOptions struct {
	stripeOptions
	lake, account string
	json          bool
}

func (o *doctorOptions) flags() []cli.Flag {
	return append([]cli.Flag{lakeFlag(&o.lake), jsonFlag(&o.json, "print one JSON object"), accountFlag(&o.account)}, o.stripeFlags()...)
}

func doctorCommand(env *environment) *cli.Command {
	var o doctorOptions
	return takesNone(&cli.Command{
		Name:  "doctor",
		Usage: "check what a sync needs: key, permissions, clock, disk, lake",
		Description: "Requests one object of each list, checks the lake's files, and tests the file system in a folder that it\n" +
			"removes. It changes nothing else. Without a key it checks only the lake; without a lake, only Stripe. It prints each\n" +
			"problem with its fix, and then exits with status 3.",
		Flags:  o.flags(),
		Action: func(c *cli.Context) error { return env.doctor(c.Context, &o) },
	})
}

func (env *environment) doctor(ctx context.Context, o *doctorOptions) error {
	d := doctor.Doctor{Dir: o.lake, Label: o.label}
	if o.keyFile != "" || env.getenv("STRIPE_API_KEY") != "" {
		d.Client, d.NoClient = env.clientFor(&o.stripeOptions, o.account)
	}
	found, err := d.Run(ctx)
	if ctx.Err() != nil {
		return err
	}
	if o.json {
		if jsonErr := env.printJSON(found); jsonErr != nil {
			return jsonErr
		}
		return err
	}
	env.printDiagnosis(found)
	return err
}

func (env *environment) printDiagnosis(d doctor.Diagnosis) {
	for _, f := range d.Findings {
		fix := ""
		if f.Fix != "" {
			fix = "; fix: " + f.Fix
		}
		fmt.Fprintf(env.stdout, "%-7s  %s: %s%s\n", f.Level, f.Check, f.Says, fix)
	}
	sum := "no problems"
	if d.Problems > 0 {
		sum = counted(d.Problems, "problem")
	}
	if d.Warnings > 0 {
		sum += ", " + counted(d.Warnings, "warning")
	}
	fmt.Fprintf(env.stdout, "%s (%s)\n", sum, counted(int(d.Requests), "request"))
}
