package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/stripelake/stripelake/extract"
	"github.com/stripelake/stripelake/internal/pipeline"
	"github.com/stripelake/stripelake/internal/stripesim"
	"github.com/stripelake/stripelake/load"
	"github.com/stripelake/stripelake/load/query"
)

type demoOptions struct {
	lake    string
	charges int
	now     string // a date; empty is today, or the end of the lake's demo
}

func (o *demoOptions) flags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "lake", Destination: &o.lake, Value: "./demo-lake", Usage: "the lake's `DIR`", Action: refuseEmptyLake},
		&cli.IntFlag{Name: "charges", Destination: &o.charges, Value: 20_000, Usage: "size of the simulated business: `N` charges"},
		&cli.StringFlag{Name: "now", Destination: &o.now, Usage: "the business ends before `DATE` (UTC) (default: today, or as the lake's demo did)"},
	}
}

func demoCommand(env *environment) *cli.Command {
	var o demoOptions
	return takesNone(&cli.Command{
		Name:  "demo",
		Usage: "create a simulated account, sync it, and show who pays later; needs no key",
		Description: "Serves a simulated Stripe on a loopback address while it runs, and makes no other request.\n" +
			"Example: stripelake demo --charges 5000 --lake /tmp/demo-lake",
		Flags:  o.flags(),
		Action: func(c *cli.Context) error { return env.demo(c.Context, &o) },
	})
}

// demoDays is the length of the demo's business.
const demoDays = 365

// demo runs the product's main job for a simulated business: a simulated Stripe
// on a loopback port, a sync over HTTP, and the buy-now-pay-later question to
// the warehouse.
func (env *environment) demo(ctx context.Context, o *demoOptions) error {
	env.signals.stage("making up a business")
	server, err := demoServer(ctx, o)
	if err != nil {
		return err
	}
	fmt.Fprintln(env.stdout, "A simulated Stripe account: one year of a shop that sells in ten currencies.")
	url, stop, err := server.Start("127.0.0.1:0")
	if err != nil {
		return err
	}
	defer stop()
	if err := env.demoSync(ctx, o, url); err != nil {
		return err
	}
	if err := env.demoAnswer(ctx, o.lake); err != nil {
		return err
	}
	fmt.Fprint(env.stdout, strings.ReplaceAll(demoNext, "LAKE", o.lake))
	return nil
}

// demoServer starts the simulated business. A lake that holds the demo of
// another day keeps that day: two businesses of one account would mix.
func demoServer(ctx context.Context, o *demoOptions) (*stripesim.Server, error) {
	until, err := parseTime("--now", o.now)
	if err != nil {
		return nil, err
	}
	if until.IsZero() {
		until = time.Now().UTC()
	}
	until = until.Truncate(24 * time.Hour)
	invent := func() (*stripesim.Server, error) {
		return stripesim.New(stripesim.Config{Charges: o.charges, From: until.AddDate(0, 0, -demoDays), To: until})
	}
	server, err := invent()
	if err != nil {
		return nil, err
	}
	held, err := demoEnd(ctx, o.lake, server.AccountID())
	switch {
	case err != nil || held.IsZero() || held.Equal(until):
		return server, err
	case o.now != "":
		return nil, &pipeline.UsageError{Message: fmt.Sprintf("%s holds the demo of %s: leave --now out, remove the folder, or name another by --lake", o.lake, held.Format(time.DateOnly))}
	}
	until = held
	return invent()
}

// demoEnd returns the day before which the demo's business in a lake ends, or
// zero if the lake has none. The business began when its first price was
// created.
func demoEnd(ctx context.Context, lake, account string) (time.Time, error) {
	path := filepath.Join(lake, "current", "warehouse.duckdb")
	if _, err := os.Stat(path); err != nil {
		return time.Time{}, nil // nothing is published there
	}
	db, err := load.OpenWarehouse(path)
	if err != nil {
		return time.Time{}, err
	}
	defer func() { _ = db.Close() }()
	var began sql.NullTime
	if err := db.QueryRowContext(ctx, "SELECT min(created) FROM prices WHERE account = ?", account).Scan(&began); err != nil || !began.Valid {
		return time.Time{}, err
	}
	return began.Time.UTC().Truncate(24*time.Hour).AddDate(0, 0, demoDays), nil
}

func (env *environment) demoSync(ctx context.Context, o *demoOptions, url string) error {
	// The simulated account has no rate limit of its own.
	client, err := extract.New(extract.Config{Key: simulatedKey, BaseURL: url, MaxRPS: simulatedRPS, OnRequest: env.signals.sent})
	if err != nil {
		return err
	}
	lake, declared, err := env.openToWork(ctx, &workOptions{command: "demo", lake: o.lake}, client.Mode(), false, loadOptions)
	if err != nil {
		return err
	}
	show := env.renderer(false)
	sync := pipeline.Sync{Source: pipeline.Source{Client: client}, Mappings: declared.Mappings, Lake: lake, Redactors: declared.Redactors, Declaration: declared, OnEvent: show.event}
	_, err = sync.Run(ctx)
	return err
}

// The demo's queries. No sum crosses currencies: shares are of counts.
const (
	demoProviders = `
SELECT coalesce(bnpl.provider, 'card') AS paid_with,
       count(*) AS payments,
       round(100.0 * count(*) / sum(count(*)) OVER (), 1)::DECIMAL(5,1) || ' %' AS share
FROM charges
WHERE status = 'succeeded' AND captured
GROUP BY ALL ORDER BY payments DESC, paid_with`
	demoGrowth = `
SELECT round(100.0 * count(*) FILTER (later AND begins) / count(*) FILTER (begins), 1)::DECIMAL(5,1) || ' % of the payments of the first three months, '
    || round(100.0 * count(*) FILTER (later AND ends) / count(*) FILTER (ends), 1)::DECIMAL(5,1) || ' % of those of the last three'
FROM (
  SELECT bnpl IS NOT NULL AS later, created < min(created) OVER () + INTERVAL 91 DAY AS begins, created > max(created) OVER () - INTERVAL 91 DAY AS ends
  FROM charges WHERE status = 'succeeded' AND captured)`
)

const demoNext = `
Try next:
  bin/stripelake report bnpl --lake LAKE         # by currency, country and month, with charts: ./bnpl.html
  bin/stripelake query --lake LAKE 'SELECT currency, month, net, payouts FROM net_monthly ORDER BY ALL'
  bin/stripelake status --lake LAKE
  bin/stripelake simulate                        # a simulated Stripe to play with, in another terminal:
  STRIPE_API_KEY=sk_test_simulated bin/stripelake sync --api-base http://127.0.0.1:12111 --max-rps 4000
  STRIPE_API_KEY=rk_live_...       bin/stripelake sync       # your own account, into ./lake
`

func (env *environment) demoAnswer(ctx context.Context, lake string) error {
	env.signals.stage("asking who pays later")
	fmt.Fprint(env.stdout, "\nWho pays later? The payments of a year by provider\n\n")
	answer, err := query.Ask(ctx, lake, query.Question{SQL: demoProviders})
	if err == nil {
		err = errors.Join(writeTable(ctx, answer, env.stdout, nil), answer.Close())
	}
	if err != nil {
		return fmt.Errorf("ask who pays later: %w", err)
	}
	db, err := load.OpenWarehouse(filepath.Join(lake, "current", "warehouse.duckdb"))
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	var growth sql.NullString // null where nobody paid in one of them
	if err := db.QueryRowContext(ctx, demoGrowth).Scan(&growth); err != nil {
		return fmt.Errorf("ask whether it grows: %w", err)
	}
	if growth.Valid {
		fmt.Fprintf(env.stdout, "\nIs it growing? Pay later is %s.\n", growth.String)
	}
	return nil
}
