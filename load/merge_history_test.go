package load

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stripelake/stripelake/load/internal/duck"
	"github.com/stripelake/stripelake/load/internal/lakedir"
)

// The replaced rows, with their start and end in hours after the first version.
const (
	hours         = `datediff('hour', TIMESTAMP '2025-01-01', valid_from), datediff('hour', TIMESTAMP '2025-01-01', valid_to)`
	chargeHistory = `SELECT concat_ws(' ', id, status, _seq, ` + hours + `, CASE WHEN deleted THEN 'deleted ' || hour(deleted_seen_at) END) FROM history.charges_replaced`
	itemHistory   = `SELECT concat_ws(' ', id, _seq, ` + hours + `, CASE WHEN deleted THEN 'deleted ' || hour(deleted_seen_at) END) FROM history.items_replaced`
)

// modelHistory returns the replaced versions that a history must hold.
func modelHistory(history []version) []string {
	rows := []string{}
	for i, v := range history {
		next := slices.IndexFunc(history[i+1:], func(w version) bool { return w.ID == v.ID })
		if next < 0 {
			continue
		}
		full, mark := v, ""
		if v.Deleted {
			mark = fmt.Sprint(" deleted ", i)
			before := slices.Clone(history[:i])
			slices.Reverse(before)
			last := slices.IndexFunc(before, func(w version) bool { return w.ID == v.ID && !w.Deleted })
			if last < 0 {
				continue
			}
			full = before[last]
		}
		interval := fmt.Sprintf("%d %d %d%s", i+1, i, i+1+next, mark)
		if full.Reject == "" {
			rows = append(rows, fmt.Sprintf("%s %s %s", v.ID, full.Row["status"], interval))
		}
		for i, item := range full.Items {
			if !slices.Contains(full.Items[:i], item) {
				rows = append(rows, item+" "+interval)
			}
		}
	}
	slices.Sort(rows)
	return rows
}

// The warehouse shows each version with the span in which it was the newest known one,
// the present one without an end, and the comments that say so.
func TestHistoryInTheWarehouse(t *testing.T) {
	t.Parallel()
	k := newLake(t)
	at := func(hour int, v version) version {
		v.Seen = hour
		return v
	}
	k.sync(at(1, charge("ch_1", "pending", "it_1", "it_2")), at(1, charge("ch_2", "paid")))
	k.publish()
	k.sync(at(5, charge("ch_1", "paid", "it_2")))
	k.sync(at(9, tombstone("ch_1")))
	k.publish()
	db, err := OpenWarehouse(k.path("current", lakedir.WarehouseName))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	conn, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	rows := func(query string) []string { return queryRows(t, duck.Session{Conn: conn}, query) }
	expect(t, "charges", rows(strings.ReplaceAll(chargeHistory, "history.charges_replaced", "charges_history")),
		"ch_1 paid 3 5 9", "ch_1 paid 4 9 deleted 9", "ch_1 pending 1 1 5", "ch_2 paid 2 1")
	expect(t, "items", rows(strings.ReplaceAll(itemHistory, "history.items_replaced", "items_history")),
		"it_1 1 1 5", "it_2 1 1 5", "it_2 3 5 9", "it_2 4 9 deleted 9")
	expect(t, "at six o'clock", rows(`SELECT concat_ws(' ', id, status) FROM charges_history
		WHERE valid_from <= TIMESTAMP '2025-01-01 06:00' AND (valid_to > TIMESTAMP '2025-01-01 06:00' OR valid_to IS NULL)`), "ch_1 paid", "ch_2 paid")
	comments := rows("SELECT comment FROM duckdb_views() WHERE view_name = 'charges_history'")
	if len(comments) != 1 || !strings.Contains(comments[0], "is unknown") {
		t.Errorf("the view says %q of itself", comments)
	}
	if silent := rows("SELECT column_name FROM duckdb_columns() WHERE table_name = 'charges_history' AND comment IS NULL"); len(silent) > 0 {
		t.Errorf("columns without a comment: %v", silent)
	}
}
