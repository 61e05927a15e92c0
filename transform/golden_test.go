package transform

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestGolden maps every fixture with the shipped set. A fixture's name begins
// with the type of its object; its golden file holds the rows and rejects of
// each table, and the drift.
func TestGolden(t *testing.T) {
	t.Parallel()
	mappings := embedded(t)
	files, err := filepath.Glob("testdata/objects/*.json")
	if err != nil || len(files) == 0 {
		t.Fatal("no fixtures", err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".json")
		t.Run(name, func(t *testing.T) {
			raw, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			object, _, _ := strings.Cut(name, ".")
			golden(t, name+".jsonl", mapped(t, mappings.Mapper(object), objectOf(raw)))
		})
	}
}

// mapped renders everything that mapping one object makes.
func mapped(t *testing.T, m *Mapper, o Object) string {
	var out strings.Builder
	for _, b := range m.Map([]Object{o}) {
		fmt.Fprintf(&out, "-- %s: %d objects, %d rows, %d rejects, %d left out\n",
			b.Schema.Table, b.Objects, b.Rows.NumRows(), len(b.Rejects), b.LeftOut)
		for _, row := range rows(t, b) {
			fmt.Fprintln(&out, row)
		}
		for _, r := range b.Rejects {
			fmt.Fprintf(&out, "reject %s %s: %s: %s (%s)\n", r.ID, r.Field, r.Rule, r.Reason, strings.TrimRight(r.Mapping, ":0123456789"))
		}
		if diff := cmp.Diff(columnNames(ArrowSchema(b.Schema)), columnNames(b.Rows.Schema())); diff != "" {
			t.Errorf("columns of %s (-declared +made):\n%s", b.Schema.Table, diff)
		}
		b.Rows.Release()
	}
	for _, d := range m.Drift() {
		fmt.Fprintf(&out, "drift %s: %s, %d times, first in %s\n", d.Path, d.Found, d.Count, d.FirstID)
	}
	return out.String()
}
