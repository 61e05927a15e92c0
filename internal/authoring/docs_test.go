package authoring

import (
	"strings"
	"testing"
)

// TestPagesStandBesideEachOther checks that no table's page overwrites another page,
// even on a file system that ignores case.
func TestPagesStandBesideEachOther(t *testing.T) {
	t.Parallel()
	for table, refused := range map[string]bool{"readme": true, "language": true, "cli": true, "marts": true, "languages": false} {
		set, mappings := edited(t, edit{"stripe/refund.yaml", "table: refunds", "table: " + table})
		pages, err := Pages(t.Context(), set, mappings)
		if (err != nil) != refused || err == nil && !strings.Contains(pages[table+".md"], "# "+table) {
			t.Errorf("table %s: %v, refused should be %t", table, err, refused)
		}
	}
}
