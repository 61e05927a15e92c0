package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/stripelake/stripelake/internal/report"
	"github.com/stripelake/stripelake/internal/sqltext"
	"github.com/stripelake/stripelake/load"
	"github.com/stripelake/stripelake/schemas"
	"github.com/stripelake/stripelake/transform"
)

// answerMart computes a mart and writes how long it took.
func answerMart(ctx context.Context, question string) (err error) {
	var asked martQuestion
	if err := json.Unmarshal([]byte(question), &asked); err != nil {
		return err
	}
	db, err := sql.Open("duckdb", fmt.Sprintf("?memory_limit=%s&threads=%d&preserve_insertion_order=false", asked.Memory, runtime.GOMAXPROCS(0)))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	views, err := martViews(asked)
	if err != nil {
		return err
	}
	for _, statement := range append([]string{"SET temp_directory = " + sqltext.Literal(asked.Spill), "SET TimeZone = 'UTC'"}, views...) {
		if _, err := db.ExecContext(ctx, statement); err != nil {
			return fmt.Errorf("%s: %w", statement[:min(len(statement), 100)], err)
		}
	}
	var answer martAnswer
	for n := range asked.Runs {
		start := time.Now()
		if asked.Mart == reportName {
			_, err = report.BNPL(ctx, db, report.Lake{Generation: "1", Decimals: func(string) int { return 2 }})
		} else {
			// The hash of whole rows: no column can be left out.
			err = db.QueryRowContext(ctx, "SELECT count(*), sum(hash(m))::VARCHAR FROM "+asked.Mart+" m").Scan(&answer.Rows, &answer.Hash)
		}
		if err != nil && strings.Contains(err.Error(), "Out of Memory Error") {
			answer.Full, err = true, nil
		}
		if err != nil {
			return err
		}
		if seconds := time.Since(start).Seconds(); n == 0 || seconds < answer.Seconds {
			answer.Seconds = seconds
		}
	}
	return json.NewEncoder(os.Stdout).Encode(answer)
}

// martViews returns the SQL of the tables that marts read, and of this
// program's marts over them.
func martViews(asked martQuestion) ([]string, error) {
	files, err := load.ReadSchemas(asked.Lake)
	if err != nil {
		return nil, err
	}
	set, err := schemas.LoadFiles(files)
	if err != nil {
		return nil, err
	}
	mappings, err := transform.Compile(set)
	if err != nil {
		return nil, err
	}
	accounts, err := os.ReadDir(filepath.Join(asked.Lake, "raw"))
	if err != nil {
		return nil, err
	}
	if len(accounts) != 1 {
		return nil, fmt.Errorf("%d accounts are in %s: the raw log can be measured with one only", len(accounts), asked.Lake)
	}
	statements := []string{
		"ATTACH " + sqltext.Literal(filepath.Join(asked.Lake, "current", "warehouse.duckdb")) + " AS lake (READ_ONLY)",
		"CREATE SCHEMA meta", "CREATE VIEW meta.coverage AS FROM lake.meta.coverage", "CREATE VIEW meta.gaps AS FROM lake.meta.gaps", // of which the report tells; next to nothing
	}
	for _, m := range set.Mappings {
		from := "FROM lake.main." + m.Schema.Table
		if asked.Raw {
			from = withRaw(asked.Lake, accounts[0].Name(), m.Source.Object+"s", newest(asked.Lake, accounts[0].Name(), m.Source.Object+"s"), mappings.SQL(m))
		}
		statements = append(statements, "CREATE VIEW "+m.Schema.Table+" AS "+from)
	}
	ours, err := schemas.Load(schemas.Embedded())
	if err != nil {
		return nil, err
	}
	for _, mart := range ours.Marts {
		statements = append(statements, "CREATE VIEW "+mart.Name+" AS "+mart.SQL)
	}
	return statements, nil
}

// newest selects the newest version of each object. A window function would
// carry the objects, and run out of memory long before.
func newest(lake, account, stream string) string {
	return "seq IN (SELECT max(seq) FROM read_parquet(" + sqltext.Literal(filepath.Join(lake, "raw", account, stream, "*.parquet")) + ") GROUP BY id)"
}
