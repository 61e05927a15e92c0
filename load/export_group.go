package load

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/stripelake/stripelake/internal/sqltext"
	"github.com/stripelake/stripelake/load/internal/atomicfile"
	"github.com/stripelake/stripelake/load/internal/duck"
)

// A file of a few rows takes as long as its statement takes to be planned. So the
// partitions of a small table are written together, and read back together.

// smallValues is the most values in a table whose partitions are written together.
// DuckDB holds and sorts all of them at once.
const smallValues = 250_000

// openColumns is the most columns of all files that one statement writes: DuckDB has a
// buffer for each until it ends (measured: with 27,000 the usual limit is too low).
const openColumns = 2_000

// isSmall reports whether a table is small. Each partition of it is one file.
func (p *publisher) isSmall(t *TableLayout) bool {
	rows := p.Rows[t.Schema.Table]
	return rows <= t.partRows(p.lake.opts.PartRows) && rows*int64(t.Width()) <= smallValues
}

// together divides a table's exporters into those that one statement serves.
func (p *publisher) together(t *TableLayout, jobs []*exporter) (groups [][]*exporter) {
	most := 1
	if p.isSmall(t) {
		most = max(1, openColumns/t.Width())
	}
	var open []*exporter
	for _, job := range jobs {
		if job.isUnchanged() {
			groups = append(groups, []*exporter{job})
			continue
		}
		if open = append(open, job); len(open) == most {
			groups, open = append(groups, open), nil
		}
	}
	if len(open) > 0 {
		groups = append(groups, open)
	}
	return groups
}

// makeGroup runs exporters on one connection. Where memory is too low for several at
// once, as with texts of megabytes, it runs them one by one.
func makeGroup(ctx context.Context, q duck.Session, group []*exporter) error {
	for _, job := range group {
		job.Session = q
	}
	if len(group) > 1 {
		if err := group[0].exportAll(ctx, group); !NeedsMemory(err) {
			return err
		}
	}
	for _, job := range group {
		if err := job.make(ctx); err != nil {
			return err
		}
	}
	return nil
}

// partNumber is the column that says to which file of a group a row belongs. No field
// has a hyphen in its name.
const partNumber = "part-number"

// exportAll writes the partitions of a group, each sorted as by export, and gives them
// their places. It takes none before all are written and inspected.
func (e *exporter) exportAll(ctx context.Context, group []*exporter) error {
	dir := filepath.Join(e.dir, fmt.Sprintf("%s-%s-%s%s", e.part.table, e.part.account, e.part.label, atomicfile.TempSuffix))
	defer func() { _ = os.RemoveAll(dir) }() // the generation is not sealed with it
	if err := e.copyAll(ctx, group, dir); err != nil {
		return err
	}
	written, err := filepath.Glob(filepath.Join(dir, "*", "*"))
	if err != nil || len(written) == 0 {
		return err
	}
	found, err := e.inspect(ctx, written...)
	if err != nil {
		return err
	}
	for i, job := range group {
		of := filepath.Join(dir, fmt.Sprintf("%s=%d", partNumber, i+1))
		for name, f := range found {
			if filepath.Dir(name) != of {
				continue
			}
			if err := os.MkdirAll(filepath.Dir(job.pathOf(whole)), 0o700); err != nil {
				return err
			}
			if err := job.take(name, whole, f); err != nil {
				return err
			}
		}
	}
	return nil
}

// copyAll writes a group's rows into folders of dir, one for each partition.
func (e *exporter) copyAll(ctx context.Context, group []*exporter, dir string) error {
	t := e.table
	labels := make([]string, len(group))
	for i, job := range group {
		labels[i] = sqltext.Literal(job.part.account + "/" + job.part.label)
	}
	_, err := e.Exec(ctx, fmt.Sprintf(`COPY (SELECT %[1]s FROM (SELECT *, list_position([%[2]s], concat(account, '/', %[3]s)) AS %[4]s FROM %[5]s)
		WHERE %[4]s > 0 ORDER BY %[6]s) TO %[7]s (%[8]s, PARTITION_BY (%[4]s))`,
		duck.FileColumns(t.Schema), strings.Join(labels, ", "), t.Period.label(""), sqltext.Ident(partNumber), sqltext.Ident(e.part.table),
		strings.Join(t.order(), ", "), sqltext.Literal(dir), e.format(t)))
	return err
}
