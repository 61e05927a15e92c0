package schemas

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestStatements(t *testing.T) {
	t.Parallel()
	for sql, want := range map[string][]string{
		"":                           nil,
		"-- only\n-- comments":       nil,
		"SELECT 1":                   {"1 SELECT 1"},
		"-- a\nSELECT 1;\n":          {"1 -- a\nSELECT 1"},
		"SELECT 1; -- done\n":        {"1 SELECT 1"},
		"SELECT 1;\n\n-- b\nFROM x;": {"1 SELECT 1", "3 -- b\nFROM x"},
		"SELECT 1; -- done\n-- b\nFROM x\n;\n-- vim: set ft=sql:\n": {"1 SELECT 1", "2 -- b\nFROM x"},
		"SELECT ';\n', \"a;\n\" -- ;\n/* ; \n;\n*/ FROM x;":         {"1 SELECT ';\n', \"a;\n\" -- ;\n/* ; \n;\n*/ FROM x"},
		"SELECT 'it''s;' FROM x;\nSELECT 2":                         {"1 SELECT 'it''s;' FROM x", "2 SELECT 2"},
		"SELECT 'open; and on":                                      {"1 SELECT 'open; and on"},
		"SELECT 1;;\n;SELECT 2":                                     {"1 SELECT 1", "2 SELECT 2"},
	} {
		var got []string
		for _, s := range statements(sql) {
			got = append(got, fmt.Sprint(s.line, " ", s.sql))
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q (-want +got):\n%s", sql, diff)
		}
	}
}
