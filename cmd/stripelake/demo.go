package main

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"github.com/urfave/cli/v2"

	"github.com/stripelake/stripelake/extract"
	"github.com/stripelake/stripelake/internal/pipeline"
	"github.com/stripelake/stripelake/internal/stripesim"
	"github.com/stripelake/stripelake/load"
)

func demoCommand(env *environment) *cli.Command {
	return &cli.Command{
		Name:  "demo",
		Usage: "a simulated account, a full sync, and who pays later; needs no key",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "lake", Value: "./demo-lake", Usage: "the lake's `DIR`"},
			&cli.IntFlag{Name: "charges", Value: 20_000, Usage: "size of the simulated business: `N` charges"},
		},
		Action: func(c *cli.Context) error { return env.demo(c) },
	}
}

// demo runs the product's main job against a business made up on the spot: a
// simulated Stripe on a loopback port, a real sync over HTTP, and the
// buy-now-pay-later answer out of the warehouse.
func (env *environment) demo(c *cli.Context) error {
	fmt.Fprintln(env.stdout, "A simulated Stripe account: one year of a shop that sells in ten currencies.")
	server, err := stripesim.New(stripesim.Config{Charges: c.Int("charges")})
	if err != nil {
		return err
	}
	url, stop, err := server.Start("127.0.0.1:0")
	if err != nil {
		return err
	}
	defer stop()
	dir := c.String("lake")
	if err := env.demoSync(c, url); err != nil {
		return err
	}
	if err := env.demoAnswer(c.Context, filepath.Join(dir, "current", "warehouse.duckdb")); err != nil {
		return err
	}
	fmt.Fprint(env.stdout, strings.ReplaceAll(demoNext, "LAKE", dir))
	return nil
}

func (env *environment) demoSync(c *cli.Context, url string) error {
	// The simulated account has no rate limit of its own.
	client, err := extract.New(extract.Config{Key: simulatedKey, BaseURL: url, MaxRPS: 4000})
	if err != nil {
		return err
	}
	lake, declared, err := env.workOn(c, client.Mode(), false, lakeOptions)
	if err != nil {
		return err
	}
	show := env.renderer(false)
	defer show.done()
	sync := pipeline.Sync{Client: client, Plan: declared.Plan, Lake: lake, Redactors: declared.Redactors, Declaration: declared, OnEvent: show.event}
	_, err = sync.Run(c.Context)
	return err
}

// demoQuestion is one query whose answer the demo prints. No sum crosses
// currencies: amounts are shown within one, shares are of counts.
type demoQuestion struct{ title, query string }

var demoQuestions = []demoQuestion{
	{"Who pays later? Successful payments in 2025 by provider", `
SELECT coalesce(bnpl.provider, 'card') AS paid_with,
       count(*) AS payments,
       round(100.0 * count(*) / sum(count(*)) OVER (), 1)::DECIMAL(5,1) || ' %' AS share
FROM charges
WHERE status = 'succeeded' AND captured
GROUP BY ALL ORDER BY payments DESC, paid_with`},
	{"In which currency? Average basket, pay later against card", `
SELECT currency,
       count(*) FILTER (bnpl IS NOT NULL) AS pay_later,
       round(100.0 * count(*) FILTER (bnpl IS NOT NULL) / count(*), 1)::DECIMAL(5,1) || ' %' AS share,
       avg(amount) FILTER (bnpl IS NOT NULL)::DECIMAL(18,2) AS basket_pay_later,
       avg(amount) FILTER (bnpl IS NULL)::DECIMAL(18,2) AS basket_card
FROM charges
WHERE status = 'succeeded' AND captured
GROUP BY ALL ORDER BY pay_later DESC, currency`},
	{"Is it growing? Share of pay later by month", `
SELECT strftime(created, '%Y-%m') AS month,
       count(*) AS payments,
       count(*) FILTER (bnpl IS NOT NULL) AS pay_later,
       round(100.0 * count(*) FILTER (bnpl IS NOT NULL) / count(*), 1)::DECIMAL(5,1) || ' %' AS share,
       rtrim(bar(count(*) FILTER (bnpl IS NOT NULL) / count(*), 0, 0.5, 20)) AS growth
FROM charges
WHERE status = 'succeeded' AND captured
GROUP BY ALL ORDER BY month`},
}

const demoNext = `
Try next:
  bin/stripelake report bnpl --lake LAKE         # the same as a page with charts: ./bnpl.html
  bin/stripelake status --lake LAKE
  duckdb -readonly LAKE/current/warehouse.duckdb 'DESCRIBE charges'
  bin/stripelake simulate                        # a simulated Stripe to play with, in another terminal:
  STRIPE_API_KEY=sk_test_simulated bin/stripelake sync --api-base http://127.0.0.1:12111
  STRIPE_API_KEY=rk_live_...       bin/stripelake sync       # your own account, into ./lake
`

func (env *environment) demoAnswer(ctx context.Context, warehouse string) error {
	db, err := load.OpenWarehouse(warehouse)
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	for _, q := range demoQuestions {
		fmt.Fprintf(env.stdout, "\n%s\n\n", q.title)
		if err := env.printQuery(ctx, db, q.query); err != nil {
			return fmt.Errorf("%s: %w", q.title, err)
		}
	}
	return nil
}

// printQuery prints a query's rows as an aligned table.
func (env *environment) printQuery(ctx context.Context, db *sql.DB, query string) error {
	rows, err := db.QueryContext(ctx, "SELECT COLUMNS(*)::VARCHAR FROM ("+query+")")
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	names, err := rows.Columns()
	if err != nil {
		return err
	}
	table := tabwriter.NewWriter(env.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, strings.Join(names, "\t"))
	for rows.Next() {
		cells := make([]sql.NullString, len(names))
		targets := make([]any, len(names))
		for i := range cells {
			targets[i] = &cells[i]
		}
		if err := rows.Scan(targets...); err != nil {
			return err
		}
		texts := make([]string, len(cells))
		for i, cell := range cells {
			texts[i] = cell.String
		}
		fmt.Fprintln(table, strings.Join(texts, "\t"))
	}
	if err := rows.Err(); err != nil {
		return err
	}
	return table.Flush()
}
