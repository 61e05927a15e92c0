package duck

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/duckdb/duckdb-go/v2"

	"github.com/stripelake/stripelake/internal/sqltext"
	"github.com/stripelake/stripelake/schemas"
)

// Layout describes how DuckDB reads the record batches of a table. It splits an object
// into its members and a column that says whether the object is present. SQL puts it
// together again. The driver sets a struct's member through a Go map, but a plain
// column through a pointer (measured: three times faster).
type Layout struct {
	columns []duckdb.ColumnInfo
	leaves  []leaf
	Exprs   []string       // one for each physical column of the table, over columns
	plain   map[string]int // index in leaves of each column that is not an object
}

// leaf is one column of the feed, with the place of its values in a record batch.
type leaf struct {
	path    []int // index of the column, then of the member at each level
	typ     schemas.Type
	present bool // the column says whether the object at path is present
}

// NewLayout computes the layout of a table's batches.
func NewLayout(s *schemas.Schema) (*Layout, error) {
	l := &Layout{plain: map[string]int{}}
	for i, c := range s.Columns() {
		if c.Type.Kind != schemas.Object {
			l.plain[c.Name] = len(l.leaves)
		}
		expr, err := l.add(c.Type, []int{i})
		if err != nil {
			return nil, fmt.Errorf("table %s: column %s: %w", s.Table, c.Name, err)
		}
		l.Exprs = append(l.Exprs, expr)
	}
	return l, nil
}

// add adds one column or member to the layout and returns the SQL expression for it.
func (l *Layout) add(t schemas.Type, path []int) (string, error) {
	if t.Kind != schemas.Object {
		name, err := l.leaf(leaf{path: path, typ: t})
		if t.Kind == schemas.JSON {
			// The log holds what Stripe sent. Text that DuckDB does not accept as JSON
			// (a lone surrogate, say) becomes a JSON string instead of an error.
			name = fmt.Sprintf("CASE WHEN json_valid(%[1]s) THEN CAST(%[1]s AS JSON) ELSE to_json(%[1]s) END", name)
		}
		return name, err
	}
	present, err := l.leaf(leaf{path: path, typ: schemas.Type{Kind: schemas.Boolean}, present: true})
	if err != nil {
		return "", err
	}
	var members []string
	for i, m := range schemas.Members(t.Fields) {
		expr, err := l.add(m.Type, append(slices.Clip(path), i))
		if err != nil {
			return "", fmt.Errorf("%s: %w", m.Name, err)
		}
		members = append(members, sqltext.Ident(m.Name)+" := "+expr)
	}
	return fmt.Sprintf("CASE WHEN %s THEN struct_pack(%s) END", present, strings.Join(members, ", ")), nil
}

func (l *Layout) leaf(f leaf) (string, error) {
	info, err := feedType(f.typ)
	if err != nil {
		return "", err
	}
	name := fmt.Sprintf("c%d", len(l.columns))
	l.columns = append(l.columns, duckdb.ColumnInfo{Name: name, T: info})
	l.leaves = append(l.leaves, f)
	return name, nil
}

// feedType returns the type of a value in the feed; JSON is text there.
func feedType(t schemas.Type) (duckdb.TypeInfo, error) {
	switch t.Kind {
	case schemas.Decimal:
		return duckdb.NewDecimalInfo(38, 12)
	case schemas.Money:
		return duckdb.NewDecimalInfo(18, MoneyScale)
	case schemas.List:
		elem, err := feedType(*t.Elem)
		if err != nil {
			return nil, err
		}
		return duckdb.NewListInfo(elem)
	case schemas.Map:
		elem, err1 := feedType(*t.Elem)
		key, err2 := duckdb.NewTypeInfo(duckdb.TYPE_VARCHAR)
		if err := errors.Join(err1, err2); err != nil {
			return nil, err
		}
		return duckdb.NewMapInfo(key, elem)
	case schemas.Object:
		return structType(t)
	}
	plain, ok := map[schemas.Kind]duckdb.Type{
		schemas.String: duckdb.TYPE_VARCHAR, schemas.JSON: duckdb.TYPE_VARCHAR, schemas.Boolean: duckdb.TYPE_BOOLEAN,
		schemas.Short: duckdb.TYPE_SMALLINT, schemas.Integer: duckdb.TYPE_INTEGER, schemas.Long: duckdb.TYPE_BIGINT,
		schemas.Number: duckdb.TYPE_DOUBLE, schemas.Date: duckdb.TYPE_DATE, schemas.DateTime: duckdb.TYPE_TIMESTAMP,
	}[t.Kind]
	if !ok {
		return nil, fmt.Errorf("unknown type %q", t.Kind)
	}
	return duckdb.NewTypeInfo(plain)
}

func structType(t schemas.Type) (duckdb.TypeInfo, error) {
	var entries []duckdb.StructEntry
	for _, m := range schemas.Members(t.Fields) {
		info, err := feedType(m.Type)
		if err != nil {
			return nil, err
		}
		entry, err := duckdb.NewStructEntry(info, m.Name)
		if err != nil {
			return nil, err
		}
		entries = append(entries, entry)
	}
	if len(entries) == 0 {
		return nil, errors.New("an object without members")
	}
	return duckdb.NewStructInfo(entries[0], entries[1:]...)
}

// SourceOf makes a source of record batches.
func (l *Layout) SourceOf(batches []arrow.RecordBatch) (*Source, error) {
	return l.sourceFrom(l.leaves, l.columns, batches)
}

// SourceOfColumns makes a source of some plain columns of record batches, under the
// columns' names.
func (l *Layout) SourceOfColumns(batches []arrow.RecordBatch, names ...string) (*Source, error) {
	leaves, columns := make([]leaf, len(names)), make([]duckdb.ColumnInfo, len(names))
	for i, name := range names {
		at, ok := l.plain[name]
		if !ok {
			return nil, fmt.Errorf("no plain column %s", name)
		}
		leaves[i], columns[i] = l.leaves[at], duckdb.ColumnInfo{Name: name, T: l.columns[at].T}
	}
	return l.sourceFrom(leaves, columns, batches)
}

func (l *Layout) sourceFrom(leaves []leaf, columns []duckdb.ColumnInfo, batches []arrow.RecordBatch) (*Source, error) {
	src := &Source{columns: columns}
	for _, rows := range batches {
		if int(rows.NumCols()) != len(l.Exprs) {
			return nil, fmt.Errorf("batch has %d columns, want %d", rows.NumCols(), len(l.Exprs))
		}
		arrays := make([]arrow.Array, len(leaves))
		for i, f := range leaves {
			var err error
			if arrays[i], err = f.array(rows); err != nil {
				return nil, err
			}
		}
		src.pieces = append(src.pieces, piece{int(rows.NumRows()), func(chunk duckdb.DataChunk, from, n int) error {
			for i, a := range arrays {
				if err := leaves[i].fill(chunk, i, a, from, n); err != nil {
					return fmt.Errorf("column %d: %w", i, err)
				}
			}
			return nil
		}})
	}
	return src, nil
}

// array returns a leaf's values in a record batch.
func (f leaf) array(rows arrow.RecordBatch) (arrow.Array, error) {
	a := rows.Column(f.path[0])
	for _, member := range f.path[1:] {
		s, ok := a.(*array.Struct)
		if !ok || member >= s.NumField() {
			return nil, fmt.Errorf("column %d is a %s, want an object", f.path[0], a.DataType())
		}
		a = s.Field(member)
	}
	return a, nil
}

// Arrays returns the values of some plain columns in a record batch.
func (l *Layout) Arrays(rows arrow.RecordBatch, names ...string) ([]arrow.Array, error) {
	if int(rows.NumCols()) != len(l.Exprs) {
		return nil, fmt.Errorf("batch has %d columns, want %d", rows.NumCols(), len(l.Exprs))
	}
	all := make([]arrow.Array, len(names))
	for i, name := range names {
		at, ok := l.plain[name]
		if !ok {
			return nil, fmt.Errorf("no plain column %s", name)
		}
		var err error
		if all[i], err = l.leaves[at].array(rows); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// Width returns the number of feed columns of a row.
func (l *Layout) Width() int { return len(l.leaves) }

// FeedColumn returns the name that a plain column of a table has in its source.
func (l *Layout) FeedColumn(name string) string { return l.columns[l.plain[name]].Name }
