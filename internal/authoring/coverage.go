package authoring

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/stripelake/stripelake/schemas"
	"github.com/stripelake/stripelake/transform"
)

// Coverage counts the fields of source objects that a table reads and those that it
// does not.
type Coverage struct {
	Object   string     `json:"object"`
	Looked   int        `json:"objects"`  // number of objects examined
	Catalog  int        `json:"catalog"`  // number of the catalog's fields with a single value
	Mapped   int        `json:"mapped"`   // how many of those a column reads
	LeftOut  int        `json:"left_out"` // how many of those are left out with a reason
	Reasons  []Reason   `json:"reasons"`  // what is left out, and why, most frequent first
	Unmapped []Unmapped `json:"unmapped"` // paths that occur in the objects and are neither mapped nor left out, most frequent first
}

// Reason is a source path that a mapping leaves out, with all that is below it.
type Reason struct {
	Path    string `json:"path"`
	Reason  string `json:"reason"` // as the mapping says it
	Objects int    `json:"seen"`   // number of objects in which it has a value
}

// Unmapped is a source path that no column reads.
type Unmapped struct {
	Path    string `json:"path"`
	Type    string `json:"type"` // type in the catalog; "unknown" if the catalog does not have the path
	Objects int    `json:"seen"` // number of objects in which it has a value
	Example string `json:"example"`
}

// CoverageOf examines the newest objects of a table's sources, at most most of each.
func (l *Lake) CoverageOf(ctx context.Context, set *schemas.Set, mappings *transform.Mappings, table *schemas.Schema, most int) ([]Coverage, error) {
	var out []Coverage
	for _, object := range sourcesOf(set, table) {
		catalog, err := schemas.LoadCatalog(object)
		if err != nil {
			return nil, err
		}
		c := Coverage{Object: object, Unmapped: []Unmapped{}, Reasons: []Reason{}}
		read, reasons := taken(set, mappings, table, object)
		c.count(catalog.Root(), "", read, reasons)
		for _, r := range reasons {
			c.Reasons = append(c.Reasons, Reason{Path: r.Path, Reason: r.Reason})
		}
		seen := map[string]*Unmapped{}
		for objects, err := range l.Newest(ctx, l.streamOf(object), most) {
			if err != nil {
				return nil, err
			}
			for _, o := range objects {
				c.Looked++
				left := map[int]bool{}
				for path := range valuePaths(o.Raw, catalog.Root()) {
					if covers(read, path) {
						continue
					}
					if i := leftOut(reasons, path); i >= 0 {
						left[i] = true
						continue
					}
					if seen[path] == nil {
						seen[path] = &Unmapped{Path: path, Type: typeAt(catalog.Root(), path), Example: o.ID}
					}
					seen[path].Objects++
				}
				for i := range left {
					c.Reasons[i].Objects++
				}
			}
		}
		for _, u := range seen {
			c.Unmapped = append(c.Unmapped, *u)
		}
		slices.SortFunc(c.Unmapped, func(a, b Unmapped) int { return cmp.Or(cmp.Compare(b.Objects, a.Objects), cmp.Compare(a.Path, b.Path)) })
		slices.SortFunc(c.Reasons, func(a, b Reason) int { return cmp.Or(cmp.Compare(b.Objects, a.Objects), cmp.Compare(a.Path, b.Path)) })
		out = append(out, c)
	}
	return out, nil
}

// sourcesOf returns the types of object that a table is made from.
func sourcesOf(set *schemas.Set, table *schemas.Schema) []string {
	var objects []string
	for _, m := range set.Mappings {
		if m.Schema == table && !slices.Contains(objects, m.Source.Object) {
			objects = append(objects, m.Source.Object)
		}
	}
	return objects
}

// taken returns the source paths that a table's mappings of one type of object read,
// and those that one of them leaves out with a reason.
func taken(set *schemas.Set, mappings *transform.Mappings, table *schemas.Schema, object string) (read map[string]bool, reasons []schemas.LeftOut) {
	read = map[string]bool{}
	for _, m := range set.MappingsOf(object) {
		if m.Schema != table {
			continue
		}
		reasons = append(reasons, m.LeftOut...)
		for _, leaf := range mappings.Lineage(m) {
			for _, path := range leaf.Sources {
				read[strings.ReplaceAll(path, "[0]", "[]")] = true
			}
		}
	}
	return read, reasons
}

// covers reports whether a path, or one that contains it, is read.
func covers(read map[string]bool, path string) bool {
	for path != "" {
		if read[path] {
			return true
		}
		path = path[:max(strings.LastIndexAny(path, ".["), 0)]
	}
	return false
}

// leftOut returns the index of what leaves a path out, or -1.
func leftOut(list []schemas.LeftOut, path string) int {
	plain := strings.ReplaceAll(path, "[]", "")
	return slices.IndexFunc(list, func(l schemas.LeftOut) bool {
		return plain == l.Path || strings.HasPrefix(plain, l.Path+".")
	})
}

// count counts the catalog's fields with a single value.
func (c *Coverage) count(f *schemas.SourceField, path string, read map[string]bool, out []schemas.LeftOut) {
	for _, m := range f.Fields {
		at := strings.TrimPrefix(path+"."+m.Name, ".")
		if m.Type == schemas.SourceList {
			at += "[]"
			m = m.Elem
		}
		if m != nil && len(m.Fields) > 0 && !m.Expandable {
			c.count(m, at, read, out)
			continue
		}
		c.Catalog++
		switch {
		case covers(read, at):
			c.Mapped++
		case leftOut(out, at) >= 0:
			c.LeftOut++
		}
	}
}

// valuePaths returns the paths of an object that have a value. A map with the
// merchant's own keys counts as one value.
func valuePaths(raw []byte, root *schemas.SourceField) map[string]bool {
	paths := map[string]bool{}
	var object any
	if json.Unmarshal(raw, &object) == nil {
		walkValue(object, "", root, paths)
	}
	return paths
}

func walkValue(v any, path string, f *schemas.SourceField, paths map[string]bool) {
	switch v := v.(type) {
	case nil:
	case map[string]any:
		if f != nil && (f.Type == schemas.SourceMap || f.Expandable) {
			paths[path] = len(v) > 0 || paths[path]
			return
		}
		for name, member := range v {
			walkValue(member, strings.TrimPrefix(path+"."+name, "."), f.Member(name), paths)
		}
	case []any:
		var elem *schemas.SourceField
		if f != nil {
			elem = f.Elem
		}
		for _, e := range v {
			walkValue(e, path+"[]", elem, paths)
		}
	default:
		paths[path] = true
	}
}

func typeAt(root *schemas.SourceField, path string) string {
	if f := fieldAt(root, path); f != nil {
		return string(f.Type)
	}
	return "unknown"
}
