package load

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/stripelake/stripelake/load/internal/duck"
	"github.com/stripelake/stripelake/schemas"
)

// hostileSchema has a placeholder for each name and each text that an author writes.
const hostileSchema = `schema: stripe.thing
version: 1.0.0
title: %[1]s
description: %[2]s
table: %[3]s
primary_key: [id]
timestamp: created
partition: %[4]s
fields:
  id: {type: string, required: true, title: Id, description: Id.}
  created: {type: date-time, required: true, title: Created, description: Created.}
  %[5]s: {type: string, title: %[1]s, description: %[2]s, enum: {%[6]s: %[1]s, b: B}}
  inner: {type: object, title: Inner, description: Inner., fields: {%[7]s: {type: string, title: X, description: X.}}}
`

var hostileTexts = []string{
	"things", "x", "../x", "..", "/etc", "x/y", `x"; DROP TABLE victim; --`, "x'; DROP TABLE victim; --", "x); DROP TABLE victim; --", "victim",
	"main.victim", "x y", "x\x00y", "x\ny", "x`y", "é", "select", "table", "_seq", "account", "deleted", "meta", "state", "pg_catalog", "X", "",
	"month", "day", "-1", "a;b", "${HOME}", "{{x}}", `\`, `"`, "'", strings.Repeat("x", 300),
}

// Every schema file is either refused with a place in it, or makes only the table that
// it declares: its texts are never SQL, and its names are never paths.
func TestHostileNames(t *testing.T) {
	t.Parallel()
	accepted := 0
	db, err := duck.Open("100MB", 1, "")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	conn, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(rapid.SampledFrom(hostileTexts), rapid.String(), rapid.StringMatching(`[a-z_]{1,8}["';./ ]?[a-z]{0,3}`))
		// Mostly one placeholder is hostile: one of several could hide the effects of
		// the others.
		holes := []any{"T", "D.", "things", "month", "field", "a", "member"}
		for range rapid.IntRange(1, 2).Draw(t, "hostile") {
			holes[rapid.IntRange(0, len(holes)-1).Draw(t, "hole")] = yamlText(text.Draw(t, "text"))
		}
		file := fmt.Sprintf(hostileSchema, holes...)
		set, err := schemas.LoadFiles(map[string]string{"stripe/thing.yaml": file})
		if err != nil {
			var problems schemas.Problems
			if !errors.As(err, &problems) {
				t.Fatalf("%v of\n%s", err, file)
			}
			for _, p := range problems {
				if p.Pos.File == "" || p.Pos.Line < 1 || p.Pos.Col < 1 {
					t.Fatalf("no place: %+v of\n%s", p, file)
				}
			}
			return
		}
		accepted++
		s := set.Schemas[0]
		if name := periodOf(s).folder(s.Table, "acct_1", "2024-01"); !filepath.IsLocal(name) || strings.Count(name, "/") != 2 || strings.ContainsAny(name, `*?[]\'"`) {
			t.Fatalf("a folder %q of\n%s", name, file)
		}
		checkTables(t, duck.Session{Conn: conn}, s, file)
	})
	if accepted == 0 && !testing.Short() { // with -short there are only a few tries
		t.Error("nothing was accepted: the test proves nothing")
	}
}

// checkTables runs the SQL that a schema produces in a database with another table.
func checkTables(t *rapid.T, q duck.Session, s *schemas.Schema, file string) {
	ctx := t.Context()
	defer func() { _ = q.Run(context.WithoutCancel(ctx), "ROLLBACK") }()
	if err := q.Run(ctx, append([]string{"BEGIN", "CREATE TABLE victim_of_it (x INTEGER)", duck.CreateTable(s)}, duck.Comments(s)...)...); err != nil {
		t.Fatalf("%v\nof\n%s", err, file)
	}
	var tables, columns int
	var comment sql.NullString
	if err := q.One(ctx, []any{&tables}, "SELECT count(*) FROM duckdb_tables()"); err != nil {
		t.Fatal(err)
	}
	err := q.One(ctx, []any{&columns, &comment}, "SELECT column_count, comment FROM duckdb_tables() WHERE table_name = ?", s.Table)
	if err != nil || tables != 2 || columns != len(s.Columns()) || !strings.Contains(comment.String, strings.TrimSpace(s.Description)) {
		t.Fatalf("%d tables, %d columns, comment %q, %v of\n%s", tables, columns, comment.String, err, file)
	}
}

// yamlText returns a text in double quotes, as YAML reads it.
func yamlText(text string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range text {
		fmt.Fprintf(&b, `\U%08x`, r)
	}
	b.WriteByte('"')
	return b.String()
}
