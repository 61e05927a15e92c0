package load

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/stripelake/stripelake/internal/sqltext"
	"github.com/stripelake/stripelake/load/internal/duck"
	"github.com/stripelake/stripelake/load/internal/trace"
)

// patch makes the warehouse from the one of the generation that goes. It returns false
// if there is none that can be used, or it does not become equal to the state. After an
// error of the disk the state's DuckDB may refuse everything, so that is an error.
func (p *publisher) patch(ctx context.Context, tmp string) (done bool, err error) {
	base, ok, err := p.findBase(ctx)
	if err != nil || !ok {
		return false, err
	}
	before := bytesWritten()
	if err = p.takeBase(base, tmp); err == nil {
		trace.Hit(p.lake.opts.Trace.BaseTaken)
		err = p.bringUp(ctx, base, tmp)
	}
	if err != nil && ctx.Err() == nil && !errors.As(err, new(*DiskError)) {
		return false, duck.RemoveDatabase(tmp)
	}
	p.Patched = base.Patched + p.bytesSince(base.Positions)
	p.Stats.Warehouse = bytesWritten() - before
	return err == nil, err
}

// bringUp attaches a file and makes it equal to the state. The views stay as they are.
func (p *publisher) bringUp(ctx context.Context, base Generation, file string) (err error) {
	if err := p.db.Run(ctx, "ATTACH "+sqltext.Literal(file)+" AS base"+duck.OfState); err != nil {
		return err
	}
	defer func() {
		err = errors.Join(err, p.db.Run(context.WithoutCancel(ctx), "DETACH base"))
	}()
	if err := p.checkBase(ctx); err != nil {
		return err
	}
	for _, t := range p.tables {
		if err := p.patchTable(ctx, t, base.Revision); err != nil {
			return fmt.Errorf("table %s: %w", t.Schema.Table, err)
		}
	}
	if err := p.db.InTx(ctx, func() error { return p.patchMeta(ctx) }); err != nil {
		return err
	}
	return p.db.Run(ctx, "CHECKPOINT base")
}

// checkBase checks that a warehouse has the tables of the state, and not too many free
// blocks.
func (p *publisher) checkBase(ctx context.Context) error {
	const tables = `SELECT schema_name, table_name, sql, comment FROM duckdb_tables() WHERE schema_name IN ('main', 'history', 'meta') AND database_name = `
	var differ int64
	err := p.db.One(ctx, []any{&differ}, fmt.Sprintf("SELECT count(*) FROM ((%[1]s'work' EXCEPT %[1]s'base') UNION ALL (%[1]s'base' EXCEPT %[1]s'work'))", tables))
	if err == nil && differ > 0 {
		err = errors.New("its tables are others")
	}
	if err != nil {
		return err
	}
	sparse, err := isSparse(ctx, p.db.Session, "base")
	if err == nil && sparse {
		err = errors.New("it has too many free blocks")
	}
	return err
}

// patchTable replaces the rows of a table that differ, and adds those that its history
// gained. Each table is checkpointed on its own: until then DuckDB holds a block in
// memory for each column of the new rows, and the blocks of all tables would be spilled
// (measured: 160 MB for 1,000 objects).
func (p *publisher) patchTable(ctx context.Context, t *TableLayout, since int64) error {
	ranges, err := p.changedRanges(ctx, t, since)
	if err != nil {
		return err
	}
	err = p.db.InTx(ctx, func() error {
		for _, rows := range ranges {
			if err := p.patchRows(ctx, t, rows); err != nil {
				return err
			}
		}
		if t.Schema.History {
			return p.addReplaced(ctx, t)
		}
		return nil
	})
	if err == nil && len(ranges) > 0 {
		err = p.db.Run(ctx, "CHECKPOINT base")
	}
	return errors.Join(err, p.checkCount(ctx, sqltext.Ident(t.Schema.Table)))
}

// changedRanges returns the SQL conditions for the rows of a table that may have changed
// since a revision: one for each partition, so that DuckDB skips the row groups of all
// others.
func (p *publisher) changedRanges(ctx context.Context, t *TableLayout, since int64) (ranges []string, err error) {
	var key partition
	part := Part{Shares: 1}
	err = p.db.Each(ctx, []any{&key.account, &key.label, &part.From, &part.To}, func() error {
		rows, err := t.Period.Condition(key.label, part)
		ranges = append(ranges, "account = "+sqltext.Literal(key.account)+" AND "+rows)
		return err
	}, `SELECT account, partition, min(bucket), max(bucket) FROM state.dirty WHERE "table" = ? AND revision > ? GROUP BY ALL ORDER BY ALL`, t.Schema.Table, since)
	return ranges, err
}

// patchRows makes a range of a table equal to that of the state. A row of the same
// version of the same object is the same: only ids are compared, and only other rows
// are written.
func (p *publisher) patchRows(ctx context.Context, t *TableLayout, rows string) error {
	name := sqltext.Ident(t.Schema.Table)
	ids := append(slices.Clone(t.Keys()), "_source_id", "_seq")
	same := make([]string, len(ids))
	for i, id := range ids {
		same[i] = fmt.Sprintf("a.%[1]s IS NOT DISTINCT FROM b.%[1]s", id)
	}
	only := func(in, notIn string) string {
		from := func(database string) string {
			return fmt.Sprintf("(SELECT rowid AS row, %s FROM %s.main.%s WHERE %s)", strings.Join(ids, ", "), database, name, rows)
		}
		return fmt.Sprintf("%s AND rowid IN (SELECT a.row FROM %s a ANTI JOIN %s b ON %s)", rows, from(in), from(notIn), strings.Join(same, " AND "))
	}
	return p.db.Run(ctx,
		fmt.Sprintf("DELETE FROM base.main.%s WHERE %s", name, only("base", "work")),
		fmt.Sprintf("INSERT INTO base.main.%[1]s FROM work.main.%[1]s WHERE %[2]s", name, only("work", "base")))
}

// addReplaced adds the rows that a history gained. A history only grows, so they are
// behind those that the base has, as long as the state is not rewritten: the last of
// these is in the same place in both.
func (p *publisher) addReplaced(ctx context.Context, t *TableLayout) error {
	name := HistoryTable(t.Schema)
	var rows int64
	err := p.db.One(ctx, []any{&rows}, "SELECT count(*) FROM base."+name)
	if err == nil {
		err = p.checkEqual(ctx, "the last row", fmt.Sprintf("SELECT hash(t) FROM %%s.%s t WHERE rowid = %d", name, rows-1))
	}
	if err == nil {
		_, err = p.db.Exec(ctx, fmt.Sprintf("INSERT INTO base.%[1]s FROM work.%[1]s WHERE rowid >= %[2]d", name, rows))
	}
	if err == nil {
		err = p.checkCount(ctx, name)
	}
	if err != nil {
		return fmt.Errorf("its history: %w", err)
	}
	return nil
}

// checkCount checks that a table has as many rows as that of the state (Invariant 7).
func (p *publisher) checkCount(ctx context.Context, name string) error {
	return p.checkEqual(ctx, "the number of rows", "SELECT count(*) FROM %s."+name)
}

// checkEqual checks that a query has the same answer in both databases. query has the
// verb %s for the database.
func (p *publisher) checkEqual(ctx context.Context, what, query string) error {
	var equal bool
	err := p.db.One(ctx, []any{&equal}, fmt.Sprintf("SELECT (%s) IS NOT DISTINCT FROM (%s)", fmt.Sprintf(query, "base"), fmt.Sprintf(query, "work")))
	if err == nil && !equal {
		err = errors.New(what + " differs from the state's")
	}
	return err
}
