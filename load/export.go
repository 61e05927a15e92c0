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

	"github.com/stripelake/stripelake/internal/sqltext"
	"github.com/stripelake/stripelake/load/internal/atomicfile"
	"github.com/stripelake/stripelake/load/internal/duck"
	"github.com/stripelake/stripelake/load/internal/trace"
)

// exporter writes or links the files of one partition.
type exporter struct {
	*publisher
	duck.Session // one of the connections that write

	table *TableLayout
	part  partition
	old   []File // files of the previous generation, to be linked where nothing changed
	dirty []int  // buckets that changed

	files   []File   // written or linked
	made    []string // paths of the files written; they may not be on the disk yet
	written int64    // bytes, those of groups included
}

// write runs groups of exporters, as many at a time as Options say. Each writer has its
// own connection: DuckDB sorts and writes a file in the calling thread.
func (p *publisher) write(ctx context.Context, groups [][]*exporter) error {
	var taken atomic.Int64
	group, ctx := errgroup.WithContext(ctx)
	for writer := range p.lake.opts.Writers {
		group.Go(func() (err error) {
			q := p.db.Session
			if writer > 0 {
				if q.Conn, err = p.db.DB.Conn(ctx); err != nil {
					return err
				}
				defer func() { err = errors.Join(err, q.Conn.Close()) }()
				if err := q.Run(ctx, "USE work"); err != nil {
					return err
				}
			}
			for i := taken.Add(1) - 1; i < int64(len(groups)); i = taken.Add(1) - 1 {
				if err := makeGroup(ctx, q, groups[i]); err != nil {
					return fmt.Errorf("table %s: %w", groups[i][0].table.Schema.Table, err)
				}
			}
			return nil
		})
	}
	return group.Wait()
}

func (e *exporter) make(ctx context.Context) error {
	if err := e.partition(ctx); err != nil {
		return fmt.Errorf("account %s: partition %s: %w", e.part.account, e.part.label, err)
	}
	return nil
}

// partition links the unchanged parts and exports the others.
func (e *exporter) partition(ctx context.Context) error {
	if e.isUnchanged() {
		return e.link(e.old...)
	}
	if e.isWhole() {
		return e.shares(ctx, whole)
	}
	inBucket, err := e.count(ctx)
	if err != nil {
		return err
	}
	var old []Part
	files := map[Part][]File{} // by part, with all of its shares
	for _, f := range e.old {
		old = append(old, f.Part)
		all := f.Part
		all.Share = 0
		files[all] = append(files[all], f)
	}
	for _, p := range cut(inBucket, old, e.table.partRows(e.lake.opts.PartRows)) {
		switch {
		case p.rows(inBucket) == 0: // no file
		case len(files[p]) > 0 && !slices.ContainsFunc(e.dirty, func(b int) bool { return p.From <= b && b <= p.To }):
			err = e.link(files[p]...)
		default:
			err = e.shares(ctx, p)
		}
		if err != nil {
			return err
		}
	}
	slices.SortFunc(e.files, func(a, b File) int {
		return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.Share, b.Share))
	})
	return nil
}

func (e *exporter) isUnchanged() bool { return len(e.old) > 0 && len(e.dirty) == 0 }

// isWhole reports whether the partition goes into one file, however many of the table's
// rows are in it: they need not be counted. Where files of the previous generation
// apply, a partition may have lost all its rows, and has no file.
func (e *exporter) isWhole() bool {
	return !e.linkable(e.table) && e.Rows[e.part.table] <= e.table.partRows(e.lake.opts.PartRows)
}

// count returns the number of the partition's rows in each bucket.
func (e *exporter) count(ctx context.Context) ([]int64, error) {
	inBucket := make([]int64, buckets)
	period, err := e.table.Period.where(e.part.label)
	if err != nil {
		return nil, err
	}
	var bucket int
	var rows int64
	err = e.Each(ctx, []any{&bucket, &rows}, func() error {
		inBucket[bucket] = rows
		return nil
	}, fmt.Sprintf("SELECT %s AS bucket, count(*) FROM %s WHERE account = %s AND %s GROUP BY bucket",
		e.table.Period.bucket(""), sqltext.Ident(e.part.table), sqltext.Literal(e.part.account), period))
	return inBucket, err
}

// shares exports a part, share by share. The rows of a share are spread over the part,
// so each share needs a scan of it. Many shares are therefore exported in groups: one
// scan writes the rows of a group to a file. With g groups of n shares that takes g
// scans and n reads of 1/g of the rows, which is least for g = √n.
func (e *exporter) shares(ctx context.Context, p Part) error {
	groups := 1
	for groups*groups*4 <= p.Shares {
		groups *= 2
	}
	for group := range groups {
		if err := e.group(ctx, p, group, groups); err != nil {
			return err
		}
	}
	return nil
}

// group exports one group of shares. Its file has a unique name: DuckDB may take a file
// that was rewritten for the old one (measured).
func (e *exporter) group(ctx context.Context, p Part, group, groups int) (err error) {
	from := sqltext.Ident(e.part.table)
	if groups > 1 {
		file := filepath.Join(e.dir, fmt.Sprintf("%s-%s-%s-%d-%d%s", e.part.table, e.part.account, e.part.label, p.From, group, atomicfile.TempSuffix))
		if err := e.copy(ctx, "FROM "+from, Part{p.From, p.To, group, groups}, "", file); err != nil {
			return fmt.Errorf("part %d: group %d of %d: %w", p.From, group, groups, err)
		}
		defer func() { err = errors.Join(err, os.Remove(file)) }()
		info, err := os.Stat(file)
		if err != nil {
			return err
		}
		e.written += info.Size()
		from = duck.ReadParquet([]string{file})
	}
	for p.Share = group; p.Share < p.Shares; p.Share += groups {
		if err := e.export(ctx, from, p); err != nil {
			return fmt.Errorf("part %d: share %d of %d: %w", p.From, p.Share, p.Shares, err)
		}
	}
	return nil
}

// link hard-links unchanged files of the previous generation into this one.
func (e *exporter) link(unchanged ...File) error {
	for _, f := range unchanged {
		to := filepath.Join(e.dir, filepath.FromSlash(f.Path))
		if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
			return err
		}
		if err := os.Link(e.lake.Generations().path(e.prev.Number, filepath.FromSlash(f.Path)), to); err != nil {
			return err
		}
		e.files = append(e.files, f)
	}
	return nil
}

// exportRowGroup is the number of rows of a row group in an exported file. DuckDB holds
// one row group in memory while it writes. Its default is 122,880; files are no smaller
// with it.
const exportRowGroup = 16_384

// exportDictionary is the most bytes of a text column's dictionary. DuckDB reserves
// that much for each of a table's hundred-odd text columns; its default of 1 MiB would
// be most of the memory of a sync.
const exportDictionary = 64 << 10

// export writes one part, sorted by time and key. A part is small enough to sort: a
// large month at once would exceed a small memory limit.
func (e *exporter) export(ctx context.Context, from string, p Part) error {
	final := e.pathOf(p)
	if err := os.MkdirAll(filepath.Dir(final), 0o700); err != nil {
		return err
	}
	tmp := final + atomicfile.TempSuffix
	if err := e.copy(ctx, "SELECT "+duck.FileColumns(e.table.Schema)+" FROM "+from, p, " ORDER BY "+strings.Join(e.table.order(), ", "), tmp); err != nil {
		return err
	}
	found, err := e.inspect(ctx, tmp)
	if err != nil {
		return err
	}
	if len(found) == 0 { // no rows
		return errors.Join(os.Remove(tmp), removeEmpty(filepath.Dir(final)))
	}
	return e.take(tmp, p, found[tmp])
}

// pathOf returns the path of a part's file.
func (e *exporter) pathOf(p Part) string {
	return filepath.Join(e.dir, filepath.FromSlash(e.relative(p)))
}

// relative returns it relative to the generation.
func (e *exporter) relative(p Part) string {
	return path.Join(e.table.Period.folder(e.part.table, e.part.account, e.part.label), p.file())
}

// take gives a written and inspected file its place, and records it.
func (e *exporter) take(tmp string, p Part, f File) (err error) {
	f.Table, f.Account, f.Partition, f.Part, f.Path = e.part.table, e.part.account, e.part.label, p, e.relative(p)
	if f.Sum, err = sumFile(tmp); err != nil {
		return err
	}
	on := e.lake.opts.Trace
	trace.Hit(on.PartWritten)
	if err := os.Rename(tmp, e.pathOf(p)); err != nil {
		return err
	}
	trace.Hit(on.PartRenamed)
	e.files, e.made, e.written = append(e.files, f), append(e.made, e.pathOf(p)), e.written+f.Bytes
	return nil
}

// copy writes the selected rows of a part to a file.
func (e *exporter) copy(ctx context.Context, selected string, p Part, order, file string) error {
	t := e.table
	rows, err := t.Period.Condition(e.part.label, p)
	if err != nil {
		return err
	}
	if e.Rows[e.part.table] > exportRowGroup { // a table of one row group leaves little memory to return
		if err := e.trim(ctx, e.Session); err != nil {
			return err
		}
	}
	_, err = e.Exec(ctx, fmt.Sprintf("COPY (%s WHERE account = %s AND %s%s) TO %s (%s)",
		selected, sqltext.Literal(e.part.account), rows, order, sqltext.Literal(file), e.format(t)))
	return err
}

// format returns the options of COPY for files of a table. In a small file zstd takes
// more time than all else: 2 of 5 ms for a few rows of 140 columns (measured).
func (p *publisher) format(t *TableLayout) string {
	codec := "zstd"
	if p.isSmall(t) {
		codec = "snappy"
	}
	return fmt.Sprintf("FORMAT parquet, COMPRESSION %s, ROW_GROUP_SIZE %d, STRING_DICTIONARY_PAGE_SIZE_LIMIT %d, KV_METADATA {schema: %s, fingerprint: %s}",
		codec, exportRowGroup, exportDictionary, sqltext.Literal(t.Schema.Name+"@"+t.Schema.Version), sqltext.Literal(t.fingerprint()))
}

// removeEmpty removes a folder if it is empty.
func removeEmpty(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) > 0 {
		return err
	}
	return os.Remove(dir)
}

// order returns the columns by which the rows of a file are sorted.
func (t *TableLayout) order() []string {
	var columns []string
	if t.Period.column != "" {
		columns = append(columns, sqltext.Ident(t.Period.column))
	}
	return append(columns, t.Keys()...)
}

// Keys returns the quoted columns of the table's key, without account.
func (t *TableLayout) Keys() []string {
	keys := make([]string, len(t.Schema.PrimaryKey))
	for i, k := range t.Schema.PrimaryKey {
		keys[i] = sqltext.Ident(k)
	}
	return keys
}

// inspect reads written files back: the number of their rows, the first and last time,
// and that none has a key twice (Invariant 7). A file without rows is not in the result.
func (e *exporter) inspect(ctx context.Context, files ...string) (map[string]File, error) {
	t := e.table
	when := "CAST(NULL AS TIMESTAMP)"
	if t.Period.column != "" {
		when = sqltext.Ident(t.Period.column)
	}
	found := map[string]File{}
	var name string
	var f File
	var distinct int64
	var first, last sql.NullTime
	return found, e.Each(ctx, []any{&name, &f.Rows, &distinct, &first, &last}, func() (err error) {
		if distinct != f.Rows {
			return fmt.Errorf("%d rows have %d different keys (%s): the mapping does not tell its rows apart",
				f.Rows, distinct, strings.Join(t.Keys(), ", "))
		}
		f.First, f.Last = nil, nil
		if first.Valid {
			f.First, f.Last = new(first.Time.UTC()), new(last.Time.UTC())
		}
		f.Bytes, err = atomicfile.Size(name)
		found[name] = f
		return err
	}, fmt.Sprintf(`SELECT "file-name", count(*), count(DISTINCT struct_pack(%s)), min(%s), max(%s) FROM %s GROUP BY ALL`,
		duck.PackedStruct(t.Keys()), when, when, duck.ReadParquetNamed(files, "file-name")))
}

// exportVersion changes whenever the same rows are written differently. Files of
// another version are not linked. In version 1, which a manifest does not name, an
// instant in a file had no zone. In version 2 the key of an account's folder was
// account, as a column is, and JSON had its own type.
const exportVersion = 3
