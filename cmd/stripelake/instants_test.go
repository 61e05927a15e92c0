package main

import (
	"bytes"
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/duckdb/duckdb-go/v2"
	"github.com/google/go-cmp/cmp"

	"github.com/stripelake/stripelake/internal/pipeline/laketest"
	"github.com/stripelake/stripelake/internal/report"
	"github.com/stripelake/stripelake/internal/stripesim"
	"github.com/stripelake/stripelake/load/loadtest"
)

// zones are those of sessions and of processes, none of which may change an answer.
var zones = []string{"UTC", "America/New_York", "Asia/Tokyo"}

// inZone opens a warehouse as an analyst's own DuckDB does in a time zone.
func inZone(t *testing.T, lake, zone string) *sql.DB {
	t.Helper()
	warehouse := filepath.Join(lake, "current", "warehouse.duckdb")
	connector, err := duckdb.NewConnector(warehouse+"?access_mode=read_only&autoinstall_known_extensions=false", func(conn driver.ExecerContext) error {
		_, err := conn.ExecContext(context.Background(), "SET TimeZone = '"+zone+"'", nil)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	db := sql.OpenDB(connector)
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// rowTexts are the rows of an answer as texts, sorted. An instant with a time zone
// is another text in each session.
func rowTexts(t *testing.T, db *sql.DB, query string) (rows []string) {
	t.Helper()
	found, err := db.QueryContext(t.Context(), "SELECT COLUMNS(*)::VARCHAR FROM (\n"+strings.TrimSuffix(strings.TrimSpace(query), ";")+"\n)")
	if err != nil {
		t.Errorf("%v\n%s", err, query)
		return nil
	}
	defer found.Close()
	names, err := found.Columns()
	if err != nil {
		t.Fatal(err)
	}
	values, dest := make([]sql.NullString, len(names)), make([]any, len(names))
	for i := range values {
		dest[i] = &values[i]
	}
	for found.Next() {
		if err := found.Scan(dest...); err != nil {
			t.Fatal(err)
		}
		row := make([]string, len(values))
		for i, value := range values {
			row[i] = value.String
		}
		rows = append(rows, strings.Join(row, " | "))
	}
	if err := found.Err(); err != nil {
		t.Errorf("%v\n%s", err, query)
	}
	slices.Sort(rows)
	return rows
}

// relations are the tables, marts, histories and meta tables of a warehouse.
func relations(t *testing.T, db *sql.DB) []string {
	t.Helper()
	return rowTexts(t, db, `SELECT concat(schema_name, '.', view_name) FROM duckdb_views() WHERE NOT internal
		UNION ALL SELECT concat(schema_name, '.', table_name) FROM duckdb_tables() WHERE NOT internal`)
}

// changedLake is a lake of a business that changed between two looks, synced by
// processes in a time zone. Stripe's clock stands still.
func changedLake(t *testing.T, zone string) string {
	t.Helper()
	server, err := stripesim.New(stripesim.Config{Charges: 300, Pricing: true, Now: time.Date(2025, 12, 31, 12, 0, 0, 0, time.UTC)})
	if err != nil {
		t.Fatal(err)
	}
	url := serve(t, server)
	dir := t.TempDir()
	linkBinary(t, dir)
	sync := "TZ=" + zone + " STRIPE_API_KEY=sk_test_simulated stripelake sync --lake lake --api-base " + url
	session(t, dir, sync)
	for _, action := range []stripesim.Action{stripesim.PartialRefund, stripesim.UpdateSubscription} {
		if _, err := server.Change(action, 3); err != nil {
			t.Fatal(err)
		}
	}
	server.Advance(36 * time.Hour)
	if out := session(t, dir, sync); !strings.Contains(out, "published generation 2") {
		t.Fatal(out)
	}
	return filepath.Join(dir, "lake")
}

// In whichever time zone a session is, it finds the same in every table, mart,
// history and meta table, by every documented query, and on the report; and in
// each file what belongs into its partition.
func TestInstantsInAnySession(t *testing.T) {
	t.Parallel()
	lake := changedLake(t, "UTC")
	questions := runnable(t, lake)
	want := map[string]string{}
	for _, zone := range zones {
		db := inZone(t, lake, zone)
		names := relations(t, db)
		for _, wanted := range []string{"main.revenue_daily", "main.charges", "main.charges_history", "meta.coverage", "meta.runs"} {
			if !slices.Contains(names, wanted) {
				t.Fatalf("no %s among %q", wanted, names)
			}
		}
		if in := rowTexts(t, db, "SELECT current_setting('TimeZone')"); !slices.Equal(in, []string{zone}) {
			t.Errorf("a session in %s, want %s", in, zone)
		}
		got := map[string]string{}
		for _, name := range names {
			got[name] = strings.Join(rowTexts(t, db, "FROM "+name), "\n")
		}
		for _, question := range questions {
			got[question] = strings.Join(rowTexts(t, db, question), "\n")
		}
		got["the report"] = reported(t, db)
		if want["the report"] == "" {
			want = got
		}
		for name, rows := range got {
			if rows != want[name] {
				t.Errorf("%s: another answer in %s:\n%s", name, zone, cmp.Diff(want[name], rows))
			}
		}
		checkLabels(t, db, lake, zone)
	}
}

// runnable are the documented queries that can be asked of the warehouse, with
// the lake's own path in them.
func runnable(t *testing.T, lake string) (all []string) {
	t.Helper()
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "analysts.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, block := range sqlBlock.FindAllStringSubmatch(string(page), -1) {
		if regexp.MustCompile(`^(ATTACH|SET) |\{\{`).MatchString(block[1]) {
			continue
		}
		question := strings.ReplaceAll(block[1], "'lake/", "'"+lake+"/")
		if !strings.Contains(question, "ORDER BY") { // some rows, whichever they are: all of them
			question = regexp.MustCompile(`\nLIMIT \d+`).ReplaceAllString(question, "")
		}
		all = append(all, question)
	}
	if len(all) < 18 {
		t.Fatalf("%d queries can be run", len(all))
	}
	return all
}

func reported(t *testing.T, db *sql.DB) string {
	t.Helper()
	page, err := report.BNPL(t.Context(), db, report.Lake{Generation: "2", Mode: "test", Version: "1", Decimals: func(string) int { return 2 }})
	if err != nil {
		t.Fatal(err)
	}
	var html bytes.Buffer
	if err := page.Write(&html); err != nil {
		t.Fatal(err)
	}
	return html.String()
}

// checkLabels compares the label of each partition with the instants in its files.
func checkLabels(t *testing.T, db *sql.DB, lake, zone string) {
	t.Helper()
	files := "read_parquet('" + lake + "/current/charges/*/*/*.parquet')"
	of := func(month, from string) []string {
		return rowTexts(t, db, "SELECT "+month+" AS month, count(*) AS n, min(epoch_us(created)) AS first, max(epoch_us(created)) AS last FROM "+from+" GROUP BY ALL")
	}
	want := of("strftime(created, '%Y-%m')", "charges")
	if len(want) < 10 {
		t.Fatalf("charges of %d months", len(want))
	}
	for name, got := range map[string][]string{
		"folders": of("created_month", files), "instants in the files": of("strftime(created AT TIME ZONE 'UTC', '%Y-%m')", files),
		"meta.partitions": rowTexts(t, db, `SELECT partition AS month, sum(rows) AS n, min(epoch_us(first)) AS first, max(epoch_us(last)) AS last
			FROM meta.partitions WHERE "table" = 'charges' GROUP BY ALL`),
	} {
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s in %s (-warehouse +%s):\n%s", name, zone, name, diff)
		}
	}
}

// A lake is the same wherever the program runs: rows, files, when a row was seen,
// and what meta says.
func TestLakeWrittenInAnyZone(t *testing.T) {
	laketest.Slow(t)
	t.Parallel()
	// What differs from run to run: the order in which objects are read again, and with it sizes; when a run was, and how long it took.
	const steady = "SELECT COLUMNS(c -> c NOT IN ('_seq', 'seq', 'bytes', 'run_id', 'started', 'finished', 'requests', 'complete_through', 'as_of', 'built')) FROM "
	var want map[string]string
	for _, zone := range zones[:laketest.Sample(2, len(zones))] {
		began := time.Now().Add(-time.Second)
		lake := changedLake(t, zone)
		got, err := loadtest.Digest(t.Context(), lake)
		if err != nil {
			t.Fatal(err)
		}
		got["files"] = strings.Join(published(t, lake), "\n")
		db := inZone(t, lake, "UTC")
		for _, name := range relations(t, db) {
			got[name] = strings.Join(rowTexts(t, db, steady+name), "\n")
		}
		runs := rowTexts(t, db, fmt.Sprintf("SELECT count(*) FROM meta.runs WHERE epoch_us(started) BETWEEN %d AND %d AND finished >= started", began.UnixMicro(), time.Now().UnixMicro()))
		if !slices.Equal(runs, []string{"2"}) {
			t.Errorf("%s: %s runs are of now, want 2: %q", zone, runs, rowTexts(t, db, "SELECT started, finished FROM meta.runs"))
		}
		const near = "BETWEEN TIMESTAMP '2026-01-01 22:00:00' AND TIMESTAMP '2026-01-02 02:00:00'" // Stripe's clock is in between
		if far := rowTexts(t, db, "FROM meta.coverage WHERE as_of IS NULL OR as_of NOT "+near+" OR complete_through NOT "+near); len(far) > 0 {
			t.Errorf("%s: coverage up to another time: %q", zone, far)
		}
		if want == nil {
			want = got
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("written in %s (-UTC +%s):\n%s", zone, zone, diff)
		}
	}
}

// published are the paths of a lake's Parquet files.
func published(t *testing.T, lake string) (paths []string) {
	t.Helper()
	root, err := filepath.EvalSymlinks(filepath.Join(lake, "current"))
	if err == nil {
		err = fs.WalkDir(os.DirFS(root), ".", func(path string, _ fs.DirEntry, err error) error {
			if filepath.Ext(path) == ".parquet" {
				paths = append(paths, path)
			}
			return err
		})
	}
	if err != nil || len(paths) < 10 {
		t.Fatalf("%d files: %v", len(paths), err)
	}
	return paths
}

// What the program answers is the same in any time zone, and every instant in it
// says that it is UTC's.
func TestProcessInAnyZone(t *testing.T) {
	laketest.Slow(t)
	t.Parallel()
	lake := changedLake(t, "UTC")
	dir := filepath.Dir(lake)
	instants := "'SELECT id, created, synced_at, [created] AS list, {'moment': created} AS nested, TIMESTAMPTZ ''2025-10-01 00:00:00+02'' AS zoned FROM charges ORDER BY id LIMIT 50'"
	instants = strings.ReplaceAll(instants, "''", `'\''`)
	commands := []string{
		"stripelake query --lake lake --format csv " + instants,
		"stripelake query --lake lake --format json " + instants,
		"stripelake query --lake lake " + instants,
		"stripelake query --lake lake --format csv 'SELECT count(*) FROM charges WHERE created >= TIMESTAMPTZ '\\''2025-10-01 00:00:00Z'\\'''",
		"stripelake query --lake lake --format csv 'FROM meta.partitions'",
		"stripelake query --lake lake --var time_zone=Europe/Berlin --format csv 'FROM revenue_daily ORDER BY ALL'",
		"stripelake report bnpl --lake lake --out page.html && cat page.html",
		"stripelake export segment bnpl-offers --quiet --lake lake",
		"stripelake schema explain charges --sql",
		"stripelake verify --lake lake --deep > /dev/null",
		"stripelake query --lake lake --format parquet --out instants.parquet " + instants + " && cat instants.parquet",
	}
	for i, command := range commands {
		var want string
		for _, zone := range zones[:laketest.Sample(2, len(zones))] {
			got := session(t, dir, "export TZ="+zone+"; "+command+" && echo done")
			if want == "" {
				want = got
			}
			if got != want || !strings.HasSuffix(got, "done\n") {
				t.Errorf("%s: another answer in %s:\n%s", command, zone, cmp.Diff(want, got))
			}
		}
		instant := regexp.MustCompile(`\d\d:\d\d:\d\d(\.\d+)?\S?`)
		for _, found := range instant.FindAllString(want, -1) {
			if i < 3 && !strings.HasSuffix(found, "Z") {
				t.Fatalf("%s: an instant without Z: %s", command, found)
			}
		}
	}
	db := inZone(t, lake, "Asia/Tokyo")
	got := rowTexts(t, db, "SELECT DISTINCT logical_type LIKE '%isAdjustedToUTC=1%' FROM parquet_schema('"+filepath.Join(dir, "instants.parquet")+"') WHERE converted_type LIKE 'TIMESTAMP%'")
	if !slices.Equal(got, []string{"true"}) {
		t.Errorf("instants of UTC in the Parquet file: %q", got)
	}
}

// TestDocumentedFilters asks the warehouse and the Parquet files by each filter in
// the analysts' table, in sessions of three zones, and compares what is found with
// what stands there; what is not as in UTC must be bold. UPDATE_SCRIPTS=1 writes
// what is found into it.
func TestDocumentedFilters(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	linkBinary(t, dir)
	session(t, dir, "stripelake demo --now 2026-01-01 --charges 2000 --lake lake")
	lake := filepath.Join(dir, "lake")
	name := filepath.Join("..", "..", "docs", "analysts.md")
	page, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	filters, kinds := 0, map[string]bool{}
	real := regexp.MustCompile("(?m)^\\| `((?:created|date_trunc).*?)` \\|.*$").ReplaceAllStringFunc(string(page), func(line string) string {
		filters++
		filter := strings.Split(line, "`")[1]
		var said strings.Builder
		fmt.Fprintf(&said, "| `%s` |", filter)
		right := ""
		for _, from := range []string{"charges", "read_parquet('" + lake + "/current/charges/*/*/*.parquet')"} {
			wrong := false
			for _, zone := range zones {
				found := strings.Join(rowTexts(t, inZone(t, lake, zone), "SELECT count(*) FROM "+from+" WHERE "+filter), "")
				if right == "" {
					right = found
				}
				if found != right {
					found, wrong = "**"+found+"**", true
				}
				fmt.Fprintf(&said, " %s |", found)
			}
			kinds[fmt.Sprint(strings.HasPrefix(from, "charges"), wrong)] = true
		}
		return said.String()
	})
	if filters != 7 || len(kinds) != 4 {
		t.Errorf("%d filters, which find %v", filters, kinds)
	}
	if diff := cmp.Diff(string(page), real); diff != "" && os.Getenv("UPDATE_SCRIPTS") != "" {
		if err := os.WriteFile(name, []byte(real), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if diff != "" {
		t.Errorf("%s does not say what is found (-documented +real):\n%s", name, diff)
	}
}
