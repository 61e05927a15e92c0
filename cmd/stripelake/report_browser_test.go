package main

import (
	"bytes"
	"database/sql"
	"encoding/csv"
	"errors"
	"html"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stripelake/stripelake/internal/stripesim"
	"github.com/stripelake/stripelake/load"
	"github.com/stripelake/stripelake/load/query"
)

// TestReportInBrowser looks at the report in a real Chromium under several
// filters: what the browser adds up is, cell by cell, what the SQL beside it
// answers. `make browser` fails where this is skipped.
func TestReportInBrowser(t *testing.T) {
	t.Parallel()
	chromium := findChromium(t)
	dir := t.TempDir()
	linkBinary(t, dir)
	server, err := stripesim.New(stripesim.Config{Charges: 1500, Accounts: 1})
	if err != nil {
		t.Fatal(err)
	}
	url := serve(t, server)
	other := server.Connected()[0].AccountID()
	sync := "STRIPE_API_KEY=sk_test_simulated stripelake sync --lake lake --max-rps 4000 --api-base " + url
	if out := session(t, dir, sync+" && "+sync+" --account "+other+" && stripelake report bnpl --lake lake"); !strings.Contains(out, "bnpl.html: ") {
		t.Fatal(out)
	}
	// Without scripts a browser shows what is in the file.
	page, err := os.ReadFile(filepath.Join(dir, "bnpl.html"))
	if err != nil {
		t.Fatal(err)
	}
	plain := pageTables(t, string(page), 0)
	answers(t, string(page), plain, asUsersDo(t, filepath.Join(dir, "lake")))
	db, err := load.OpenWarehouse(filepath.Join(dir, "lake", "current", "warehouse.duckdb"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	if _, err := db.ExecContext(t.Context(), "SET preserve_insertion_order = true"); err != nil {
		t.Fatal(err)
	}
	for _, view := range []struct{ fragment, in, notIn string }{
		{"", "all currencies (money in USD), all providers", "WHERE succeeded\n  AND created"},
		{"#currency=jpy&provider=klarna", "currency = 'JPY'", "currency = 'USD'"},
		{"#from=2025-03-05&to=2025-06-30&provider=afterpay_clearpay", "created >= DATE '2025-03-03'", "provider = "},
		{"#currency=kwd&account=" + other, "DECIMAL(38, 3)", "DECIMAL(38, 2)"},
		{"#currency=eur&from=2025-10-01&to=2025-10-14", "first_paid_at < DATE '2025-10-20'", "all currencies"},
	} {
		t.Run(view.fragment, func(t *testing.T) {
			t.Parallel()
			dom := browse(t, chromium, dir, view.fragment)
			if text := html.UnescapeString(dom[:strings.Index(dom, `id="data"`)]); !strings.Contains(text, view.in) || strings.Contains(text, view.notIn) {
				t.Errorf("the page should hold %q and not %q", view.in, view.notIn)
			}
			charts := 2
			if view.fragment == "" {
				charts = 8 // every one there is
			}
			found := pageTables(t, dom, charts)
			answers(t, dom, found, atOnce(t, db))
			if view.fragment == "" {
				if diff := cmp.Diff(plain, found); diff != "" {
					t.Errorf("with scripts the tables differ (-without +with):\n%s", diff)
				}
			}
		})
	}
}

func findChromium(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Skip("no Chromium here")
	return ""
}

// TestReportInBrowserOfNothing: no payment is no reason to fail.
func TestReportInBrowserOfNothing(t *testing.T) {
	t.Parallel()
	chromium := findChromium(t)
	dir := t.TempDir()
	linkBinary(t, dir)
	if err := os.WriteFile(filepath.Join(dir, "customer.jsonl"), []byte(`{"id": "cus_a", "object": "customer", "created": 1700000000, "livemode": false, "balance": 0}`), 0o600); err != nil {
		t.Fatal(err)
	}
	server, err := stripesim.FromFiles(dir, stripesim.Config{})
	if err != nil {
		t.Fatal(err)
	}
	url := serve(t, server)
	session(t, dir, "STRIPE_API_KEY=sk_test_simulated stripelake sync --lake lake --api-base "+url+" && stripelake report bnpl --lake lake")
	if dom := browse(t, chromium, dir, "#currency=usd"); !strings.Contains(dom, "There is no payment here") || strings.Contains(dom, "<svg") {
		t.Error("the page of nothing should say so")
	}
}

var (
	pageTable   = regexp.MustCompile(`(?s)<table id="(\w+)-table">.*?<tbody>(.*?)</tbody>`)
	pageRow     = regexp.MustCompile(`(?s)<tr>(.*?)</tr>`)
	pageCell    = regexp.MustCompile(`class="(\w+)" data-raw="([^"]*)"[^>]*>([^<]*)<`)
	pageSQL     = regexp.MustCompile(`(?s)<code id="(\w+)-sql">(.*?)</code>`)
	pageRequest = regexp.MustCompile(`"initiator":"[^"]*"`)
	pageChart   = regexp.MustCompile(`(?s)id="(\w+)-chart"[^>]*>\s*<div[^>]*>\s*<svg.*?</svg>`)
)

// browse loads the report with a fragment and returns the document as it then
// is. Nothing may be logged, and the page may ask no network for anything
// (Invariant 12): Chromium's own requests come from "not an origin".
func browse(t *testing.T, chromium, dir, fragment string) string {
	t.Helper()
	profile := t.TempDir()
	netLog := filepath.Join(profile, "net.json")
	cmd := exec.CommandContext(t.Context(), chromium,
		"--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking", "--no-first-run",
		"--host-resolver-rules=MAP * ~NOTFOUND", "--user-data-dir="+profile, "--enable-logging=stderr", "--log-net-log="+netLog,
		"--window-size=1280,900", "--virtual-time-budget=3000", "--dump-dom",
		"file://"+filepath.Join(dir, "bnpl.html")+fragment)
	cmd.Env = append(os.Environ(), "HOME="+profile)
	var out, log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &log
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v\n%s", err, log.String())
	}
	for line := range strings.Lines(log.String()) {
		if strings.Contains(line, "CONSOLE") {
			t.Errorf("the console says: %s", line)
		}
	}
	requests, err := os.ReadFile(netLog)
	if err != nil {
		t.Fatal(err)
	}
	for _, initiator := range pageRequest.FindAllString(string(requests), -1) {
		if initiator != `"initiator":"not an origin"` {
			t.Errorf("the page asked the network: %s", initiator)
		}
	}
	return out.String()
}

// pageTables reads the tables of a document, as DuckDB would say their cells,
// and checks that people read the same. At least so many charts are drawn.
func pageTables(t *testing.T, dom string, charts int) map[string][][]string {
	t.Helper()
	drawn := pageChart.FindAllString(dom, -1)
	if drawn = slices.DeleteFunc(drawn, func(svg string) bool { return strings.Count(svg, "<path") < 3 }); len(drawn) < charts {
		t.Errorf("%d charts are drawn, want %d", len(drawn), charts)
	}
	found := map[string][][]string{}
	for _, table := range pageTable.FindAllStringSubmatch(dom, -1) {
		found[table[1]] = [][]string{}
		for _, row := range pageRow.FindAllStringSubmatch(table[2], -1) {
			var cells []string
			for _, cell := range pageCell.FindAllStringSubmatch(row[1], -1) {
				kind, raw, text := cell[1], html.UnescapeString(cell[2]), html.UnescapeString(cell[3])
				if read := strings.ReplaceAll(text, ",", ""); kind != "name" && read != raw && (read != "–" || raw != "") {
					t.Errorf("table %s shows %q for %q", table[1], text, raw)
				}
				cells = append(cells, raw)
			}
			found[table[1]] = append(found[table[1]], cells)
		}
	}
	return found
}

// answers asks the lake the SQL of each figure: the answer is the table.
func answers(t *testing.T, dom string, tables map[string][][]string, ask func(sql string) [][]string) {
	t.Helper()
	questions := pageSQL.FindAllStringSubmatch(dom, -1)
	if len(questions) != 10 || len(tables) != 10 {
		t.Fatalf("%d questions and %d tables", len(questions), len(tables))
	}
	for _, q := range questions {
		question := html.UnescapeString(q[2])
		if diff := cmp.Diff(ask(question), tables[q[1]]); diff != "" {
			t.Errorf("%s: the table is not what the SQL answers (-SQL +table):\n%s\n%s", q[1], diff, question)
		}
	}
}

// asUsersDo asks by `stripelake query`.
func asUsersDo(t *testing.T, lake string) func(string) [][]string {
	return func(question string) [][]string {
		t.Helper()
		answer, err := query.Ask(t.Context(), lake, query.Question{SQL: question})
		if err != nil {
			t.Fatalf("%v\n%s", err, question)
		}
		var out bytes.Buffer
		err = errors.Join(answer.Write(t.Context(), &out, query.CSV), answer.Close())
		if err != nil {
			t.Fatalf("%v\n%s", err, question)
		}
		rows, err := csv.NewReader(&out).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		return rows[1:]
	}
}

// atOnce asks a warehouse that stays open, which is quicker.
func atOnce(t *testing.T, db *sql.DB) func(string) [][]string {
	return func(question string) [][]string {
		t.Helper()
		answer, err := db.QueryContext(t.Context(), "SELECT coalesce(COLUMNS(*)::VARCHAR, '') FROM (\n"+question+"\n)")
		if err != nil {
			t.Fatalf("%v\n%s", err, question)
		}
		defer func() { _ = answer.Close() }()
		names, err := answer.Columns()
		rows := [][]string{}
		for err == nil && answer.Next() {
			row, dest := make([]string, len(names)), make([]any, len(names))
			for i := range row {
				dest[i] = &row[i]
			}
			err = answer.Scan(dest...)
			rows = append(rows, row)
		}
		if err := errors.Join(err, answer.Err()); err != nil {
			t.Fatal(err)
		}
		return rows
	}
}
