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
)

// partition exports the parts of a partition that changed and links the rest.
// A partition that needs more parts than before is exported whole.
func (p *publisher) partition(ctx context.Context, t *table, part partition, dirty []int) error {
	old := map[int]File{}
	before := 0
	for _, f := range p.before[t.Schema.Table] {
		if f.Account == part.account && f.Partition == part.label {
			old[f.Part], before = f, f.Parts
		}
	}
	parts := partsFor(part.rows, t.partRows(p.lake.opts.PartRows), before)
	changed := map[int]bool{}
	for _, bucket := range dirty {
		changed[bucket&(parts-1)] = true
	}
	var export []int
	first := len(p.Files)
	for k := range parts {
		if !p.linkable(t) || parts != before || changed[k] {
			export = append(export, k)
		} else if f, ok := old[k]; ok { // a part without rows has no file
			if err := p.link(f); err != nil {
				return fmt.Errorf("part %d of %d: %w", k, parts, err)
			}
		}
	}
	err := p.parts(ctx, t, part, export, parts)
	slices.SortFunc(p.Files[first:], func(a, b File) int { return cmp.Compare(a.Part, b.Part) })
	return err
}

// parts exports some parts of a partition. Each part's rows lie all over the
// table, so that a part costs a scan of it; many parts are therefore exported
// in groups, each first written to a file of its own by one scan. With g groups
// of n parts that is g scans and n reads of a g-th, least where g is √n.
func (p *publisher) parts(ctx context.Context, t *table, part partition, export []int, parts int) error {
	groups := 1
	for groups*groups*4 <= len(export) {
		groups *= 2
	}
	for group := range groups {
		from := ident(t.Schema.Table)
		if groups > 1 {
			file := filepath.Join(p.dir, "group"+tmpSuffix)
			from = "read_parquet(" + literal(file) + ", hive_partitioning = false)"
			if err := p.copy(ctx, t, ident(t.Schema.Table), part, group, groups, "", file); err != nil {
				return fmt.Errorf("parts %d of %d: %w", group, groups, err)
			}
		}
		for _, k := range export {
			if k&(groups-1) != group {
				continue
			}
			if err := p.export(ctx, t, from, part, k, parts); err != nil {
				return fmt.Errorf("part %d of %d: %w", k, parts, err)
			}
		}
	}
	if groups > 1 {
		return os.Remove(filepath.Join(p.dir, "group"+tmpSuffix))
	}
	return nil
}

// link puts an unchanged file of the generation before into this one.
func (p *publisher) link(f File) error {
	to := filepath.Join(p.dir, filepath.FromSlash(f.Path))
	if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
		return err
	}
	if err := os.Link(p.lake.generationPath(p.prev.Number, filepath.FromSlash(f.Path)), to); err != nil {
		return err
	}
	p.Files = append(p.Files, f)
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
func (p *publisher) export(ctx context.Context, t *table, from string, part partition, k, parts int) error {
	f := File{
		Table: t.Schema.Table, Account: part.account, Partition: part.label, Part: k, Parts: parts,
		Path: path.Join(t.period.folder(t.Schema.Table, part.account, part.label), fmt.Sprintf("part-%02d.parquet", k)),
	}
	final := filepath.Join(p.dir, filepath.FromSlash(f.Path))
	if err := os.MkdirAll(filepath.Dir(final), 0o700); err != nil {
		return err
	}
	tmp := final + tmpSuffix
	if err := p.copy(ctx, t, from, part, k, parts, " ORDER BY "+strings.Join(t.order(), ", "), tmp); err != nil {
		return err
	}
	if err := p.inspect(ctx, t, tmp, &f); err != nil {
		return err
	}
	if f.Rows == 0 {
		return errors.Join(os.Remove(tmp), removeEmpty(filepath.Dir(final)))
	}
	if err := syncPath(tmp); err != nil {
		return err
	}
	trace := p.lake.opts.Trace
	hit(trace.PartWritten)
	if err := renameFile(tmp, final, moments{renamed: trace.PartRenamed}); err != nil {
		return err
	}
	p.Files = append(p.Files, f)
	return nil
}

// copy writes the rows of a partition whose hash falls on k of n to a file.
func (p *publisher) copy(ctx context.Context, t *table, from string, part partition, k, n int, order, file string) error {
	period, err := t.period.where(part.label)
	if err != nil {
		return err
	}
	if err := p.trim(ctx); err != nil {
		return err
	}
	_, err = p.exec(ctx, fmt.Sprintf(`COPY (FROM %s WHERE account = %s AND %s AND %s & %d = %d%s)
		TO %s (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE %d, STRING_DICTIONARY_PAGE_SIZE_LIMIT %d, KV_METADATA {schema: %s, fingerprint: %s})`,
		from, literal(part.account), period, bucketOf(""), n-1, k, order,
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
func (p *publisher) inspect(ctx context.Context, t *table, file string, f *File) error {
	when := "CAST(NULL AS TIMESTAMP)"
	if t.period.column != "" {
		when = ident(t.period.column)
	}
	var distinct int64
	var first, last sql.NullTime
	err := p.one(ctx, []any{&f.Rows, &distinct, &first, &last}, fmt.Sprintf(
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
