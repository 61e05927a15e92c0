package schemas

import (
	"maps"
	"slices"
	"strings"
	"testing"
)

// TestTableFingerprint checks that an edit that changes a table's rows changes its
// fingerprint and no other table's, and that an edit of descriptions changes none.
func TestTableFingerprint(t *testing.T) {
	t.Parallel()
	set, err := Load(Embedded())
	if err != nil {
		t.Fatal(err)
	}
	fingerprints := func(set *Set) map[string]string {
		all := map[string]string{}
		for _, s := range set.Schemas {
			all[s.Table] = set.TableFingerprint(s)
		}
		return all
	}
	before := fingerprints(set)
	for name, tc := range map[string]struct{ file, old, new, changed string }{
		"nothing":     {"stripe/charge.yaml", "", "", ""},
		"a comment":   {"mappings/stripe/charge.yaml", "fields:\n", "# here they are\nfields:\n", ""},
		"a title":     {"stripe/refund.yaml", "title: ", "title: The ", ""},
		"a mapping":   {"mappings/stripe/refund.yaml", "unix(created)", "unix(created) ?? $synced_at", "refunds"},
		"a lookup":    {"lookups/card_brand.yaml", "  JCB: jcb", "  JCB: japan", "charges"},
		"a provider":  {"lookups/bnpl_provider.yaml", "  zip: zip", "  zip: quadpay", "charges"},
		"a type":      {"stripe/price.yaml", "type: boolean", "type: string", "prices"},
		"a history":   {"stripe/price.yaml", "\nhistory: true", "", "prices"},
		"the privacy": {"privacy.yaml", "\npii: keep", "\npii: drop", "charges customers refunds"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			files := set.Files()
			if !strings.Contains(files[tc.file], tc.old) {
				t.Fatalf("%s does not hold %q", tc.file, tc.old)
			}
			if tc.old != "" {
				files[tc.file] = strings.Replace(files[tc.file], tc.old, tc.new, 1)
			}
			edited, err := LoadFiles(files)
			if err != nil {
				t.Fatal(err)
			}
			var changed []string
			for table, f := range fingerprints(edited) {
				if before[table] != f {
					changed = append(changed, table)
				}
			}
			slices.Sort(changed)
			if got := strings.Join(changed, " "); got != tc.changed {
				t.Errorf("%q changed, want %q", got, tc.changed)
			}
			if (edited.Fingerprint == set.Fingerprint) != maps.Equal(files, set.Files()) {
				t.Error("the set's fingerprint is not that of its files")
			}
		})
	}
}
