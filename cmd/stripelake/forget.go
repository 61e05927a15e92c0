package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/urfave/cli/v2"

	"github.com/stripelake/stripelake/internal/pipeline"
	"github.com/stripelake/stripelake/load"
)

type forgetOptions struct {
	workOptions
	json, dryRun, yes bool
	account           string
}

func (o *forgetOptions) flags() []cli.Flag {
	return append([]cli.Flag{
		lakeFlag(&o.lake), jsonFlag(&o.json, "print each receipt as one JSON line"), waitFlag(&o.wait),
		&cli.StringFlag{Name: "account", Destination: &o.account, Usage: "the customers' `ACCOUNT`, if several accounts have a customer of that id"},
		&cli.BoolFlag{Name: "consent-to-new-list", Destination: &o.newList, Usage: "if forgotten.json is lost: begin a new list with these customers, even if the lake has no data of theirs; the receipt records this"},
		&cli.BoolFlag{Name: "dry-run", Destination: &o.dryRun, Usage: "count what would be erased; change nothing"},
		yesFlag(&o.yes, "erase"),
	}, o.declaredFlags()...)
}

func forgetCommand(env *environment) *cli.Command {
	o := forgetOptions{workOptions: workOptions{command: "forget"}}
	return takes(arguments{usage: "cus_…", most: anyNumber}, &cli.Command{
		Name:  "forget",
		Usage: "erase customers and all their data, from the raw log too",
		Description: "Erases all objects and events of the customers, derives the\n" +
			"tables again from scratch, removes all older generations, keeps out their objects that Stripe lists later, and\n" +
			"writes a receipt. It cannot be undone, so it asks first. Without a customer, it finishes an interrupted erasure, without a question.\n" +
			"Example: stripelake forget cus_NffrFeUfNV2Hib --dry-run",
		Flags:  o.flags(),
		Action: func(c *cli.Context) error { return env.forget(c.Context, &o, c.Args().Slice()) },
	})
}

func (env *environment) forget(ctx context.Context, o *forgetOptions, customers []string) error {
	if _, err := load.ReadMode(o.lake); err != nil {
		return err // a lake is not created here
	}
	if len(customers) > 0 && !o.dryRun && !o.yes {
		if err := env.confirmForget(ctx, o, customers); err != nil {
			return err
		}
	}
	return env.forgetThese(ctx, o, customers)
}

// confirmForget shows what would be erased, and asks. An erasure that was interrupted
// was confirmed when it began: it is finished first.
func (env *environment) confirmForget(ctx context.Context, o *forgetOptions, customers []string) error {
	if err := canAsk("forget erases", ", or --dry-run to see what would go"); err != nil {
		return err
	}
	planned := *o
	planned.dryRun = true
	forget, err := env.forgetting(ctx, &planned, customers)
	if err != nil {
		return err
	}
	pending, err := forget.Lake.Erasures().Pending()
	if err == nil && pending != nil {
		fmt.Fprintln(env.stderr, "an erasure was interrupted, and is finished first")
		err = env.forgetThese(ctx, o, nil)
	}
	if err != nil {
		return err
	}
	receipts, err := forget.Run(ctx)
	if err != nil || len(receipts) == 0 {
		return err
	}
	for _, receipt := range receipts {
		printErased(env.stderr, receipt)
	}
	return env.confirm(ctx, fmt.Sprintf("Of %s, all of this goes from the raw log, the tables and every older generation; neither stripelake nor a later sync brings it back.",
		strings.Join(customers, ", ")), "none of them was erased")
}

// forgetting opens the lake and returns the erasure of the customers.
func (env *environment) forgetting(ctx context.Context, o *forgetOptions, customers []string) (*pipeline.Forget, error) {
	lake, declared, err := env.openToRead(ctx, &o.workOptions, !o.dryRun)
	if err != nil {
		return nil, err
	}
	return &pipeline.Forget{
		Mappings: declared.Mappings, Lake: lake, Declaration: declared, Customers: customers, Account: o.account,
		DryRun: o.dryRun, NewList: o.newList, Version: version, OnEvent: env.signals.derives,
	}, nil
}

// forgetThese erases the customers, or finishes an interrupted erasure where there are
// none.
func (env *environment) forgetThese(ctx context.Context, o *forgetOptions, customers []string) error {
	forget, err := env.forgetting(ctx, o, customers)
	if err != nil {
		return err
	}
	receipts, err := forget.Run(ctx)
	env.signals.stopDrawing()
	for _, receipt := range receipts {
		if o.json {
			_ = json.NewEncoder(env.stdout).Encode(receipt)
		} else {
			env.printReceipt(receipt)
		}
	}
	if err == nil && len(receipts) == 0 {
		env.signals.logger().Info("nothing is left of them: they were forgotten before")
	}
	return err
}

// printErased prints what an erasure takes, by stream.
func printErased(w io.Writer, r load.Receipt) {
	verb := "erased"
	if r.DryRun {
		verb = "to erase"
	}
	out := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(out, "account\tresource\t%s\tversions\tsegments\n", verb)
	for _, e := range r.Erased {
		fmt.Fprintf(out, "%s\t%s\t%s\t%s\t%s\n", e.Account, e.Stream, digits(e.Objects), digits(e.Versions), digits(e.Segments))
	}
	_ = out.Flush()
	if r.NewList {
		fmt.Fprintln(w, "a new list of the forgotten: whoever was on the one that was lost, and is not named again, comes back with the next sync")
	}
}

func (env *environment) printReceipt(r load.Receipt) {
	printErased(env.stdout, r)
	if r.DryRun {
		return
	}
	for _, m := range r.Mentions {
		fmt.Fprintf(env.stdout, "kept, and still naming an erased id: %s of %s %s\n", counted(m.Objects, "version"), m.Account, m.Stream)
	}
	fmt.Fprintf(env.stdout, "raw log %s before, %s after\n", bytesText(r.LogBefore), bytesText(r.LogAfter))
	fmt.Fprintf(env.stdout, "published generation %d; all older ones are removed\n", r.Generation)
	for _, name := range r.SetAside {
		fmt.Fprintf(env.stdout, "removed %s, which had been set aside\n", name)
	}
	fmt.Fprintln(env.stdout, "not reached:")
	for _, line := range r.Unchecked {
		fmt.Fprintf(env.stdout, "  %s\n", line)
	}
	fmt.Fprintf(env.stdout, "receipt: %s\n", r.Path)
}
