package main

import (
	"fmt"
	"text/tabwriter"

	"github.com/urfave/cli/v2"

	"github.com/stripelake/stripelake/internal/pipeline"
	"github.com/stripelake/stripelake/load"
	"github.com/stripelake/stripelake/schemas"
	"github.com/stripelake/stripelake/transform"
)

func verifyCommand(env *environment) *cli.Command {
	return &cli.Command{
		Name:  "verify",
		Usage: "check a lake against itself, raw log, tables, published files and books, and if wanted against Stripe",
		Description: "Reads the whole log and compares it with the tables and the files that are published. It mends nothing, and asks Stripe\n" +
			"for nothing, unless told to. A sync waits meanwhile. Exit status 3 if there is a finding, each told with its fix;\n" +
			"meta.verifications keeps the counts.",
		Flags: append([]cli.Flag{
			lakeFlag(), schemasFlag(), jsonFlag("print one JSON object"),
			&cli.BoolFlag{Name: "deep", Usage: "map the whole log again and compare every row with that: takes longer than a rebuild, and room for one"},
			&cli.BoolFlag{Name: "stripe", Usage: "list windows of each resource again and compare them with the newest versions in the log"},
			&cli.IntFlag{Name: "sample", Value: 3, Usage: "with --stripe: `N` windows of 2,000 objects, spread over what is covered"},
			&cli.BoolFlag{Name: "full", Usage: "with --stripe: all windows"},
			&cli.BoolFlag{Name: "repair", Usage: "with --stripe: read again just what differs, and keep it as a sync does"},
			accountFlag(),
		}, stripeFlags()...),
		Action: func(c *cli.Context) error { return env.verify(c) },
	}
}

func (env *environment) verify(c *cli.Context) error {
	set, compiled, err := plan(c)
	if err != nil {
		return err
	}
	verify := pipeline.Verify{Dir: c.String("lake"), Set: set, Deep: c.Bool("deep")}
	if err := env.atStripe(c, set, &verify); err != nil {
		return err
	}
	found, err := verify.Run(c.Context)
	if found.RunID == "" {
		return err
	}
	if c.Bool("json") {
		if jsonErr := env.printJSON(found); jsonErr != nil {
			return jsonErr
		}
	} else {
		env.printVerified(found)
	}
	if healable := verify.Healable(); c.Bool("repair") && healable > 0 {
		if repairErr := env.repair(c, &verify, set, compiled); repairErr != nil {
			return repairErr
		}
		if int64(healable) == found.Findings {
			return nil // nothing is left
		}
	}
	return err
}

// atStripe reads the flags of the comparison with Stripe.
func (env *environment) atStripe(c *cli.Context, set *schemas.Set, verify *pipeline.Verify) error {
	if !c.Bool("stripe") {
		for _, name := range []string{"sample", "full", "repair"} {
			if c.IsSet(name) {
				return &pipeline.UsageError{Message: "--" + name + " goes with --stripe"}
			}
		}
		return nil
	}
	client, err := env.clientFor(c)
	if err != nil {
		return err
	}
	verify.Stripe = &pipeline.AtStripe{Client: client, Redactors: transform.Redactors(set), Label: c.String("account-label"), Sample: c.Int("sample")}
	if c.Bool("full") {
		verify.Stripe.Sample = 0
	} else if verify.Stripe.Sample < 1 {
		return &pipeline.UsageError{Message: "--sample is at least 1; --full compares everything"}
	}
	return nil
}

// repair heals what the comparison with Stripe found.
func (env *environment) repair(c *cli.Context, verify *pipeline.Verify, set *schemas.Set, compiled *transform.Plan) error {
	lake, err := load.Open(c.String("lake"), pipeline.LakeOptions(set, verify.Stripe.Client.Mode()))
	if err != nil {
		return err
	}
	summary, err := verify.Repair(c.Context, &pipeline.Sync{
		Client: verify.Stripe.Client, Plan: compiled, Lake: lake, Redactors: verify.Stripe.Redactors, Label: verify.Stripe.Label,
	})
	if err == nil && !c.Bool("json") {
		fmt.Fprintf(env.stdout, "%s read again, %s new to the lake; published generation %d\n",
			counted(verify.Healable(), "object"), grouped(summary.Objects-summary.Unchanged), summary.Generation)
	}
	return err
}

func (env *environment) printVerified(v pipeline.Verified) {
	table := tabwriter.NewWriter(env.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "check\tlooked at\tfindings")
	for _, c := range v.Checks {
		name, found := c.Check, "none"
		if c.Account != "" {
			name += " of " + c.Account
		}
		if c.Found > 0 {
			found = grouped(int(c.Found))
		}
		fmt.Fprintf(table, "%s\t%s %s\t%s\n", name, grouped(int(c.LookedAt)), c.Unit, found)
	}
	_ = table.Flush() // stdout's error is nobody's
	for _, c := range v.Checks {
		env.printChecked(c)
	}
	fmt.Fprintf(env.stdout, "\n%s (%s)\n", map[bool]string{true: "nothing found", false: counted(int(v.Findings), "finding")}[v.Findings == 0], seconds(v.Seconds))
}

// printChecked prints what a check found, a line each.
func (env *environment) printChecked(c *load.Checked) {
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
		fmt.Fprintf(env.stdout, "%s: %s more of these\n", c.Check, grouped(int(more)))
	}
	for _, note := range c.Notes {
		fmt.Fprintf(env.stdout, "%s: %s\n", c.Check, note)
	}
}
