package main

import (
	"cmp"
	"context"
	"fmt"
	"strings"

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
			"problem with its fix, and then exits with status 3.\n" +
			"Example: stripelake doctor --api-key-file key.txt",
		Flags:  o.flags(),
		Action: func(c *cli.Context) error { return env.doctor(c.Context, &o) },
	})
}

func (env *environment) doctor(ctx context.Context, o *doctorOptions) error {
	keys, err := env.keysToCheck(o)
	if err != nil {
		return err
	}
	d := doctor.Doctor{Dir: o.lake, Key: keys[0], Others: keys[1:]}
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

// keysToCheck returns the keys of the accounts chosen, of the settings or of the
// environment; one without a client where there is none, which is no mistake.
func (env *environment) keysToCheck(o *doctorOptions) (keys []doctor.Key, err error) {
	var named []string
	if o.account != "" {
		named = []string{o.account}
	}
	selected, err := env.selectAccounts(&o.stripeOptions, named)
	if err != nil {
		return nil, err
	}
	for _, account := range selected {
		key := doctor.Key{Name: account.Name, Label: cmp.Or(o.label, account.Label)}
		if account.Name != "" || o.keyFile != "" || env.getenv("STRIPE_API_KEY") != "" {
			key.Client, key.NoClient = env.clientOf(&o.stripeOptions, account)
		}
		for _, id := range account.Connected {
			if key.NoClient == nil && key.Client != nil {
				one := key
				one.Name = strings.TrimPrefix(account.Name+" "+id, " ")
				one.Client, one.NoClient = key.Client.For(id)
				keys = append(keys, one)
			}
		}
		if len(account.Connected) == 0 || key.Client == nil {
			keys = append(keys, key)
		}
	}
	return keys, nil
}

func (env *environment) printDiagnosis(d doctor.Diagnosis) {
	for _, f := range d.Findings {
		fix := ""
		if f.Fix != "" {
			fix = "; fix: " + f.Fix
		}
		check := f.Check
		if f.Account != "" {
			check += " of " + f.Account
		}
		fmt.Fprintf(env.stdout, "%-7s  %s: %s%s\n", f.Level, check, f.Says, fix)
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
