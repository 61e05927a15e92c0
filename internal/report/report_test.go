package report

import (
	"bytes"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	_ "github.com/duckdb/duckdb-go/v2"
	"github.com/google/go-cmp/cmp"

	"github.com/stripelake/stripelake/load"
)

var update = flag.Bool("update", false, "write the golden files")

// marts are tables with the columns that the report reads: to it, a mart is
// whatever has its name.
const marts = `
CREATE SCHEMA meta;
CREATE TABLE meta.coverage (account VARCHAR, resource VARCHAR, complete_from TIMESTAMP, complete_through TIMESTAMP, as_of TIMESTAMP, api_version VARCHAR, why VARCHAR);
CREATE TABLE meta.gaps (account VARCHAR, resource VARCHAR, gap_from TIMESTAMP, gap_to TIMESTAMP);
CREATE TABLE payments (account VARCHAR, created TIMESTAMP, method VARCHAR, pays_later BOOLEAN, country VARCHAR, succeeded BOOLEAN,
  currency VARCHAR, gross DECIMAL(18, 3), refunded DECIMAL(18, 3), disputed BOOLEAN, cost DECIMAL(18, 6));
CREATE TABLE bnpl_customers (account VARCHAR, customer_id VARCHAR, currency VARCHAR, first_method VARCHAR, last_method VARCHAR, repeats BOOLEAN,
  switches BIGINT, first_paid_at TIMESTAMP, gross DECIMAL(38, 3), segment VARCHAR);`

const business = `
INSERT INTO meta.coverage VALUES ('acct_1', 'charges', NULL, '2025-03-01 12:00', '2025-03-01 12:00', '2023-10-16', NULL);
INSERT INTO payments SELECT 'acct_1', TIMESTAMP '2025-01-01' + INTERVAL (i * 9) HOUR, m, m <> 'card', c, i % 7 <> 0, u,
  CASE WHEN i % 7 <> 0 THEN g ELSE 0 END, CASE WHEN i % 7 <> 0 AND i % 5 = 0 THEN g ELSE 0 END, i % 11 = 1, CASE WHEN i % 7 <> 0 THEN g * 0.03 END
FROM (SELECT i, ['card', 'klarna', 'card', 'zip'][1 + i % 4] AS m, ['DE', 'US', NULL][1 + i % 3] AS c, ['USD', 'JPY', 'USD'][1 + i % 3] AS u, (100 + 7 * i)::DECIMAL(18, 3) AS g FROM range(120) t(i));
INSERT INTO bnpl_customers SELECT 'acct_1', 'cus_' || i, 'USD', ['card', 'klarna', 'sepa_debit'][1 + i % 3], ['card', 'zip'][1 + i % 2], i % 4 > 0, i % 2,
  TIMESTAMP '2025-01-01' + INTERVAL (i * 20) HOUR, 50 * i, ['pays at once', 'pays later, no add-on yet'][1 + i % 2] FROM range(30) t(i);`

// warehouse makes a database and opens it as a published one is opened.
func warehouse(t *testing.T, statements ...string) *sql.DB {
	t.Helper()
	path := filepath.Join(t.TempDir(), "warehouse.duckdb")
	made, err := sql.Open("duckdb", path)
	if err != nil {
		t.Fatal(err)
	}
	for _, statement := range statements {
		if _, err := made.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	if err := made.Close(); err != nil {
		t.Fatal(err)
	}
	db, err := load.OpenWarehouse(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func lake() Lake {
	return Lake{Generation: "7", Mode: "test", Version: "devel", Decimals: func(currency string) int {
		return map[string]int{"JPY": 0, "KWD": 3, "USD": 2}[currency]
	}}
}

func pageOf(t *testing.T, db *sql.DB) (*Page, string) {
	t.Helper()
	page, err := BNPL(t.Context(), db, lake())
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := page.Write(&out); err != nil {
		t.Fatal(err)
	}
	return page, out.String()
}

var scriptsOf = regexp.MustCompile(`(?s)<style>.*?</style>|<script>.*?</script>|'sha256-[^']*'`)

// TestGolden holds what a browser without scripts shows, and the data of the
// scripts.
func TestGolden(t *testing.T) {
	t.Parallel()
	for name, rows := range map[string][]string{
		"business": {business},
		"empty":    nil,
		"gaps": {business, `UPDATE meta.coverage SET complete_from = '2025-02-01 00:00', why = 'unfinished';
INSERT INTO meta.coverage VALUES ('acct_1', 'refunds', NULL, NULL, NULL, '2023-10-16', 'forbidden');
INSERT INTO meta.gaps VALUES ('acct_1', 'charges', NULL, '2025-01-03 00:00'), ('acct_1', 'charges', '2025-01-08 12:00', '2025-02-01 00:00'),
  ('acct_1', 'charges', '2025-03-05', '2025-03-06')`},
		"one payment": {`INSERT INTO payments VALUES ('acct_1', '2025-01-01', 'klarna', true, 'KW', true, 'KWD', 12.345, 0, false, NULL);
INSERT INTO bnpl_customers VALUES ('acct_1', 'cus_1', 'KWD', 'klarna', 'klarna', false, 0, '2025-01-01', 12.345, 'pays later, no add-on yet')`},
		"nobody pays later": {`INSERT INTO payments VALUES ('acct_1', '2025-01-01', 'card', false, 'JP', true, 'JPY', 1200, 0, false, 36), ('acct_1', '2025-01-02', 'card', false, NULL, false, 'JPY', 0, 0, false, NULL)`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, page := pageOf(t, warehouse(t, append([]string{marts}, rows...)...))
			got := scriptsOf.ReplaceAllString(page, "…")
			file := filepath.Join("testdata", strings.ReplaceAll(name, " ", "-")+".html")
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("%s (-want +got, -update writes it):\n%s", file, diff)
			}
		})
	}
}

// TestHostileNames puts what ends a script, a text and a string into every name
// that data brings.
func TestHostileNames(t *testing.T) {
	t.Parallel()
	const hostile = `</script><img src=x onerror=alert(1)>'"{currency} -- {provider}`
	name := "'" + strings.ReplaceAll(hostile, "'", "''") + "'"
	_, page := pageOf(t, warehouse(t, marts,
		"INSERT INTO payments VALUES ("+name+", '2025-01-01', "+name+", true, "+name+", true, "+name+", 1, 0, false, 0.1)",
		"INSERT INTO bnpl_customers VALUES ("+name+", 'cus_1', "+name+", "+name+", "+name+", true, 1, '2025-01-01', 1, "+name+")",
		"INSERT INTO meta.coverage VALUES ("+name+", 'charges', NULL, NULL, NULL, '2023-10-16', 'never read')"))
	page = scriptsOf.ReplaceAllString(page, "…")
	if strings.Contains(page, "<img") || strings.Count(page, "</script>") != 1 {
		t.Error("a name became markup")
	}
	if strings.Contains(page, "cus_1") {
		t.Error("the page names a customer")
	}
}

func TestMissingMarts(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ spoil, want string }{
		{"DROP TABLE payments", "the warehouse has no mart payments: bring back marts/payments.sql in the schemas"},
		{"DROP TABLE bnpl_customers", "the warehouse has no mart bnpl_customers"},
		{"ALTER TABLE payments DROP COLUMN cost", `read mart payments: Binder Error: Referenced column "cost" not found`},
	} {
		_, err := BNPL(t.Context(), warehouse(t, marts, c.spoil), lake())
		if err == nil || !strings.HasPrefix(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v, want %s", c.spoil, err, c.want)
		}
	}
}

// TestPeriods: periods follow the span, and are not of a handful of payments.
func TestPeriods(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		days, payments int
		unit           string
	}{
		{1, 20, "day"},
		{62, 20, "day"},
		{62, 19, "week"},
		{63, 20, "week"},
		{400, 3, "week"},
		{400, 2, "month"},
		{401, 9, "month"},
		{3700, 1, "month"},
		{3701, 1, "quarter"},
		{20000, 1, "year"},
	} {
		page, _ := pageOf(t, warehouse(t, marts, `INSERT INTO payments SELECT 'acct_1', DATE '1990-01-01' + i::INTEGER, 'card', false, 'DE', true, 'EUR', 1, 0, false, 0
FROM range(`+strconv.Itoa(c.days)+`) t(i), range(`+strconv.Itoa(c.payments)+`)`))
		if page.content.Words.Unit != c.unit {
			t.Errorf("%d days of %d payments are shown by %s, want %s", c.days, c.payments, page.content.Words.Unit, c.unit)
		}
	}
}

// TestManyCells: where the finest period has too many cells, a longer one does.
func TestManyCells(t *testing.T) {
	t.Parallel()
	page, html := pageOf(t, warehouse(t, marts, `INSERT INTO payments SELECT 'acct_1', DATE '2025-01-01' + (i % 60)::INTEGER, 'm' || i % 7, true, 'c' || i % 211, true, 'k' || i % 31, 1 + i % 500, 0, false, 0
FROM range(300000) t(i)`))
	if page.content.Words.Unit == "day" {
		t.Error("300,000 payments of all kinds are shown by day")
	}
	if len(html) > 5e6 {
		t.Errorf("the page has %d bytes", len(html))
	}
}

// Wilson's interval as it is in the literature: Newcombe, 1998, and 0 and all of few.
func TestWilson(t *testing.T) {
	t.Parallel()
	db := warehouse(t, marts)
	for _, c := range []struct{ part, whole, low, high string }{
		{"81", "263", "25.5", "36.6"}, {"15", "148", "6.2", "16.0"}, {"0", "20", "0.0", "16.1"}, {"1", "29", "0.6", "17.2"}, {"20", "20", "83.9", "100.0"},
	} {
		var low, high string
		query := "SELECT " + wilson("low", c.part, c.whole) + "::VARCHAR, " + wilson("high", c.part, c.whole) + "::VARCHAR"
		if err := db.QueryRowContext(t.Context(), query).Scan(&low, &high); err != nil {
			t.Fatal(err)
		}
		if low != c.low || high != c.high {
			t.Errorf("%s of %s: %s to %s, want %s to %s", c.part, c.whole, low, high, c.low, c.high)
		}
	}
}

// TestLibrary: the library is the one that was published, byte for byte
// (docs/adr/0019, docs/dependencies.md).
func TestLibrary(t *testing.T) {
	t.Parallel()
	sum := sha256.Sum256([]byte(echarts))
	if got := hex.EncodeToString(sum[:]); got != "b66b25aeb4df84e33199dc21694014d336d222cbd9deb0e5a7c14bd6aa0d0fd0" {
		t.Errorf("echarts.min.js is %s", got)
	}
	for _, name := range []string{"LICENSE", "NOTICE"} {
		if _, err := os.Stat(filepath.Join("library", name)); err != nil {
			t.Error(err)
		}
	}
	dependencies, err := os.ReadFile(filepath.Join("..", "..", "docs", "dependencies.md"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(dependencies), "echarts 6.1.0") || !strings.Contains(echarts, `version="6.1.0"`) {
		t.Error("docs/dependencies.md should name the version of echarts")
	}
}

// TestPageIsComplete: each part of the page is there, and no script takes what
// another needs.
func TestPageIsComplete(t *testing.T) {
	t.Parallel()
	for _, name := range append(scripts, "page.css") {
		if asset(name) == "" {
			t.Errorf("%s is not embedded", name)
		}
	}
	if n := len(figures()); n != 10 {
		t.Errorf("%d figures have SQL", n)
	}
	if strings.Contains(script(), "</script") || strings.Contains(echarts, "</script") {
		t.Error("a script ends its element")
	}
	if policy := policy(); !strings.HasPrefix(policy, "default-src 'none';") || strings.Count(policy, "'sha256-") != 2 {
		t.Errorf("the policy is %s", policy)
	}
}
