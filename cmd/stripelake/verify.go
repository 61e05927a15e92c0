package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"text/tabwriter"

	"github.com/urfave/cli/v2"

	"github.com/stripelake/stripelake/internal/pipeline"
	"github.com/stripelake/stripelake/load"
	"github.com/stripelake/stripelake/load/verify"
)

type verifyOptions struct {
	workOptions
	stripeOptions
	json, deep, stripe, full, repair bool
	sample                           optional[int] // windows, or segments and files
	account                          string
}

func (o *verifyOptions) flags() []cli.Flag {
	return slices.Concat([]cli.Flag{
		lakeFlag(&o.lake), jsonFlag(&o.json, "print one JSON object, with every finding"), waitFlag(&o.wait),
		&cli.BoolFlag{Name: "deep", Destination: &o.deep, Usage: "map the whole log again and compare every row; takes longer than a rebuild, and as much disk space"},
		&cli.BoolFlag{Name: "stripe", Destination: &o.stripe, Usage: "list windows of each resource again and compare them with the newest versions in the log"},
		&cli.IntFlag{Name: "sample", Destination: &o.sample.value, Action: o.sample.note, Value: 3, Usage: "read only `N` segments of each list and N files of each table, other ones each time; with --stripe: compare N windows of 2,000 objects, spread over all that was read"},
		&cli.BoolFlag{Name: "full", Destination: &o.full, Usage: "with --stripe: compare all windows"},
		&cli.BoolFlag{Name: "repair", Destination: &o.repair, Usage: "derive and publish again what differs from the raw log; with --stripe, also read again what differs from Stripe or was lost from the log"},
		accountFlag(&o.account),
	}, o.boundFlags(), o.declaredFlags(), o.keepFlags(), o.stripeFlags(), []cli.Flag{o.retryForFlag()})
}

func verifyCommand(env *environment) *cli.Command {
	o := verifyOptions{workOptions: workOptions{command: "verify"}}
	return takesNone(&cli.Command{
		Name:  "verify",
		Usage: "compare raw log, tables, published files and ledger with each other, and optionally with Stripe",
		Description: "Reads the whole log and compares it with the tables and the published files. It changes nothing, and makes no request\n" +
			"to Stripe, unless a flag says so. --sample reads a part only, and says which. A sync waits until it is done. It prints each\n" +
			"finding with its fix, and then exits with status 3; meta.verifications keeps the counts.\n" +
			"Example: stripelake verify --stripe --sample 5",
		Flags:  o.flags(),
		Action: func(c *cli.Context) error { return env.verify(c.Context, &o) },
	})
}

func (env *environment) verify(ctx context.Context, o *verifyOptions) error {
	if _, err := load.ReadMode(o.lake); err != nil {
		return err // a lake is not created here
	}
	lake, declared, err := env.openToRead(ctx, &o.workOptions, o.repair)
	if err != nil {
		return err
	}
	verify := pipeline.Verify{Dir: o.lake, Set: declared.Set, Deep: o.deep, All: o.json, OnStage: env.signals.stage}
	if o.wait.given {
		verify.Wait = cmp.Or(o.wait.value, -1)
	}
	if err := env.atStripe(o, declared, &verify); err != nil {
		return err
	}
	found, err := verify.Run(ctx)
	if found.RunID == "" {
		return err
	}
	if o.repair && err != nil {
		err = env.repair(ctx, o.json, &verify, &found, &pipeline.Sync{Lake: lake, Mappings: declared.Mappings, Redactors: declared.Redactors, Declaration: declared, OnEvent: env.signals.reads})
	} else if !o.json {
		env.printVerified(found)
	}
	if o.json {
		err = cmp.Or(err, env.printJSON(found))
	}
	return err
}

// atStripe reads the flags of the comparison with Stripe.
func (env *environment) atStripe(o *verifyOptions, declared *pipeline.Declaration, verify *pipeline.Verify) error {
	switch {
	case !o.stripe && o.full:
		return &pipeline.UsageError{Message: "--full goes with --stripe"}
	case !o.stripe && o.sample.given && (o.sample.value < 1 || o.deep || o.repair):
		return &pipeline.UsageError{Message: "--sample is at least 1, and without --stripe goes neither with --deep nor with --repair, which need everything"}
	case !o.stripe && o.sample.given:
		verify.Sample = o.sample.value
		return nil
	case !o.stripe:
		return nil
	case o.repair && (o.maxRuntime > 0 || o.maxRequests > 0):
		return &pipeline.UsageError{Message: "--max-runtime and --max-requests do not go with --repair: half a repair is none"}
	}
	source, err := env.source(&o.stripeOptions, o.account)
	if err != nil {
		return err
	}
	verify.Stripe = &pipeline.AtStripe{Client: source.Client, Redactors: declared.Redactors, Label: source.Label, Sample: o.sample.value}
	if o.full {
		verify.Stripe.Sample = 0
	} else if verify.Stripe.Sample < 1 {
		return &pipeline.UsageError{Message: "--sample is at least 1; --full compares everything"}
	}
	return nil
}

// repair repairs what a verification found and verifies the lake once more in
// the same way, even where the repair failed: the findings left determine the
// result.
func (env *environment) repair(ctx context.Context, quiet bool, verify *pipeline.Verify, found *pipeline.Verified, sync *pipeline.Sync) error {
	if !quiet {
		env.printVerified(*found)
	}
	if verify.Stripe != nil {
		sync.Client, sync.Label = verify.Stripe.Client, verify.Stripe.Label
	}
	repaired, err := verify.Repair(ctx, sync)
	found.Repaired = &repaired
	if !quiet {
		env.printRepaired(repaired)
	}
	if ctx.Err() != nil {
		return err
	}
	after, left := verify.Again().Run(ctx)
	if after.RunID != "" {
		repaired.After = &after
		if !quiet {
			fmt.Fprint(env.stdout, "\nafter the repair\n")
			env.printVerified(after)
		}
	}
	return errors.Join(err, left)
}

func (env *environment) printVerified(v pipeline.Verified) {
	out := tabwriter.NewWriter(env.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(out, "check\tlooked at\tfindings")
	for _, c := range v.Checks {
		name, found := c.Check, "none"
		if c.Account != "" {
			name += " of " + c.Account
		}
		if c.Found > 0 {
			found = digits(int(c.Found))
		}
		fmt.Fprintf(out, "%s\t%s %s\t%s\n", name, digits(int(c.LookedAt)), c.Unit, found)
	}
	_ = out.Flush() // output remembers the error
	for _, c := range v.Checks {
		env.printChecked(c)
	}
	fmt.Fprintf(env.stdout, "\n%s (%s)\n", map[bool]string{true: "nothing found", false: counted(int(v.Findings), "finding")}[v.Findings == 0], secondsText(v.Seconds))
	if v.Stopped != "" {
		fmt.Fprintf(env.stdout, "stopped by --%s: not everything was compared with Stripe\n", v.Stopped)
	}
	if v.Unrecorded {
		fmt.Fprintln(env.stdout, "not recorded in meta.verifications: the lake cannot be written by this user")
	}
}

// printChecked prints the findings of a check, one on each line.
func (env *environment) printChecked(c *verify.Checked) {
	if len(c.Findings)+len(c.Notes) > 0 {
		fmt.Fprintln(env.stdout)
	}
	for _, f := range c.Findings {
		says := ""
		if f.Says != "" {
			says = ": " + f.Says
		}
		fmt.Fprintf(env.stdout, "%s: %s%s; fix: %s\n", f.Name, f.What, says, f.Fix)
	}
	if more := c.Found - int64(len(c.Findings)); more > 0 {
		fmt.Fprintf(env.stdout, "%s: %s more of these; --json tells all\n", c.Check, digits(int(more)))
	}
	for _, note := range c.Notes {
		fmt.Fprintf(env.stdout, "%s: %s\n", c.Check, note)
	}
}
