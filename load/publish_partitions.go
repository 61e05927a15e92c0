package load

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/stripelake/stripelake/internal/sqltext"
	"github.com/stripelake/stripelake/load/internal/atomicfile"
)

// partition identifies one partition of a table.
type partition struct{ table, account, label string }

// partitions exports or links every part of every partition of every table, in the
// order of the tables.
func (p *publisher) partitions(ctx context.Context) error {
	var jobs []*exporter
	var groups [][]*exporter
	for _, t := range p.tables {
		more, err := p.exports(ctx, t)
		if err != nil {
			return fmt.Errorf("table %s: %w", t.Schema.Table, err)
		}
		jobs, groups = append(jobs, more...), append(groups, p.together(t, more)...)
	}
	if err := p.writeAll(ctx, groups); err != nil {
		return err
	}
	var made []string
	for _, job := range jobs {
		p.Files, made = append(p.Files, job.files...), append(made, job.made...)
		p.Stats.Partitions += job.written
	}
	p.Stats.Files = len(made)
	// The generation is linked only after everything is on the disk (Invariant 7): the
	// files here, their names when the generation is sealed.
	if err := atomicfile.SyncAll(made); err != nil {
		return err
	}
	for _, t := range p.tables {
		if err := p.checkRows(t); err != nil {
			return fmt.Errorf("table %s: %w", t.Schema.Table, err)
		}
	}
	return nil
}

// writeAll runs groups of exporters, some at a time: between them the state is refreshed.
func (p *publisher) writeAll(ctx context.Context, groups [][]*exporter) error {
	of := map[string]int{} // groups that write, by table
	for _, g := range groups {
		if !g[0].isUnchanged() {
			of[g[0].part.table]++
		}
	}
	for len(groups) > 0 {
		n, rows := 0, int64(0)
		for ; n < len(groups) && rows < p.lake.opts.refreshAfter; n++ {
			if first := groups[n][0]; !first.isUnchanged() {
				rows += p.Rows[first.part.table] / int64(of[first.part.table])
			}
		}
		err := p.write(ctx, groups[:n])
		if err == nil {
			err = p.refresh(ctx, rows)
		}
		if err != nil {
			return err
		}
		groups = groups[n:]
	}
	return nil
}

// exports returns the exporters for a table's partitions. An exporter without changes
// links its partition's files.
func (p *publisher) exports(ctx context.Context, t *TableLayout) ([]*exporter, error) {
	var rows int64
	if err := p.db.One(ctx, []any{&rows}, "SELECT count(*) FROM "+sqltext.Ident(t.Schema.Table)); err != nil {
		return nil, err
	}
	p.Rows[t.Schema.Table] = rows // an empty table has a count, too
	dirty, err := p.dirty(ctx, t)
	if err != nil {
		return nil, err
	}
	all, err := p.partitionsOf(ctx, t, dirty)
	var jobs []*exporter
	for _, part := range all {
		job := &exporter{publisher: p, table: t, part: part, dirty: dirty[part]}
		if p.linkable(t) {
			job.old = p.before[part]
		}
		jobs = append(jobs, job)
	}
	return jobs, err
}

// checkRows checks that the files of a table hold all of its rows (Invariant 7).
func (p *publisher) checkRows(t *TableLayout) error {
	var rows int64
	for _, f := range p.Files {
		if f.Table == t.Schema.Table {
			rows += f.Rows
		}
	}
	if rows != p.Rows[t.Schema.Table] {
		return fmt.Errorf("%d rows in its files, %d in the state", rows, p.Rows[t.Schema.Table])
	}
	return nil
}

// dirty returns the buckets that changed since the previous generation, by partition.
func (p *publisher) dirty(ctx context.Context, t *TableLayout) (map[partition][]int, error) {
	changed := map[partition][]int{}
	key := partition{table: t.Schema.Table}
	var bucket int
	err := p.db.Each(ctx, []any{&key.account, &key.label, &bucket}, func() error {
		changed[key] = append(changed[key], bucket)
		return nil
	}, `SELECT DISTINCT account, partition, bucket FROM state.dirty WHERE "table" = ? AND revision > ?`,
		t.Schema.Table, p.prev.Revision)
	return changed, err
}

// partitionsOf returns the partitions of a table, in order. If those of the previous
// generation still apply, it reads no rows.
func (p *publisher) partitionsOf(ctx context.Context, t *TableLayout, dirty map[partition][]int) (all []partition, err error) {
	if p.linkable(t) {
		for part := range p.before {
			if part.table == t.Schema.Table {
				all = append(all, part)
			}
		}
		all = slices.AppendSeq(all, maps.Keys(dirty))
	} else {
		one := partition{table: t.Schema.Table}
		err = p.db.Each(ctx, []any{&one.account, &one.label}, func() error {
			all = append(all, one)
			return nil
		}, fmt.Sprintf("SELECT DISTINCT account, %s FROM %s", t.Period.label(""), sqltext.Ident(t.Schema.Table)))
	}
	slices.SortFunc(all, func(a, b partition) int {
		return cmp.Or(cmp.Compare(a.account, b.account), cmp.Compare(a.label, b.label))
	})
	return slices.Compact(all), err
}
