package load

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/duckdb/duckdb-go/v2"

	"github.com/stripelake/stripelake/schemas"
)

// layout says how the record batches of a table are read by DuckDB. An object
// is taken apart into its members and a column that says whether it is there,
// and put together again in SQL: the driver sets a member of a struct through
// a Go map, a plain column through a pointer (measured: three times faster).
type layout struct {
	columns []duckdb.ColumnInfo
	leaves  []leaf
	exprs   []string // one for each physical column of the table, over columns
}

// leaf is one column of the feed and where its values are in a record batch.
type leaf struct {
	path    []int // column, then member of object by member
	typ     schemas.Type
	present bool // the column says whether the object at path is there
}

// newLayout plans the reading of a table's batches.
func newLayout(s *schemas.Schema) (*layout, error) {
	l := &layout{}
	for i, c := range s.Columns() {
		expr, err := l.add(c.Type, []int{i})
		if err != nil {
			return nil, fmt.Errorf("table %s: column %s: %w", s.Table, c.Name, err)
		}
		l.exprs = append(l.exprs, expr)
	}
	return l, nil
}

// add plans one column or member and returns the SQL expression that makes it.
func (l *layout) add(t schemas.Type, path []int) (string, error) {
	if t.Kind != schemas.Object {
		name, err := l.leaf(leaf{path: path, typ: t})
		if t.Kind == schemas.JSON {
			// The log holds what Stripe sent. Text that DuckDB does not take for
			// JSON (a lone surrogate, say) is kept as a JSON string, not refused.
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
		members = append(members, ident(m.Name)+" := "+expr)
	}
	return fmt.Sprintf("CASE WHEN %s THEN struct_pack(%s) END", present, strings.Join(members, ", ")), nil
}

func (l *layout) leaf(f leaf) (string, error) {
	info, err := feedType(f.typ)
	if err != nil {
		return "", err
	}
	name := fmt.Sprintf("c%d", len(l.columns))
	l.columns = append(l.columns, duckdb.ColumnInfo{Name: name, T: info})
	l.leaves = append(l.leaves, f)
	return name, nil
}

// feedType is the type a value has on its way in; JSON travels as text.
func feedType(t schemas.Type) (duckdb.TypeInfo, error) {
	switch t.Kind {
	case schemas.Decimal:
		return duckdb.NewDecimalInfo(38, 12)
	case schemas.Money:
		return duckdb.NewDecimalInfo(18, 3)
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

// source lets DuckDB read a record batch through the feed.
func (l *layout) source(rows arrow.RecordBatch) (*source, error) {
	if int(rows.NumCols()) != len(l.exprs) {
		return nil, fmt.Errorf("batch has %d columns, want %d", rows.NumCols(), len(l.exprs))
	}
	arrays := make([]arrow.Array, len(l.leaves))
	for i, f := range l.leaves {
		a := rows.Column(f.path[0])
		for _, member := range f.path[1:] {
			s, ok := a.(*array.Struct)
			if !ok || member >= s.NumField() {
				return nil, fmt.Errorf("column %d is a %s, want an object", f.path[0], a.DataType())
			}
			a = s.Field(member)
		}
		arrays[i] = a
	}
	fill := func(chunk duckdb.DataChunk, from, n int) error {
		for i, a := range arrays {
			if err := l.leaves[i].fill(chunk, i, a, from, n); err != nil {
				return fmt.Errorf("column %d: %w", i, err)
			}
		}
		return nil
	}
	return &source{columns: l.columns, rows: int(rows.NumRows()), fill: fill}, nil
}
