package stripesim

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// A catalogField is the entry of a path in schemas/catalog, which combines
// Stripe's OpenAPI descriptions of the oldest and the newest version with a few
// fields that only responses show.
type catalogField struct {
	Name       string
	Type       string
	Nullable   bool
	Expandable bool
	Fields     []*catalogField
	Elem       *catalogField
}

// catalogPlaces are the paths at which the catalog describes objects that have
// no file of their own. Those of closedKinds need none.
var catalogPlaces = map[string]struct{ file, path string }{
	"plan":              {"subscription", "items.data[].plan"},
	"subscription_item": {"subscription", "items.data[]"},
	"discount":          {"customer", "discount"},
	"coupon":            {"customer", "discount.coupon"},
	"deleted_customer":  {"customer", ""},
}

func readCatalog(t *testing.T, kind string) *catalogField {
	t.Helper()
	if slices.Contains(closedKinds, kind) {
		return &catalogField{}
	}
	file, path := kind, ""
	if place, ok := catalogPlaces[kind]; ok {
		file, path = place.file, place.path
	}
	data, err := os.ReadFile(filepath.Join("..", "..", "schemas", "catalog", file+".json"))
	if err != nil {
		t.Fatal(err)
	}
	root := &catalogField{Type: "object"}
	if err := json.Unmarshal(data, root); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	if path == "" {
		return root
	}
	field := root.at(path)
	if field == nil || len(field.Fields) == 0 {
		t.Fatalf("the catalog of %s has no %s", file, path)
	}
	return field
}

// at returns the catalog's entry of a path, or nil. Below a path of type any it
// returns that entry.
func (f *catalogField) at(path string) *catalogField {
	for name := range strings.SplitSeq(strings.ReplaceAll(path, "[]", ".[]"), ".") {
		switch {
		case f == nil || f.Type == "any":
			return f
		case name == "[]" || name == "*":
			f = f.Elem
		default:
			i := slices.IndexFunc(f.Fields, func(m *catalogField) bool { return m.Name == name })
			if i < 0 {
				return nil
			}
			f = f.Fields[i]
		}
	}
	return f
}

// allows reports whether a value of a JSON type may be there.
func (f *catalogField) allows(jsonType string) bool {
	if f == nil {
		return false
	}
	if jsonType == "null" {
		return f.Nullable
	}
	is := map[string]string{
		"unixtime": "integer", "decimal-string": "string", "list": "array", "map": "object",
	}[f.Type]
	switch {
	case f.Type == "any" || f.Type == jsonType || is == jsonType:
		return true
	case f.Type == "number":
		return jsonType == "integer" // a whole number
	}
	return f.Expandable && jsonType == "object"
}
