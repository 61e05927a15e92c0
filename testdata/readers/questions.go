package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// question asks how many values a column has in each group of its table's rows,
// and what they come to.
type question struct {
	table, column string
	kind          string // of the column, in DuckDB's words
	by            string // the column that groups, in the files
	declared      string // what by is in the warehouse, which has no keys of folders
}

// measures are what is added up of each type that has something to add up, all
// of it exact: a float would show in the digits. Of others the values are counted.
var measures = map[string]string{
	"SMALLINT": "sum", "INTEGER": "sum", "BIGINT": "sum", "DECIMAL(18,3)": "sum", "DECIMAL(38,12)": "sum",
	"VARCHAR": "length", "JSON": "length", // of texts, in characters
}

const columnsSQL = `SELECT table_name, column_name, data_type FROM duckdb_columns()
JOIN duckdb_tables() USING (database_name, schema_name, table_name) WHERE schema_name = 'main' ORDER BY table_name, column_index`

// questionsOf asks for each column of each published table by currency, and for
// ids by the keys of its folders, which readers make columns of.
func questionsOf(ctx context.Context, stripelake, lake string) ([]question, error) {
	keys, err := folderKeys(lake)
	if err != nil {
		return nil, err
	}
	columns, err := ask(ctx, stripelake, lake, columnsSQL)
	if err != nil {
		return nil, err
	}
	var questions []question
	for _, c := range columns {
		table, column, kind := c[0], c[1], c[2]
		questions = append(questions, question{table, column, kind, "currency", `"currency"`})
		if column != "id" {
			continue
		}
		if len(keys[table]) == 0 {
			return nil, fmt.Errorf("%s: no file of it is published in a folder with a key", table)
		}
		for _, key := range keys[table] {
			declared := "account"
			if column, ok := strings.CutSuffix(key, "_month"); ok {
				declared = "strftime(" + column + ", '%Y-%m')"
			}
			questions = append(questions, question{table, "id", kind, key, declared})
		}
	}
	return questions, nil
}

// folderKeys are the keys of each table's folders: acct and created_month.
func folderKeys(lake string) (map[string][]string, error) {
	name := filepath.Join(lake, "current", "generation.json")
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	var manifest struct {
		Files []struct{ Table, Path string }
	}
	if err := json.Unmarshal(text, &manifest); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	keys := map[string][]string{}
	for _, file := range manifest.Files {
		var found []string
		for folder := range strings.SplitSeq(file.Path, "/") {
			if key, _, ok := strings.Cut(folder, "="); ok {
				found = append(found, key)
			}
		}
		keys[file.Table] = found
	}
	return keys, nil
}

// tsv is the question to a reader without SQL.
func (q question) tsv() string {
	return strings.Join([]string{q.table, q.column, q.by, measures[q.kind]}, "\t")
}

// files is the question to a reader of files that has SQL. Its rows are answers.
func (q question) files() string { return q.grouped(`"` + q.by + `"`) }

// warehouse is the question to the warehouse.
func (q question) warehouse() string { return q.grouped(q.declared) }

func (q question) grouped(by string) string {
	total := "NULL"
	switch measures[q.kind] {
	case "sum":
		total = `sum("` + q.column + `")`
	case "length":
		total = `sum(length("` + q.column + `"))`
	}
	return fmt.Sprintf(`SELECT '%[1]s' AS t, '%[2]s' AS c, '%[3]s' AS b, coalesce(CAST(%[4]s AS VARCHAR), '-') AS g, `+
		`count("%[2]s") AS n, coalesce(CAST(%[5]s AS VARCHAR), '-') AS s FROM %[1]s GROUP BY %[4]s`,
		q.table, q.column, q.by, by, total)
}
