package authoring

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/stripelake/stripelake/schemas"
	"github.com/stripelake/stripelake/transform"
)

// NullColumn is a new column that is null in every row that was compared.
type NullColumn struct {
	Column  string   `json:"column"`
	Read    []string `json:"read"`              // the source paths that its expression reads
	Missing []string `json:"missing,omitempty"` // those that no object has
	Keys    []string `json:"-"`                 // where a missing one is the merchant's own key: paths of the keys that objects have there
	Fix     string   `json:"fix,omitempty"`
}

// mostLookedAt is the number of objects in which the source of a column is looked for.
const mostLookedAt = 1000

// nullColumns finds the new columns of a table that no row fills.
type nullColumns struct {
	empty  []string // candidates, in the schema's order
	rows   int
	looked int
	found  map[string]bool // source paths that an object has
	keys   map[string]bool // paths of keys in maps that an object has
	read   map[string][]string
	maps   map[string]string // source paths to the map that they are a key of
}

// newNullColumns takes the leaves that the old set has under no name. Of a new table it
// takes none.
func newNullColumns(c *rowComparison, edited *schemas.Set, mappings *transform.Mappings, table string) *nullColumns {
	n := &nullColumns{found: map[string]bool{}, keys: map[string]bool{}, read: map[string][]string{}, maps: map[string]string{}}
	if c.before == nil {
		return n
	}
	for _, l := range c.after {
		column, _, _ := strings.Cut(l.path, "[]")
		if l.now == "" && c.earlierLeaf(l).field == nil && !slices.Contains(n.empty, column) {
			n.empty = append(n.empty, column)
		}
	}
	for _, m := range edited.Mappings {
		if m.Schema == nil || m.Schema.Table != table {
			continue
		}
		catalog, err := schemas.LoadCatalog(m.Source.Object)
		for _, leaf := range mappings.Lineage(m) {
			column, _, _ := strings.Cut(leaf.Target, "[]")
			for _, path := range leaf.Sources {
				if n.read[column] = append(n.read[column], path); err == nil {
					n.maps[path] = mapOf(catalog.Root(), path)
				}
			}
		}
	}
	return n
}

// mapOf returns the path of the map with the merchant's own keys that a path leads into,
// or "".
func mapOf(root *schemas.SourceField, path string) string {
	for i, r := range path {
		if r != '.' && r != '[' {
			continue
		}
		if f := fieldAt(root, path[:i]); f != nil && f.Type == schemas.SourceMap {
			return path[:i]
		}
	}
	return ""
}

// look removes the columns that a row fills, and looks for the sources of the others.
func (n *nullColumns) look(rows arrow.RecordBatch, objects []transform.Object) {
	if rows != nil {
		n.rows += int(rows.NumRows())
		n.empty = slices.DeleteFunc(n.empty, func(column string) bool {
			for row := range int(rows.NumRows()) {
				if valueAt(rows, column, row) != "null" {
					return true
				}
			}
			return false
		})
	}
	for _, o := range objects {
		if n.looked++; n.looked > mostLookedAt || len(n.empty) == 0 {
			return
		}
		for _, column := range n.empty {
			for _, path := range n.read[column] {
				n.lookFor(path, o.Raw)
			}
		}
	}
}

func (n *nullColumns) lookFor(path string, raw []byte) {
	if n.found[path] {
		return
	}
	n.found[path] = slices.ContainsFunc(valuesAt(raw, path, everyItem), func(v json.RawMessage) bool { return string(v) != "null" })
	if within := n.maps[path]; within != "" {
		for _, v := range valuesAt(raw, within, everyItem) {
			var members map[string]json.RawMessage
			if json.Unmarshal(v, &members) == nil {
				for key := range members {
					n.keys[within+"."+key] = true
				}
			}
		}
	}
}

// list returns what is left once all rows are compared.
func (n *nullColumns) list() (out []NullColumn) {
	if n.rows == 0 {
		return nil
	}
	for _, column := range n.empty {
		c := NullColumn{Column: column, Read: sortedUnique(n.read[column])}
		for _, path := range c.Read {
			if n.found[path] {
				continue
			}
			c.Missing = append(c.Missing, path)
			for _, key := range slices.Sorted(maps.Keys(n.keys)) {
				if within := n.maps[path]; within != "" && strings.HasPrefix(key, within+".") {
					c.Keys = append(c.Keys, key)
				}
			}
		}
		out = append(out, c)
	}
	return out
}
