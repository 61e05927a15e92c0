package schemas

import (
	"strings"
	"testing"
)

// Two rows can never share a key if an object is mapped only once, as a whole, and its
// own id is part of the key.
func TestKeyIsID(t *testing.T) {
	t.Parallel()
	set, err := Load(Embedded())
	if err != nil {
		t.Fatal(err)
	}
	const mapping = "mappings/stripe/price.yaml"
	second := strings.NewReplacer("mapping: stripe.price\n", "mapping: stripe.price_again\n").Replace(set.Files()[mapping])
	for name, tc := range map[string]struct {
		table string
		edit  func(files map[string]string)
		want  bool
	}{
		"the object's id": {"prices", func(map[string]string) {}, true},
		"an item's id":    {"subscription_items", func(map[string]string) {}, false},
		"another column": {"prices", func(files map[string]string) {
			files["stripe/price.yaml"] = strings.ReplaceAll(files["stripe/price.yaml"], "primary_key: [id]", "primary_key: [created]")
		}, false},
		"two columns": {"prices", func(files map[string]string) {
			files["stripe/price.yaml"] = strings.ReplaceAll(files["stripe/price.yaml"], "primary_key: [id]", "primary_key: [created, id]")
		}, true},
		"another value": {"prices", func(files map[string]string) {
			files[mapping] = strings.Replace(files[mapping], "fields:\n", "fields:\n  id: upper(id)\n", 1)
			files[mapping] = strings.Replace(files[mapping], "same: [id, ", "same: [", 1)
		}, false},
		"two mappings": {"prices", func(files map[string]string) { files["mappings/stripe/price_again.yaml"] = second }, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			files := set.Files()
			tc.edit(files)
			edited, err := LoadFiles(files)
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range edited.Schemas {
				if s.Table == tc.table && edited.KeyIsID(s) != tc.want {
					t.Errorf("%t", !tc.want)
				}
			}
		})
	}
}
