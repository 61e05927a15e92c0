package stripesim

import (
	"encoding/json"
	"iter"
	"maps"
	"slices"
	"strings"
)

// A drawing is the paths and JSON types of objects, by kind. An object inside
// another one has a kind of its own, and the other's path ends there.
type drawing struct{ kinds map[string]map[string]*drawn }

// drawn is one path. The path of the object itself is "".
type drawn struct {
	count int            // how often it was there
	types map[string]int // and as what
}

func newDrawing() *drawing { return &drawing{kinds: map[string]map[string]*drawn{}} }

// mapNames are members whose own members have names that merchants choose, so
// everything below them is one path.
var mapNames = []string{"metadata", "currency_options"}

// cutPaths are the paths at which an object ends whatever is below them. The
// objects of events are drawn by their own kinds, and previous_attributes is
// only a part of one.
var cutPaths = []string{"data.object", "data.previous_attributes"}

// object draws an object of a kind.
func (d *drawing) object(v map[string]any) {
	kind, _ := v["object"].(string)
	if kind == "customer" && v["deleted"] == true {
		kind = "deleted_customer"
	}
	if d.kinds[kind] == nil {
		d.kinds[kind] = map[string]*drawn{}
	}
	d.value(d.kinds[kind], "", v)
}

// value draws the value at a path.
func (d *drawing) value(paths map[string]*drawn, path string, v any) {
	at := paths[path]
	if at == nil {
		at = &drawn{types: map[string]int{}}
		paths[path] = at
	}
	at.count++
	at.types[jsonType(v)]++
	switch v := v.(type) {
	case map[string]any:
		kind, ok := v["object"].(string)
		if path != "" && ok && kind != "list" {
			d.object(v)
			return
		}
		for name, member := range v {
			d.member(paths, path, name, member)
		}
	case []any:
		for _, element := range v {
			d.value(paths, path+"[]", element)
		}
	}
}

func (d *drawing) member(paths map[string]*drawn, path, name string, v any) {
	if slices.Contains(mapNames, path[strings.LastIndex(path, ".")+1:]) {
		name = "*"
	}
	if path != "" {
		name = path + "." + name
	}
	if slices.Contains(cutPaths, name) {
		if o, ok := v.(map[string]any); ok && name == cutPaths[0] {
			d.object(o)
		}
		v = map[string]any{}
	}
	d.value(paths, name, v)
}

func jsonType(v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case bool:
		return "boolean"
	case string:
		return "string"
	case json.Number:
		if strings.ContainsAny(v.String(), ".eE") {
			return "number"
		}
		return "integer"
	case []any:
		return "array"
	}
	return "object"
}

// strange yields the unknown paths, and the types that no recording has and
// OpenAPI does not allow.
func (d *drawing) strange(kind string, recorded map[string]recordedPath, known *catalogField) iter.Seq2[string, string] {
	return func(yield func(path, what string) bool) {
		for path, at := range d.kinds[kind] {
			seen, ok := recorded[path]
			field := known.at(path)
			if path == "" {
				continue
			}
			if !ok && field == nil {
				yield(path, "unknown")
				continue
			}
			for jsonType := range at.types {
				if !slices.Contains(seen.types, jsonType) && !slices.Contains(seen.earlier, jsonType) && !field.allows(jsonType) {
					yield(path, jsonType)
				}
			}
		}
	}
}

// unlike yields the paths at which the simulator has less variety than recent
// recordings.
func (d *drawing) unlike(kind string, recorded map[string]recordedPath) iter.Seq2[string, string] {
	return func(yield func(path, what string) bool) {
		paths := d.kinds[kind]
		for _, path := range slices.Sorted(maps.Keys(recorded)) {
			seen, at := recorded[path], paths[path]
			parent := paths[parentOf(path)]
			if at == nil {
				at = &drawn{}
			}
			if len(seen.types) == 0 || seen.presence == "-" || parent == nil || parent.types["object"] == 0 {
				continue // not of recent recordings, not of an object, or the difference is further up
			}
			if what := seen.presenceUnlike(at.count, parent.types["object"]); what != "" {
				yield(path, what)
			}
			if at.count > 0 && slices.Contains(seen.types, "null") && at.types["null"] == 0 {
				yield(path, "never-null")
			}
		}
	}
}

// presenceUnlike describes how the presence of a member differs from the
// recordings. A member that Stripe added in some year is in everything of later
// years and in nothing before. The simulator shows both.
func (p recordedPath) presenceUnlike(count, all int) string {
	switch {
	case p.presence == "always" && count < all, strings.HasPrefix(p.presence, "since-") && count == 0:
		return "missing"
	case p.presence == "sometimes" && count == all:
		return "never-absent"
	}
	return ""
}

// parentOf returns the path of the object that has the member.
func parentOf(path string) string {
	return path[:max(strings.LastIndex(path, "."), 0)]
}
