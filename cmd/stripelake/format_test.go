package main

import (
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestDocumentedFormat reads a lake with DuckDB alone, by the queries of
// docs/format.md. Those that are to return nothing return something of a lake that is
// damaged.
func TestDocumentedFormat(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "format.md"))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	linkBinary(t, dir)
	session(t, dir, "stripelake demo --now 2026-01-01 --charges 300 --lake lake")
	lake := filepath.Join(dir, "lake")
	duck, err := sql.Open("duckdb", "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = duck.Close() })
	// ask says how many rows each query returns: those that are to return nothing, and the others.
	ask := func() (nothing, something []int) {
		for _, section := range strings.Split(string(page), "\n## ")[1:] {
			for _, block := range sqlBlock.FindAllStringSubmatchIndex(section, -1) {
				text := strings.ReplaceAll(section[block[2]:block[3]], "'lake/", "'"+lake+"/")
				n := len(rowTexts(t, duck, strings.TrimSuffix(strings.TrimSpace(text), ";")))
				_, before, _ := strings.Cut(section[:block[0]], "\n")
				paragraphs := strings.Split(strings.TrimSpace(before), "\n\n")
				if strings.Contains(strings.ReplaceAll(paragraphs[len(paragraphs)-1], "\n", " "), "returns nothing") {
					nothing = append(nothing, n)
				} else {
					something = append(something, n)
				}
			}
		}
		return nothing, something
	}
	nothing, something := ask()
	for _, n := range something {
		if n == 0 {
			t.Errorf("a query returns nothing: %v", something)
		}
	}
	if len(nothing) != 3 || nothing[0]+nothing[1]+nothing[2] != 0 || len(something) != 3 {
		t.Fatalf("sound: %v and %v", nothing, something)
	}

	moved := func(from, to string) {
		t.Helper()
		found, err := filepath.Glob(filepath.Join(lake, from))
		if err != nil || len(found) == 0 {
			t.Fatal(from, err)
		}
		to = filepath.Join(filepath.Dir(found[0]), to)
		text, err := os.ReadFile(found[0])
		if err == nil {
			err = os.Remove(found[0])
		}
		if err == nil {
			err = os.WriteFile(to, text, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	moved("raw/*/customers/00000001-00000001.parquet", "../prices/00000002-00000002.parquet") // in another stream
	moved("raw/*/refunds/00000001-00000001.parquet", "00000002-00000002.parquet")             // the first is missing
	moved("current/charges/*/*/part-00.parquet", "part-99.parquet")
	if nothing, _ = ask(); len(nothing) != 3 || nothing[0] != 1 || nothing[1] != 1 || nothing[2] != 2 {
		t.Errorf("damaged: %v", nothing)
	}
}
