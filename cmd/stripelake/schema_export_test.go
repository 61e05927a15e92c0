package main

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"

	"github.com/stripelake/stripelake/internal/authoring"
	"github.com/stripelake/stripelake/internal/stripesim"
	"github.com/stripelake/stripelake/load"
	"github.com/stripelake/stripelake/schemas"
)

// dbtTests are the tests of a properties file, as SQL for the rows that fail, by
// name. It is what dbt's own four tests compile to.
func dbtTests(t *testing.T, text string) map[string]string {
	t.Helper()
	type test struct {
		Name      string
		Arguments struct {
			ColumnName string `yaml:"column_name"`
			Values     []string
			To, Field  string
		}
		Config struct{ Where string }
	}
	var file struct {
		Sources []struct {
			Schema string
			Tables []struct {
				Name    string
				Tests   []map[string]test `yaml:"data_tests"`
				Columns []struct {
					Name  string
					Tests []any `yaml:"data_tests"`
				}
			}
		}
	}
	if err := yaml.Unmarshal([]byte(text), &file); err != nil {
		t.Fatal(err)
	}
	tests := map[string]string{}
	for _, source := range file.Sources {
		for _, table := range source.Tables {
			from := fmt.Sprintf("stripe.%s.%s", source.Schema, table.Name)
			for _, given := range table.Tests {
				key := given["unique"].Arguments.ColumnName
				tests[table.Name+" unique"] = fmt.Sprintf("SELECT %s FROM %s WHERE %s IS NOT NULL GROUP BY 1 HAVING count(*) > 1", key, from, key)
			}
			for _, column := range table.Columns {
				for _, given := range column.Tests {
					name := table.Name + "." + column.Name
					if given == "not_null" {
						tests[name+" not null"] = fmt.Sprintf("SELECT 1 FROM %s WHERE %q IS NULL", from, column.Name)
						continue
					}
					inner, err := yaml.Marshal(given)
					if err != nil {
						t.Fatal(err)
					}
					var named map[string]test
					if err := yaml.Unmarshal(inner, &named); err != nil {
						t.Fatal(err)
					}
					to, _ := strings.CutPrefix(named["relationships"].Arguments.To, "source('stripe', '")
					tests[name+" relationships"] = fmt.Sprintf("SELECT %[2]q FROM (SELECT * FROM %[1]s WHERE %[3]s) WHERE %[2]q IS NOT NULL AND %[2]q NOT IN (SELECT id FROM stripe.main.%[4]s)",
						from, column.Name, named["relationships"].Config.Where, strings.TrimSuffix(to, "')"))
				}
			}
		}
	}
	return tests
}

// TestExportedTestsHold runs what dbt would on a business with updates,
// deletions and refunds, and on a lake that holds its last days only.
func TestExportedTestsHold(t *testing.T) {
	t.Parallel()
	from := time.Date(2025, 3, 1, 0, 0, 0, 0, time.UTC)
	server, err := stripesim.New(stripesim.Config{Seed: 3, Charges: 150, From: from, To: from.AddDate(0, 0, 14), Now: from.AddDate(0, 0, 14)})
	if err != nil {
		t.Fatal(err)
	}
	url := serve(t, server)
	dir := t.TempDir()
	linkBinary(t, dir)
	const call = "STRIPE_API_KEY=sk_test_dbt stripelake sync --max-rps 4000 --api-base "
	session(t, dir, call+url+" --lake late --from 2025-03-12")
	for range 2 {
		session(t, dir, call+url+" --lake whole")
		for _, action := range []stripesim.Action{stripesim.UpdateCharge, stripesim.UpdateCharge, stripesim.DeleteCustomer, stripesim.CreateRefund, stripesim.UpdateCustomer} {
			if _, err := server.Change(action, 10); err != nil {
				t.Fatal(err)
			}
		}
		server.Advance(10 * time.Minute)
	}
	session(t, dir, call+url+" --lake whole")
	set, err := schemas.Load(schemas.Embedded())
	if err != nil {
		t.Fatal(err)
	}
	text, err := authoring.DBT(t.Context(), set, "warehouse")
	if err != nil {
		t.Fatal(err)
	}
	tests := dbtTests(t, text)
	if len(tests) < 30 {
		t.Fatalf("%d tests", len(tests))
	}
	for _, lake := range []string{"whole", "late"} {
		path := filepath.Join(dir, lake, "current", "warehouse.duckdb")
		db, err := load.OpenWarehouse(path)
		if err != nil {
			t.Fatal(err)
		}
		for name, failures := range tests {
			var n int
			statement := "SELECT count(*) FROM (" + strings.ReplaceAll(failures, "stripe.main.", "warehouse.main.") + ")"
			if err := db.QueryRowContext(t.Context(), statement).Scan(&n); err != nil || n != 0 {
				t.Errorf("%s lake: %s: %d rows fail, %v\n%s", lake, name, n, err, statement)
			}
		}
		t.Logf("%s lake: %d tests; rows of charges_history: %d", lake, len(tests), rowsOf(t, db, "charges_history"))
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}
}

func rowsOf(t *testing.T, db *sql.DB, table string) (n int) {
	t.Helper()
	if err := db.QueryRowContext(t.Context(), "SELECT count(*) FROM "+table).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}
