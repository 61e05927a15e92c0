package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestReferenceIsCurrent compares docs/reference, file by file, with what
// `schema docs` writes. UPDATE_SCRIPTS=1 writes it anew.
func TestReferenceIsCurrent(t *testing.T) {
	// Not parallel: two apps of urfave/cli in one process share its help flag.
	reference := filepath.Join("..", "..", "docs", "reference")
	want := t.TempDir()
	if os.Getenv("UPDATE_SCRIPTS") != "" {
		want = reference
	}
	var out, errs bytes.Buffer
	if code := run(t.Context(), []string{"stripelake", "schema", "docs", want}, func(string) string { return "" }, &out, &errs); code != 0 {
		t.Fatalf("exit status %d: %s", code, errs.String())
	}
	if diff := cmp.Diff(texts(t, want), texts(t, reference)); diff != "" {
		t.Errorf("%s is not current: run `make reference` (-want +got):\n%s", reference, diff)
	}
}

// texts are the files of a folder, by name.
func texts(t *testing.T, dir string) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	for _, e := range entries {
		text, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		found[e.Name()] = string(text)
	}
	return found
}
