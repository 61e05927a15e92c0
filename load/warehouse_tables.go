package load

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/stripelake/stripelake/internal/sqltext"
	"github.com/stripelake/stripelake/load/internal/duck"
	"github.com/stripelake/stripelake/load/internal/lakedir"
)

// WarehouseTable is a table or a view of a published warehouse.
type WarehouseTable struct {
	Schema  string            `json:"schema"`
	Name    string            `json:"table"`
	Rows    *int64            `json:"rows"` // nil of a view, which is not run to count it
	Kind    string            `json:"kind"` // "table" or "view"
	Comment string            `json:"comment"`
	Columns []WarehouseColumn `json:"columns,omitempty"`
}

// WarehouseColumn is a column, or a member of an object in one.
type WarehouseColumn struct {
	Name     string `json:"column"` // of a member with the names above it: billing.email
	Type     string `json:"type"`
	Personal string `json:"personal,omitempty"` // the label of the declaration: pii or sensitive
	Comment  string `json:"comment"`
}

// ReadWarehouseTables returns the number of the linked generation of the lake in dir,
// and the tables and views of its warehouse with their columns: first those that people
// read, then the records about them. It takes no lock, and it reads published files
// only.
func ReadWarehouseTables(ctx context.Context, dir string) (generation uint64, tables []WarehouseTable, err error) {
	published, err := PublishedDir(dir)
	if err == nil {
		generation, err = PublishedNumber(published)
	}
	if err == nil {
		err = duck.With(ctx, "160MB", 1, "", func(q duck.Session) error {
			if err := q.Run(ctx, duck.Attach(filepath.Join(published, lakedir.WarehouseName), "warehouse", " (READ_ONLY)")...); err != nil {
				return err
			}
			if tables, err = warehouseTables(ctx, q); err != nil {
				return err
			}
			return addColumns(ctx, q, tables)
		})
	}
	if err != nil {
		return 0, nil, fmt.Errorf("read the tables that %s publishes: %w", dir, err)
	}
	return generation, tables, nil
}

func warehouseTables(ctx context.Context, q duck.Session) (tables []WarehouseTable, err error) {
	var t WarehouseTable
	err = q.Each(ctx, []any{&t.Schema, &t.Name, &t.Kind, &t.Comment}, func() error {
		tables = append(tables, t)
		return nil
	}, `SELECT schema, name, kind, coalesce(comment, '') FROM (
			SELECT schema_name AS schema, table_name AS name, 'table' AS kind, comment FROM duckdb_tables() WHERE database_name = 'warehouse'
			UNION ALL SELECT schema_name, view_name, 'view', comment FROM duckdb_views() WHERE database_name = 'warehouse' AND NOT internal)
		ORDER BY schema = 'history', schema = 'flat', schema, kind, name`)
	for i := range tables {
		if tables[i].Kind == "view" || err != nil {
			continue
		}
		tables[i].Rows = new(int64)
		err = q.One(ctx, []any{tables[i].Rows}, "SELECT count(*) FROM "+sqltext.Ident(tables[i].Schema)+"."+sqltext.Ident(tables[i].Name))
	}
	return tables, err
}

// addColumns adds each table's columns. A history has the labels of its table.
func addColumns(ctx context.Context, q duck.Session, tables []WarehouseTable) error {
	at := map[string]*WarehouseTable{}
	for i := range tables {
		at[tables[i].Schema+"."+tables[i].Name] = &tables[i]
	}
	members, err := columnMembers(ctx, q)
	if err != nil {
		return err
	}
	var schema, name string
	var c WarehouseColumn
	var label sql.NullString
	return q.Each(ctx, []any{&schema, &name, &c.Name, &c.Type, &label, &c.Comment}, func() error {
		of := at[schema+"."+name]
		if of == nil {
			return nil
		}
		c.Personal = label.String
		inside := members[declaredTable(schema, name)+"."+c.Name]
		if len(inside) > 0 {
			c.Comment, _, _ = strings.Cut(c.Comment, "\n") // the members' comments follow in it
		}
		of.Columns = append(append(of.Columns, c), inside...)
		return nil
	}, `SELECT c.schema_name, c.table_name, c.column_name, c.data_type, m.label, coalesce(c.comment, '')
		FROM duckdb_columns() c LEFT JOIN meta.columns m ON c.schema_name = 'main' AND m.path = c.column_name
			AND m."table" = regexp_replace(c.table_name, '_history$', '')
		WHERE c.database_name = 'warehouse' ORDER BY c.schema_name, c.table_name, c.column_index`)
}

// columnMembers returns the members of the objects in declared columns, by table and
// column.
func columnMembers(ctx context.Context, q duck.Session) (map[string][]WarehouseColumn, error) {
	members := map[string][]WarehouseColumn{}
	var table string
	var m WarehouseColumn
	err := q.Each(ctx, []any{&table, &m.Name, &m.Type, &m.Personal, &m.Comment}, func() error {
		column, _, _ := strings.Cut(m.Name, ".")
		members[table+"."+column] = append(members[table+"."+column], m)
		return nil
	}, `SELECT "table", path, type, coalesce(label, ''), trim(concat_ws(': ', nullif(title, ''), nullif(description, '')))
		FROM meta.columns WHERE contains(path, '.') ORDER BY rowid`)
	return members, err
}

// declaredTable returns the declared table that a table or its history is of.
func declaredTable(schema, name string) string {
	if schema != "main" {
		return ""
	}
	return strings.TrimSuffix(name, "_history")
}
