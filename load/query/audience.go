package query

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/stripelake/stripelake/internal/hint"
	"github.com/stripelake/stripelake/internal/sqltext"
	"github.com/stripelake/stripelake/load"
	"github.com/stripelake/stripelake/load/internal/duck"
	"github.com/stripelake/stripelake/load/internal/lakedir"
	"github.com/stripelake/stripelake/schemas"
)

// AudienceQuestion asks for the members of a segment of customers. (Segments in other
// files of this package are those of the raw log.)
type AudienceQuestion struct {
	Set     *schemas.Set // the set that declares the segment; its marts and labels apply, as well as the labels of the lake's own set
	Segment *schemas.Segment
	Reveal  []string // personal columns to return unhashed; hashed ones are returned anyway
}

// Members is the query of a segment's rows, with the counts and notes for the caller.
// Rows are in the order of their columns.
type Members struct {
	*Query
	Rows      int64
	Deleted   int64                // customers left out because Stripe reported them deleted
	Unknown   int64                // customers left out because the lake has no row of them: nobody knows whether they are deleted
	Forgotten int64                // customers left out because they are on the list of the forgotten
	Empty     map[string]string    // personal columns without a value, and what the privacy policy does to them
	Hashed    map[string]bool      // personal columns that hold the lake's own hashes
	AsOf      map[string]time.Time // by account: the lake is complete as of this time (UTC)
}

// AskAudience finds the members of a segment in the published warehouse of the lake in
// dir. Like [Ask] it takes no lock and only reads.
//
// The segment's SQL runs in a database that holds no personal data. It has views of the
// tables without the fields that the lake's set or the given one labels. The warehouse
// is attached under a name that cannot be guessed. AskAudience itself joins the
// personal columns, as far as the segment declares them and the policy allows them, and
// only for customers who are neither deleted nor forgotten. The error is an *Error if
// the segment is at fault.
func AskAudience(ctx context.Context, dir string, question AudienceQuestion) (_ *Members, err error) {
	switch erasing, err := load.IsErasing(dir); {
	case err != nil:
		return nil, fmt.Errorf("look for an unfinished erasure in %s: %w", dir, err)
	case erasing:
		return nil, hint.New(fmt.Sprintf("an erasure in %s is not finished", dir), "run `stripelake sync` first, which finishes it")
	}
	q := &audienceQuery{AudienceQuestion: question, left: map[string]string{}}
	q.Empty, q.Hashed, q.AsOf = map[string]string{}, map[string]bool{}, map[string]time.Time{}
	q.Members.Query, err = ask(dir, func(opened *Query, generation string) error {
		q.Query = opened
		return q.answer(ctx, dir, generation)
	})
	if err != nil {
		return nil, err
	}
	return &q.Members, nil
}

// audienceQuery is the state of one AskAudience.
type audienceQuery struct {
	AudienceQuestion
	Members
	built     *schemas.Set      // the set that the warehouse was built with
	warehouse string            // the warehouse's name in DuckDB
	chosen    string            // the table of the segment's rows
	left      map[string]string // marts left out, with the reasons
}

func (q *audienceQuery) answer(ctx context.Context, dir, generation string) error {
	files, err := load.SchemasIn(generation)
	if err != nil {
		return err
	}
	if q.built, err = schemas.LoadFiles(files); err != nil {
		return fmt.Errorf("read the schemas of %s: %w", dir, err)
	}
	if q.built.Table(schemas.SegmentTable) == nil {
		return fmt.Errorf("%s has no table %s, without which nobody knows who is deleted", dir, schemas.SegmentTable)
	}
	q.warehouse, q.chosen = "warehouse_"+unguessable(), "chosen_"+unguessable()
	err = q.open(ctx, runtime.GOMAXPROCS(0), append(duck.Attach(filepath.Join(generation, lakedir.WarehouseName), q.warehouse, " (READ_ONLY)"), "USE memory"), nil)
	if err != nil {
		return fmt.Errorf("open warehouse of %s: %w", dir, err)
	}
	forget := func(ctx context.Context) error { return q.dropForgotten(ctx, dir, generation) }
	for _, step := range []func(context.Context) error{q.makeViews, q.choose, forget, q.count, q.dates} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return q.wrong(q.check(q.final()))
}

func unguessable() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

// makeViews creates the tables as the segment sees them, and the marts over them.
func (q *audienceQuery) makeViews(ctx context.Context) error {
	if err := q.showDisputes(ctx); err != nil {
		return err
	}
	var views []duck.View
	for _, table := range q.built.Schemas {
		if given := q.Set.Table(table.Table); given != nil {
			views = append(views, duck.View{Name: table.Table, SQL: withoutLabelled(sqltext.Ident(q.warehouse)+".main."+sqltext.Ident(table.Table), table, given)})
		}
	}
	for _, v := range append(views, load.Views(q.Set)...) {
		statement, err := q.oneSelect(v.SQL)
		misfit := ""
		if err == nil {
			misfit, err = duck.MakeView(ctx, q.db.Session, duck.View{Name: v.Name, SQL: statement})
		}
		if wrong := new(Error); errors.As(err, &wrong) {
			misfit, err = wrong.Message, nil
		}
		if err != nil {
			return fmt.Errorf("view %s: %w", v.Name, err)
		}
		if misfit != "" {
			q.left[v.Name], _, _ = strings.Cut(misfit, "\n")
		}
	}
	return nil
}

// showDisputes creates the view meta.dispute_charges, which marts read. A warehouse
// that an earlier version published has no such table: marts that read it are left out.
func (q *audienceQuery) showDisputes(ctx context.Context) error {
	err := q.db.Run(ctx, "CREATE SCHEMA meta", "CREATE VIEW meta.dispute_charges AS FROM "+sqltext.Ident(q.warehouse)+".meta.dispute_charges")
	if duck.IsMisfit(err) {
		return nil
	}
	return err
}

// choose runs the segment's SQL and stores its rows in the table chosen.
func (q *audienceQuery) choose(ctx context.Context) error {
	statement, err := q.oneSelect(q.Segment.SQL)
	if err == nil {
		err = asAsked(ofQuestion(q.db.Run(ctx, "CREATE TABLE "+sqltext.Ident(q.chosen)+" AS FROM (\n"+statement+"\n)")))
	}
	return q.wrong(err)
}

// wrong adds the segment's name to an *Error about its SQL.
func (q *audienceQuery) wrong(err error) error {
	if wrong := new(Error); errors.As(err, &wrong) {
		return &Error{fmt.Sprintf("segment %s: %s%s", q.Segment.Name, wrong.Message, q.hint(wrong.Message))}
	}
	return err
}

// hint explains why a segment does not find a name that the warehouse has.
func (q *audienceQuery) hint(message string) string {
	for _, name := range slices.Sorted(maps.Keys(q.left)) {
		if strings.Contains(message, "Table with name "+name+" ") {
			return fmt.Sprintf("\n%s does not fit what a segment sees: %s", name, q.left[name])
		}
	}
	for _, s := range []*schemas.Set{q.built, q.Set} {
		for _, name := range s.Labelled() {
			if strings.Contains(message, `"`+name+`"`) {
				return fmt.Sprintf("\nA segment's SQL does not see what is labelled. Declare it on top: -- personal: %s = sha256(%s.%s)", name, schemas.SegmentTable, name)
			}
		}
	}
	return ""
}

// dropForgotten removes the customers on the list of the forgotten. The log holds none
// of them, but a lake may have been restored from a backup.
func (q *audienceQuery) dropForgotten(ctx context.Context, dir, generation string) error {
	forgotten, err := load.ForgottenIn(dir, generation)
	if err != nil || forgotten == nil {
		return err
	}
	var account, id string
	var found [][2]string
	err = q.db.Each(ctx, []any{&account, &id}, func() error {
		if forgotten(account, id) {
			found = append(found, [2]string{account, id})
		}
		return nil
	}, "SELECT DISTINCT account, customer_id FROM "+sqltext.Ident(q.chosen)+" WHERE account IS NOT NULL AND customer_id IS NOT NULL")
	for _, who := range found {
		if err != nil {
			return err
		}
		_, err = q.db.Exec(ctx, "DELETE FROM "+sqltext.Ident(q.chosen)+" WHERE account = ? AND customer_id = ?", who[0], who[1])
		q.Forgotten++
	}
	return err
}

// customers returns the FROM clause that joins the segment's rows with their customers.
func (q *audienceQuery) customers(join string) string {
	return fmt.Sprintf("FROM %s s %s %s.main.%s c ON c.account = s.account AND c.id = s.customer_id", sqltext.Ident(q.chosen), join, sqltext.Ident(q.warehouse), sqltext.Ident(schemas.SegmentTable))
}

func (q *audienceQuery) count(ctx context.Context) error {
	return q.db.Each(ctx, []any{&q.Rows, &q.Deleted, &q.Unknown}, func() error { return nil }, `SELECT count(*) FILTER (NOT c.deleted),
		count(DISTINCT (s.account, s.customer_id)) FILTER (c.deleted),
		count(DISTINCT (s.account, s.customer_id)) FILTER (c.id IS NULL) `+q.customers("LEFT JOIN"))
}

// dates finds for each account the time as of which it is complete.
func (q *audienceQuery) dates(ctx context.Context) error {
	var account string
	var asOf time.Time
	return q.db.Each(ctx, []any{&account, &asOf}, func() error {
		q.AsOf[account] = asOf.UTC()
		return nil
	}, `SELECT account, min(coalesce(as_of, complete_through)) AS as_of FROM `+sqltext.Ident(q.warehouse)+`.meta.coverage GROUP BY account HAVING as_of IS NOT NULL`)
}

// final returns the statement for the members: the declared columns, for customers who
// exist and are not deleted.
func (q *audienceQuery) final() string {
	var columns []string
	for _, c := range q.Segment.Columns {
		columns = append(columns, "s."+sqltext.Ident(c.Name))
	}
	for _, p := range q.Segment.Personal {
		if !p.SHA256 && !slices.Contains(q.Reveal, p.Name) {
			continue
		}
		value, why := q.personal(p)
		if why != "" {
			q.Empty[p.Name] = why
		}
		columns = append(columns, value+" AS "+sqltext.Ident(p.Name))
	}
	return "SELECT " + strings.Join(columns, ", ") + "\n" + q.customers("JOIN") + "\nWHERE NOT c.deleted\nORDER BY ALL"
}

// personal returns the expression for a personal column, or the reason why it has no
// value. Two policies apply, the one that the lake was built with and the one of the
// given set; the stricter one decides.
func (q *audienceQuery) personal(p schemas.Personal) (value, why string) {
	const nothing = "NULL::VARCHAR"
	built := schemas.FieldAt(q.built.Table(schemas.SegmentTable).Fields, p.Path)
	given := schemas.FieldAt(q.Set.Table(schemas.SegmentTable).Fields, p.Path) // it declares p, so it has the table
	full := schemas.SegmentTable + "." + p.Path
	value = "c." + sqltext.Ident(strings.Split(p.Path, ".")[0])
	for _, name := range strings.Split(p.Path, ".")[1:] {
		value = fmt.Sprintf("struct_extract(%s, %s)", value, sqltext.Literal(name))
	}
	switch {
	case built == nil || given == nil:
		return nothing, "privacy.yaml drops " + full
	case given.Hashed && !built.Hashed:
		return nothing, "privacy.yaml hashes " + full + ", but the lake does not yet: run `stripelake rebuild`"
	case built.Hashed && p.SHA256:
		return nothing, "privacy.yaml hashes " + full + " with the lake's own key, which matches nothing elsewhere"
	case p.SHA256:
		return fmt.Sprintf(`sha256(nullif(lower(trim(%s, e' \t\r\n')), ''))`, value), ""
	}
	q.Hashed[p.Name] = built.Hashed
	return value, ""
}
