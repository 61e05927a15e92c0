package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stripelake/stripelake/internal/authoring"
	"github.com/stripelake/stripelake/schemas"
	"github.com/stripelake/stripelake/transform"
)

// TestReferenceIsCurrent compares docs/reference with what `schema docs` writes.
// UPDATE_SCRIPTS=1 writes it anew.
func TestReferenceIsCurrent(t *testing.T) {
	t.Parallel()
	set, err := schemas.Load(schemas.Embedded())
	if err != nil {
		t.Fatal(err)
	}
	plan, err := transform.Compile(set)
	if err != nil {
		t.Fatal(err)
	}
	pages, err := authoring.Pages(set, plan)
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join("..", "..", "docs", "reference")
	for name, want := range pages {
		file := filepath.Join(dir, name)
		if os.Getenv("UPDATE_SCRIPTS") != "" {
			if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		got, err := os.ReadFile(file)
		if err != nil || string(got) != want {
			t.Errorf("%s is not current: run `make reference` (%v)\n%s", file, err, cmp.Diff(string(got), want))
		}
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != len(pages) {
		t.Errorf("%d files in %s, want %d: %v", len(entries), dir, len(pages), err)
	}
}
