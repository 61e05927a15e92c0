package load

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/stripelake/stripelake/load/internal/duck"
	"github.com/stripelake/stripelake/load/internal/lakedir"
)

// The state has the views, so a copy of it has them without making them. They follow
// the marts that a lake is opened with, and are whole again after a crash among them.
func TestViewsAreMadeOnce(t *testing.T) {
	t.Parallel()
	with := func(views ...View) func(*Options) {
		return func(o *Options) { o.Views, o.warehouseBy = views, byCopy }
	}
	paid := View{Name: "paid", SQL: "SELECT id FROM charges WHERE status = 'paid'", Comment: "Paid.", Columns: []Comment{{Column: "id", Text: "Whose."}}}
	failed := View{Name: "failed", SQL: "SELECT id FROM charges WHERE status = 'failed'"}
	lacking := View{Name: "lacking", SQL: "SELECT nothing FROM charges"}
	k := newLake(t, with(paid, lacking))
	published := func(g Generation) []string {
		var views []string
		err := duck.With(t.Context(), "64MB", 1, "", func(q duck.Session) error {
			if err := q.Run(t.Context(), duck.Attach(filepath.Join(k.Generations().path(g.Number), lakedir.WarehouseName), "other", " (READ_ONLY)")...); err != nil {
				return err
			}
			views = queryRows(t, q, "SELECT concat_ws(' ', view_name, comment) FROM duckdb_views() WHERE schema_name = 'main' AND NOT internal AND view_name NOT LIKE '%history'")
			return q.Run(t.Context(), "FROM charges_history", "FROM "+strings.Fields(views[0])[0])
		})
		if err != nil {
			t.Error(err)
		}
		return views
	}
	made := func() []string {
		return k.rows("SELECT CAST(view_oid AS VARCHAR) FROM duckdb_views() WHERE schema_name = 'main' AND NOT internal")
	}
	k.sync(charge("ch_1", "paid"))
	g := k.publish()
	expect(t, "views", published(g), "paid Paid.")
	before := made()
	k.sync(charge("ch_2", "paid"))
	g = k.publish()
	expect(t, "views of the second", published(g), "paid Paid.")
	expect(t, "left out", g.SkippedMarts, "mart lacking is left out: "+strings.TrimPrefix(g.SkippedMarts[0], "mart lacking is left out: "))
	expect(t, "made again", made(), before...)

	k = k.reopen(with(failed))
	k.sync(charge("ch_3", "paid"))
	g = k.publish()
	expect(t, "other views", published(g), "failed ")
	expect(t, "nothing left out", append([]string{}, g.SkippedMarts...))
	if err := k.state.db.Run(t.Context(), "DELETE FROM state.views", `DROP VIEW "failed"`); err != nil {
		t.Fatal(err)
	}
	k.sync(charge("ch_4", "paid"))
	expect(t, "views after a crash", published(k.publish()), "failed ")
}
