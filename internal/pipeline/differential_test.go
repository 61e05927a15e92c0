package pipeline_test

import (
	"bytes"
	"context"
	"database/sql"
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/duckdb/duckdb-go/v2"
	"github.com/google/go-cmp/cmp"

	"github.com/stripelake/stripelake/schemas"
	"github.com/stripelake/stripelake/transform"
)

// A differential runs the two implementations of the mapping language over the
// same objects: the kernel that makes the lake's rows, and the SQL that
// Plan.SQL writes, which DuckDB computes from the JSON. They share the checked
// expression and nothing behind it.
type differential struct {
	mappings *transform.Mappings
	set      *schemas.Set
	conn     *sql.Conn
	seq      uint64

	queries map[*schemas.Mapping]string // each one's SQL, with every value rendered as text by DuckDB

	// one holds the same prepared for a single object given as parameters. Planning
	// takes DuckDB far longer than an object does.
	one map[*schemas.Mapping]*sql.Stmt
}

func newDifferential(tb testing.TB, set *schemas.Set) *differential {
	tb.Helper()
	mappings, err := transform.Compile(set)
	if err != nil {
		tb.Fatal(err)
	}
	db, err := sql.Open("duckdb", "?threads=1&memory_limit=1GB")
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = db.Close() })
	conn, err := db.Conn(context.Background())
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = conn.Close() })
	d := &differential{mappings: mappings, set: set, conn: conn, queries: map[*schemas.Mapping]string{}}
	d.exec(tb, "CREATE TABLE raw (account VARCHAR, id VARCHAR, created TIMESTAMP, observed_at TIMESTAMP, seq UBIGINT, object VARCHAR)")
	for _, m := range set.Mappings {
		d.queries[m] = rendered(mappings.SQL(m), m.Schema)
	}
	return d
}

func shipped(tb testing.TB) *differential {
	tb.Helper()
	set, err := schemas.Load(schemas.Embedded())
	if err != nil {
		tb.Fatal(err)
	}
	return newDifferential(tb, set)
}

func (d *differential) exec(tb testing.TB, statement string) {
	tb.Helper()
	if _, err := d.conn.ExecContext(context.Background(), statement); err != nil {
		tb.Fatalf("%v\nin: %s", err, statement)
	}
}

// objects are objects as the log would hold them, each of its own number.
func (d *differential) objects(raws [][]byte) []transform.Object {
	out := make([]transform.Object, len(raws))
	for i, raw := range raws {
		var head struct{ ID any }
		_ = json.Unmarshal(raw, &head)
		id, ok := head.ID.(string)
		if !ok || id == "" {
			id = "obj_1"
		}
		d.seq++
		out[i] = transform.Object{Raw: raw, Account: "acct_1", ID: id, ObservedAt: time.Unix(1_722_000_000, 123_000), Seq: d.seq}
	}
	return out
}

// compare maps objects of one type with every mapping of it, both ways.
// It returns how many rows agreed.
func (d *differential) compare(tb testing.TB, object string, raws [][]byte) int {
	tb.Helper()
	objects := d.objects(raws)
	if d.one == nil {
		d.load(tb, objects)
	}
	rows := 0
	for _, batch := range d.mappings.Mapper(object).Map(objects) {
		kernel := kernelRows(batch)
		batch.Rows.Release()
		var query []string
		for _, m := range d.set.MappingsOf(object) {
			if m.Schema == batch.Schema {
				query = append(query, d.query(tb, m, objects)...)
			}
		}
		slices.Sort(kernel)
		slices.Sort(query)
		if onlyKernel, onlyQuery := apart(kernel, query); len(onlyKernel)+len(onlyQuery) > 0 {
			tb.Errorf("%s, %s: %d rows of the kernel and %d of the query are not the other's; the first of them (-kernel +query):\n%s",
				object, batch.Schema.Table, len(onlyKernel), len(onlyQuery), cmp.Diff(first(onlyKernel), first(onlyQuery)))
		}
		rows += len(kernel)
	}
	return rows
}

// apart is what only one of two sorted lists has.
func apart(a, b []string) (onlyA, onlyB []string) {
	for len(a) > 0 || len(b) > 0 {
		switch {
		case len(b) == 0 || len(a) > 0 && a[0] < b[0]:
			onlyA, a = append(onlyA, a[0]), a[1:]
		case len(a) == 0 || a[0] > b[0]:
			onlyB, b = append(onlyB, b[0]), b[1:]
		default:
			a, b = a[1:], b[1:]
		}
	}
	return onlyA, onlyB
}

// first is the first row, a column a line.
func first(rows []string) []string {
	if len(rows) == 0 {
		return nil
	}
	return strings.SplitAfter(rows[0], "; ")
}

// load replaces what the relation raw holds.
func (d *differential) load(tb testing.TB, objects []transform.Object) {
	tb.Helper()
	d.exec(tb, "DELETE FROM raw")
	err := d.conn.Raw(func(c any) error {
		appender, err := duckdb.NewAppenderFromConn(c.(driver.Conn), "", "raw")
		if err != nil {
			return err
		}
		for _, o := range objects {
			if err := appender.AppendRow(o.Account, o.ID, nil, o.ObservedAt.UTC(), o.Seq, string(o.Raw)); err != nil {
				return err
			}
		}
		return appender.Close()
	})
	if err != nil {
		tb.Fatal(err)
	}
}

// rendered is a mapping's SQL with every value rendered as text by DuckDB.
func rendered(query string, s *schemas.Schema) string {
	var texts []string
	for _, c := range s.Columns() {
		texts = append(texts, fmt.Sprintf("CAST(%q AS %s)", c.Name, textType(c.Type)))
	}
	return strings.Replace(query, "SELECT * FROM made", "SELECT "+strings.Join(texts, ", ")+" FROM made", 1)
}

// prepare makes d compare single objects, by prepared queries.
func (d *differential) prepare(tb testing.TB) *differential {
	tb.Helper()
	d.one = map[*schemas.Mapping]*sql.Stmt{}
	for _, m := range d.set.Mappings {
		query := strings.Replace(d.queries[m], "WITH source", "WITH raw AS (SELECT $1::VARCHAR AS account, $2::VARCHAR AS id, "+
			"$3::TIMESTAMP AS observed_at, $4::UBIGINT AS seq, $5::VARCHAR AS object), source", 1)
		statement, err := d.conn.PrepareContext(context.Background(), query)
		if err != nil {
			tb.Fatalf("%v\nin: %s", err, query)
		}
		tb.Cleanup(func() { _ = statement.Close() })
		d.one[m] = statement
	}
	return d
}

// rows runs a mapping's SQL over the objects.
func (d *differential) rows(m *schemas.Mapping, objects []transform.Object) (*sql.Rows, error) {
	if d.one == nil {
		return d.conn.QueryContext(context.Background(), d.queries[m])
	}
	o := objects[0]
	return d.one[m].QueryContext(context.Background(), o.Account, o.ID, o.ObservedAt.UTC(), o.Seq, string(o.Raw))
}

// query runs a mapping's SQL and renders its rows.
func (d *differential) query(tb testing.TB, m *schemas.Mapping, objects []transform.Object) []string {
	tb.Helper()
	columns := m.Schema.Columns()
	rows, err := d.rows(m, objects)
	if err != nil {
		tb.Fatalf("%s: %v\nin: %s", m.Name, err, d.queries[m])
	}
	defer func() { _ = rows.Close() }()
	var out []string
	for rows.Next() {
		values := make([]any, len(columns))
		into := make([]any, len(columns))
		for i := range values {
			into[i] = &values[i]
		}
		if err := rows.Scan(into...); err != nil {
			tb.Fatal(err)
		}
		var line bytes.Buffer
		for i, c := range columns {
			writeScanned(&line, c.Name, c.Type, values[i])
		}
		out = append(out, line.String())
	}
	if err := rows.Err(); err != nil {
		tb.Fatalf("%s: %v", m.Name, err)
	}
	return out
}

// textType is a column's type with text in the place of every value, so that
// DuckDB itself renders numbers and times.
func textType(t schemas.Type) string {
	switch t.Kind {
	case schemas.Object:
		var members []string
		for _, c := range schemas.Members(t.Fields) {
			members = append(members, fmt.Sprintf("%q %s", c.Name, textType(c.Type)))
		}
		return "STRUCT(" + strings.Join(members, ", ") + ")"
	case schemas.List:
		return textType(*t.Elem) + "[]"
	case schemas.Map:
		return "MAP(VARCHAR, " + textType(*t.Elem) + ")"
	}
	return "VARCHAR"
}
