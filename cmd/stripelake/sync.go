package main

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/stripelake/stripelake/internal/pipeline"
)

// publishEvery is how often a long backfill shows people what it has.
const publishEvery = 5 * time.Minute

func syncCommand(env *environment) *cli.Command {
	return takes(arguments{usage: "[resource…]", most: anyNumber}, &cli.Command{
		Name:  "sync",
		Usage: "backfill what is missing, then what is new",
		Description: "Reads charges, subscriptions, refunds, balance_transactions, customers and prices (or those named),\n" +
			"keeps every object as sent, maps it, and publishes the lake. Interrupted, the next run goes on.",
		Flags: append([]cli.Flag{
			lakeFlag(), schemasFlag(), jsonFlag("print events as JSON lines; the last one is a summary"),
			&cli.StringFlag{Name: "from", Usage: "backfill objects created since `DATE` (the first one is remembered)"},
			&cli.StringFlag{Name: "to", Usage: "read objects created before `DATE` only, in this run"},
			lookBackFlag(),
			&cli.BoolFlag{Name: "rebuild", Usage: "derive again the tables whose schemas or mappings changed; otherwise their old ones stay in use"},
			exposeFlag(),
			&cli.StringSliceFlag{Name: "account", Usage: "read the connected account `ACCT` (repeatable; @FILE names one a line) instead of the key's own"},
			waitFlag(),
			&cli.StringFlag{Name: "max-rejects", Value: "0%", Usage: "exit 3 when more than this `SHARE` of the objects does not fit its schema"},
		}, stripeFlags()...),
		Action: func(c *cli.Context) error { return env.sync(c) },
	})
}

func (env *environment) sync(c *cli.Context) error {
	bounds, err := parseRange(c)
	if err != nil {
		return err
	}
	maxRejects, err := parseShare(c, "max-rejects")
	if err != nil {
		return err
	}
	accounts, err := connected(c.StringSlice("account"))
	if err != nil {
		return err
	}
	client, err := env.client(c)
	if err != nil {
		return err
	}
	lake, declared, err := env.workOn(c, client.Mode(), c.Bool("rebuild"), lakeOptions)
	if err != nil {
		return err
	}
	show := env.renderer(c.Bool("json"))
	defer show.done()
	sync := pipeline.Sync{
		Client: client, Plan: declared.Plan, Lake: lake, Redactors: declared.Redactors, Declaration: declared, Label: c.String("account-label"), Accounts: accounts, Resources: c.Args().Slice(),
		Range: bounds, Rebuild: c.Bool("rebuild"), MaxRejects: maxRejects, PublishEvery: publishEvery, OnEvent: show.event,
	}
	_, err = sync.Run(c.Context)
	return err
}

// connected reads the accounts that --account names. A file has one a line;
// empty lines and what follows # do not count.
func connected(named []string) ([]string, error) {
	var accounts []string
	for _, name := range named {
		file, ok := strings.CutPrefix(name, "@")
		if !ok {
			accounts = append(accounts, name)
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, &pipeline.UsageError{Message: fmt.Sprintf("--account %s: %v", name, err)}
		}
		for line := range strings.Lines(string(text)) {
			line, _, _ = strings.Cut(line, "#")
			if line = strings.TrimSpace(line); line != "" {
				accounts = append(accounts, line)
			}
		}
	}
	slices.Sort(accounts)
	return slices.Compact(accounts), nil
}
