package load

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/stripelake/stripelake/internal/sqltext"
)

// patchMeta makes the tables about the lake equal to those of the state. It writes only
// rows that differ: rejects may be many.
func (p *publisher) patchMeta(ctx context.Context) error {
	if err := p.setLake(ctx); err != nil {
		return err
	}
	if err := p.db.Run(ctx, "CREATE OR REPLACE TEMP TABLE listed AS FROM meta.partitions LIMIT 0"); err != nil {
		return err
	}
	if err := p.listFiles(ctx, p.db.Session, "temp.listed"); err != nil {
		return err
	}
	pairs, err := p.metaTables(ctx)
	if err != nil {
		return err
	}
	for _, change := range []func(context.Context, pair) error{p.exchange, p.replace} {
		if pairs, err = p.differing(ctx, pairs); err != nil {
			return err
		}
		for _, t := range pairs {
			if err := change(ctx, t); err != nil {
				return fmt.Errorf("%s: %w", t.to, err)
			}
		}
	}
	if pairs, err = p.differing(ctx, pairs); err == nil && len(pairs) > 0 {
		err = errors.New(pairs[0].to + " stays another one")
	}
	return errors.Join(err, p.db.Run(ctx, "DROP TABLE temp.listed"))
}

// pair has the SQL names of a table and of the one that is to become equal to it.
type pair struct{ from, to string }

// metaTables returns the tables about the lake, with those that have their rows.
func (p *publisher) metaTables(ctx context.Context) (pairs []pair, err error) {
	var name string
	err = p.db.Each(ctx, []any{&name}, func() error {
		t := pair{"work.meta." + sqltext.Ident(name), "base.meta." + sqltext.Ident(name)}
		if name == "partitions" {
			t.from = "temp.listed"
		}
		pairs = append(pairs, t)
		return nil
	}, "SELECT table_name FROM duckdb_tables() WHERE database_name = 'work' AND schema_name = 'meta' AND table_name <> 'lake' ORDER BY ALL")
	return pairs, err
}

// differing returns the pairs of tables that have other rows.
func (p *publisher) differing(ctx context.Context, pairs []pair) (differ []pair, err error) {
	if len(pairs) == 0 {
		return nil, nil
	}
	const rows = "(SELECT struct_pack(n := count(*), h := sum(hash(t))) FROM %s t)"
	queries := make([]string, len(pairs))
	for i, t := range pairs {
		queries[i] = fmt.Sprintf("SELECT %d AS i WHERE "+rows+" IS DISTINCT FROM "+rows, i, t.from, t.to)
	}
	var i int
	err = p.db.Each(ctx, []any{&i}, func() error {
		differ = append(differ, pairs[i])
		return nil
	}, strings.Join(queries, " UNION ALL ")+" ORDER BY i")
	return differ, err
}

// exchange replaces the rows that only one of the tables has.
func (p *publisher) exchange(ctx context.Context, t pair) error {
	return p.db.Run(ctx,
		fmt.Sprintf("DELETE FROM %s AS t WHERE hash(t) NOT IN (SELECT hash(s) FROM %s s)", t.to, t.from),
		fmt.Sprintf("INSERT INTO %[2]s SELECT s.* FROM %[1]s s WHERE hash(s) NOT IN (SELECT hash(t) FROM %[2]s t)", t.from, t.to))
}

// replace replaces all rows, for tables that have a row twice.
func (p *publisher) replace(ctx context.Context, t pair) error {
	return p.db.Run(ctx, "DELETE FROM "+t.to, fmt.Sprintf("INSERT INTO %s FROM %s", t.to, t.from))
}

// setLake sets the row of meta.lake.
func (p *publisher) setLake(ctx context.Context) error {
	return p.db.Run(ctx, "DELETE FROM base.meta.lake", p.lakeRow("base.meta.lake"))
}
