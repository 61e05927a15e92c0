package load

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"

	"golang.org/x/sync/errgroup"
)

// exporter makes the files of one partition, or links those of a table.
type exporter struct {
	*publisher
	querier // one of the connections that write

	table     *table
	unchanged []File // just to be linked
	part      partition
	dirty     []int // buckets

	files []File // made or linked
}

// write runs exporters, as many at a time as Options say. Each writer has a
// connection of its own: DuckDB sorts and writes a file in the thread that asks
// for it.
func (p *publisher) write(ctx context.Context, jobs []*exporter) error {
	var taken atomic.Int64
	group, ctx := errgroup.WithContext(ctx)
	for writer := range p.lake.opts.Writers {
		group.Go(func() (err error) {
			q := p.querier
			if writer > 0 {
				if q.conn, err = p.db.Conn(ctx); err != nil {
					return err
				}
				defer func() { err = errors.Join(err, q.conn.Close()) }()
				if err := q.run(ctx, "USE work"); err != nil {
					return err
				}
			}
			for i := taken.Add(1) - 1; i < int64(len(jobs)); i = taken.Add(1) - 1 {
				jobs[i].querier = q
				if err := jobs[i].make(ctx); err != nil {
					return fmt.Errorf("table %s: %w", jobs[i].table.Schema.Table, err)
				}
			}
			return nil
		})
	}
	return group.Wait()
}

func (e *exporter) make(ctx context.Context) error {
	for _, f := range e.unchanged {
		if err := e.link(f); err != nil {
			return err
		}
	}
	if e.unchanged != nil || e.part.rows == 0 {
		return nil
	}
	if err := e.partition(ctx); err != nil {
		return fmt.Errorf("account %s: partition %s: %w", e.part.account, e.part.label, err)
	}
	return nil
}

// partition exports the parts of a partition that changed and links the rest.
// A partition that needs more parts than before is exported whole.
func (e *exporter) partition(ctx context.Context) error {
	old := map[int]File{}
	before := 0
	for _, f := range e.before[e.table.Schema.Table] {
		if f.Account == e.part.account && f.Partition == e.part.label {
			old[f.Part], before = f, f.Parts
		}
	}
	parts := partsFor(e.part.rows, e.table.partRows(e.lake.opts.PartRows), before)
	changed := map[int]bool{}
	for _, bucket := range e.dirty {
		changed[bucket&(parts-1)] = true
	}
	var export []int
	for k := range parts {
		if !e.linkable(e.table) || parts != before || changed[k] {
			export = append(export, k)
		} else if f, ok := old[k]; ok { // a part without rows has no file
			if err := e.link(f); err != nil {
				return fmt.Errorf("part %d of %d: %w", k, parts, err)
			}
		}
	}
	err := e.parts(ctx, export, parts)
	slices.SortFunc(e.files, func(a, b File) int { return cmp.Compare(a.Part, b.Part) })
	return err
}

// parts exports some parts of a partition. Each part's rows lie all over the
// table, so that a part costs a scan of it; many parts are therefore exported
// in groups, each first written to a file of its own by one scan. With g groups
// of n parts that is g scans and n reads of a g-th, least where g is √n.
func (e *exporter) parts(ctx context.Context, export []int, parts int) error {
	groups := 1
	for groups*groups*4 <= len(export) {
		groups *= 2
	}
	for group := range groups {
		mine := slices.DeleteFunc(slices.Clone(export), func(k int) bool { return k&(groups-1) != group })
		if err := e.group(ctx, mine, parts, group, groups); err != nil {
			return err
		}
	}
	return nil
}

// group exports one of some groups of parts. Its file has a name that no other
// has: DuckDB may take one that was written again for the old one (measured).
func (e *exporter) group(ctx context.Context, export []int, parts, group, groups int) (err error) {
	from := ident(e.table.Schema.Table)
	if groups > 1 {
		file := filepath.Join(e.dir, fmt.Sprintf("%s-%s-%s-%d%s", e.table.Schema.Table, e.part.account, e.part.label, group, tmpSuffix))
		if err := e.copy(ctx, from, group, groups, "", file); err != nil {
			return fmt.Errorf("parts %d of %d: %w", group, groups, err)
		}
		defer func() { err = errors.Join(err, os.Remove(file)) }()
		from = "read_parquet(" + literal(file) + ", hive_partitioning = false)"
	}
	for _, k := range export {
		if err := e.export(ctx, from, k, parts); err != nil {
			return fmt.Errorf("part %d of %d: %w", k, parts, err)
		}
	}
	return nil
}

// link puts an unchanged file of the generation before into this one.
func (e *exporter) link(f File) error {
	to := filepath.Join(e.dir, filepath.FromSlash(f.Path))
	if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
		return err
	}
	if err := os.Link(e.lake.generationPath(e.prev.Number, filepath.FromSlash(f.Path)), to); err != nil {
		return err
	}
	e.files = append(e.files, f)
	return nil
}

// exportRowGroup rows make a row group of an exported file. DuckDB holds one
// in memory while it writes; its default is 122,880, and files are no smaller for it.
const exportRowGroup = 16_384

// exportDictionary bounds the dictionary of a text column, in bytes. DuckDB
// sets that much aside for each of a table's hundred-odd text columns; 1 MiB,
// its default, would be most of what a sync may use.
const exportDictionary = 64 << 10

// export writes one part, sorted by time and key. Sorting stays small because
// a part is: a large month as a whole runs out of a small memory limit.
func (e *exporter) export(ctx context.Context, from string, k, parts int) error {
	t, part := e.table, e.part
	f := File{
		Table: t.Schema.Table, Account: part.account, Partition: part.label, Part: k, Parts: parts,
		Path: path.Join(t.period.folder(t.Schema.Table, part.account, part.label), fmt.Sprintf("part-%02d.parquet", k)),
	}
	final := filepath.Join(e.dir, filepath.FromSlash(f.Path))
	if err := os.MkdirAll(filepath.Dir(final), 0o700); err != nil {
		return err
	}
	tmp := final + tmpSuffix
	if err := e.copy(ctx, from, k, parts, " ORDER BY "+strings.Join(t.order(), ", "), tmp); err != nil {
		return err
	}
	if err := e.inspect(ctx, tmp, &f); err != nil {
		return err
	}
	if f.Rows == 0 {
		return errors.Join(os.Remove(tmp), removeEmpty(filepath.Dir(final)))
	}
	if err := syncPath(tmp); err != nil {
		return err
	}
	trace := e.lake.opts.Trace
	hit(trace.PartWritten)
	if err := renameFile(tmp, final, moments{renamed: trace.PartRenamed}); err != nil {
		return err
	}
	e.files = append(e.files, f)
	return nil
}

// copy writes the rows of a partition whose hash falls on k of n to a file.
func (e *exporter) copy(ctx context.Context, from string, k, n int, order, file string) error {
	t := e.table
	period, err := t.period.where(e.part.label)
	if err != nil {
		return err
	}
	if err := e.trim(ctx, e.querier); err != nil {
		return err
	}
	_, err = e.exec(ctx, fmt.Sprintf(`COPY (FROM %s WHERE account = %s AND %s AND %s & %d = %d%s)
		TO %s (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE %d, STRING_DICTIONARY_PAGE_SIZE_LIMIT %d, KV_METADATA {schema: %s, fingerprint: %s})`,
		from, literal(e.part.account), period, bucketOf(""), n-1, k, order,
		literal(file), exportRowGroup, exportDictionary, literal(t.Schema.Name+"@"+t.Schema.Version), literal(t.fingerprint())))
	return err
}

// removeEmpty removes a folder if nothing is in it.
func removeEmpty(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) > 0 {
		return err
	}
	return os.Remove(dir)
}

// order is how the rows of a file are sorted.
func (t *table) order() []string {
	var columns []string
	if t.period.column != "" {
		columns = append(columns, ident(t.period.column))
	}
	return append(columns, t.keys()...)
}

// keys returns the quoted columns that tell rows of one account apart.
func (t *table) keys() []string {
	keys := make([]string, len(t.Schema.PrimaryKey))
	for i, k := range t.Schema.PrimaryKey {
		keys[i] = ident(k)
	}
	return keys
}

// inspect reads a written file back: its rows, its first and last time, and
// that no key is in it twice (Invariant 7).
func (e *exporter) inspect(ctx context.Context, file string, f *File) error {
	t := e.table
	when := "CAST(NULL AS TIMESTAMP)"
	if t.period.column != "" {
		when = ident(t.period.column)
	}
	var distinct int64
	var first, last sql.NullTime
	err := e.one(ctx, []any{&f.Rows, &distinct, &first, &last}, fmt.Sprintf(
		"SELECT count(*), count(DISTINCT struct_pack(%s)), min(%s), max(%s) FROM read_parquet(%s, hive_partitioning = false)",
		packed(t.keys()), when, when, literal(file)))
	if err != nil {
		return err
	}
	if distinct != f.Rows {
		return fmt.Errorf("%d rows have %d different keys (%s): the mapping does not tell its rows apart",
			f.Rows, distinct, strings.Join(t.keys(), ", "))
	}
	if first.Valid {
		f.First, f.Last = new(first.Time.UTC()), new(last.Time.UTC())
	}
	info, err := os.Stat(file)
	f.Bytes = sizeOf(info)
	return err
}

func packed(keys []string) string {
	members := make([]string, len(keys))
	for i, k := range keys {
		members[i] = fmt.Sprintf("k%d := %s", i, k)
	}
	return strings.Join(members, ", ")
}
