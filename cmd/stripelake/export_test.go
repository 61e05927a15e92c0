package main

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/stripelake/stripelake/internal/authoring"
	"github.com/stripelake/stripelake/load"
	"github.com/stripelake/stripelake/schemas"
)

// record is what the test reads of an exported profile.
type record struct {
	IdentityMap   map[string][]struct{ ID string }
	PersonalEmail struct{ Address string }
	Tenant        struct {
		Stripelake struct {
			Account    string
			CustomerID string           `json:"customer_id"`
			Offers     []map[string]any `json:"bnpl_offers"`
		}
	} `json:"_acme"`
}

// TestExportedSegment compares the three forms of a segment with each other: the
// same rows, money to the last digit, each profile valid.
func TestExportedSegment(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	linkBinary(t, dir)
	const call = "stripelake export segment bnpl-offers --lake lake --reveal email"
	said := session(t, dir, "stripelake demo --now 2026-01-01 --charges 2000 --lake lake && "+call+" --out offers.csv && "+call+" --format parquet --out offers.parquet && "+
		call+" --format xdm --tenant _acme --out offers.jsonl && "+call+" --format xdm --tenant _acme > again.jsonl && cmp offers.jsonl again.jsonl && echo all done")
	if !strings.HasSuffix(said, "all done\n") {
		t.Fatal(said)
	}
	rows := csvRows(t, filepath.Join(dir, "offers.csv"))
	if len(rows) < 20 {
		t.Fatalf("%d rows", len(rows))
	}
	if diff := cmp.Diff(rows, profileRows(t, filepath.Join(dir, "offers.jsonl"), rows[0])); diff != "" {
		t.Errorf("profiles are not the rows of the CSV (-csv +xdm):\n%s", diff)
	}
	if diff := cmp.Diff(rows, parquetRows(t, dir, rows[0])); diff != "" {
		t.Errorf("the Parquet file is not the CSV (-csv +parquet):\n%s", diff)
	}
}

// csvRows reads a file as RFC 4180 has it: lines end in CRLF.
func csvRows(t *testing.T, path string) [][]string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if lines := bytes.Count(text, []byte("\n")); lines != bytes.Count(text, []byte("\r\n")) || !bytes.HasSuffix(text, []byte("\r\n")) {
		t.Errorf("not each of %d lines ends in CRLF", lines)
	}
	rows, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

// profileRows checks each record and makes of them the rows that the CSV has.
func profileRows(t *testing.T, path string, header []string) [][]string {
	t.Helper()
	schema := profileSchema(t)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	rows, people := [][]string{header}, map[string]bool{}
	for line := range bytes.Lines(text) {
		value, err := jsonschema.UnmarshalJSON(bytes.NewReader(line))
		if err == nil {
			err = schema.Validate(value)
		}
		if err != nil {
			t.Fatalf("%v\nin: %s", err, line)
		}
		var r record
		decoder := json.NewDecoder(bytes.NewReader(line))
		decoder.UseNumber()
		if err := decoder.Decode(&r); err != nil {
			t.Fatal(err)
		}
		own := r.Tenant.Stripelake
		if people[own.CustomerID] || r.IdentityMap["StripeCustomer"][0].ID != own.CustomerID {
			t.Errorf("a second record of %s, or one of somebody else", own.CustomerID)
		}
		people[own.CustomerID] = true
		for _, offer := range own.Offers {
			offer["account"], offer["customer_id"], offer["email"] = own.Account, own.CustomerID, r.PersonalEmail.Address
			if hashed := r.IdentityMap["Email_LC_SHA256"]; len(hashed) > 0 {
				offer["email_sha256"] = hashed[0].ID
			}
			row := make([]string, len(header))
			for i, name := range header {
				if offer[name] != nil {
					row[i] = fmt.Sprint(offer[name])
				}
			}
			rows = append(rows, row)
		}
	}
	return rows
}

func profileSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	schema, err := compiler.Compile(filepath.Join("..", "..", "testdata", "xdm", "profile.schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// parquetRows reads the exported file with DuckDB, as texts in the order that it
// has.
func parquetRows(t *testing.T, dir string, header []string) [][]string {
	t.Helper()
	db, err := load.OpenWarehouse(filepath.Join(dir, "lake", "current", "warehouse.duckdb"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	found, err := db.QueryContext(t.Context(), `SELECT [coalesce(CASE WHEN cell LIKE '____-__-__ __:__:%+00' THEN replace(replace(cell, ' ', 'T'), '+00', 'Z') ELSE cell END, '') FOR cell IN
		[`+strings.Join(header, "::VARCHAR, ")+`::VARCHAR]] FROM '`+filepath.Join(dir, "offers.parquet")+`'`)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = found.Close() }()
	rows := [][]string{header}
	for found.Next() {
		var cells []any
		if err := found.Scan(&cells); err != nil {
			t.Fatal(err)
		}
		row := make([]string, len(cells))
		for i, cell := range cells {
			row[i] = fmt.Sprint(cell)
		}
		rows = append(rows, row)
	}
	if err := found.Err(); err != nil {
		t.Fatal(err)
	}
	return rows
}

// TestDocumentedSegment holds that the analysts' example of a segment fits.
func TestDocumentedSegment(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "analysts.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(page), "\n## Segments\n")
	section, _, _ = strings.Cut(section, "\n## ")
	example := sqlBlock.FindStringSubmatch(section)
	if example == nil {
		t.Fatal("there is no example")
	}
	shipped, err := schemas.Load(schemas.Embedded())
	if err != nil {
		t.Fatal(err)
	}
	files := shipped.Files()
	files["segments/recent.sql"] = example[1]
	set, err := schemas.LoadFiles(files)
	if err != nil {
		t.Fatal(err)
	}
	problems, err := authoring.CheckSegments(t.Context(), set)
	if err != nil || len(problems) > 0 || len(set.Segment("recent").Personal) != 2 {
		t.Errorf("%v, %v", err, problems)
	}
}
