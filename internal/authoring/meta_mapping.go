package authoring

import (
	"maps"
	"slices"
	"strings"

	"github.com/stripelake/stripelake/schemas"
	"github.com/stripelake/stripelake/transform"
)

// mappingMeta completes, for each source object, the paths of its catalog.
func mappingMeta() (object, error) {
	var functions []string
	for _, f := range transform.Functions() {
		functions = append(functions, f.Example)
	}
	expression := object{"type": scalars, "pattern": `\S`, "description": "An expression.", "examples": functions}
	meta := closed(object{
		"mapping": named(qualified, "Name of the mapping, system.name."),
		"version": version(),
		"source": closed(object{
			"system": oneOf("", "stripe"), "object": object{"enum": schemas.Objects(), "description": "What is mapped."},
			"api_version": oneOf("The catalog that paths are checked against; never what is sent.", schemas.Versions()...),
			"each":        said("A list inside the object: one row an element."),
			"as":          object{"type": "string", "pattern": anyName, "examples": []string{itemName}, "description": "What expressions call an element."},
		}, "object"),
		"target":   named(`^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*@\d+$`, "Schema and its major version."),
		"where":    said("Rows for which it is not true are left out."),
		"let":      keyed(anyName, expression, "Short names for paths and expressions."),
		"same":     list(object{"type": "string"}, "Columns copied from the source field of the same name."),
		"fields":   object{"allOf": []object{ref("fields")}, "properties": object{"$from": false, "$when": false, "$each": false, "$same": false}},
		"left_out": keyed(`^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*$`, said("Why."), "Source paths without a column, and why."),
	}, "mapping", "version", "source", "target")
	meta["anyOf"] = []object{has("fields"), has("same")}
	meta["properties"].(object)["source"].(object)["dependencies"] = object{"each": []string{"as"}, "as": []string{"each"}}
	meta["definitions"] = object{
		"fields": object{
			"type": "object", "properties": object{
				"$from": said("Paths below are relative to this source object."), "$when": said("The whole object is null unless this is true."),
				"$each": said("A source list: the object is made once for each element."),
				"$same": list(object{"type": "string"}, "Members copied from the source field of the same name."),
			},
			"patternProperties":    object{"^[^$]": object{"if": object{"type": "object"}, "then": ref("nested"), "else": expression}},
			"additionalProperties": false,
		},
		"nested": object{
			"allOf": []object{ref("fields"), {"not": has("$from", "$each")}},
			"not":   object{"propertyNames": object{"enum": []string{"$from", "$when", "$each"}}},
		},
	}
	p := &places{definitions: meta["definitions"].(object)}
	p.definitions["constant"] = object{"type": []string{"number", "boolean"}}
	p.definitions["relative"] = object{"anyOf": []object{{"required": []string{"$from"}}, {"required": []string{"$each"}}}}
	for _, name := range schemas.Objects() {
		catalog, err := schemas.LoadCatalog(name)
		if err != nil {
			return nil, err
		}
		p.source(name, catalog.Root())
	}
	meta["allOf"] = p.variants
	return meta, nil
}

// itemName is what an element is called where completion can know: in as, any
// name will do.
const itemName = "item"

// places writes what can be written in a mapping: for each object and each list
// of a catalog that paths can be relative to, a definition that completes those
// paths and knows what $same copies there.
type places struct {
	definitions object
	variants    []object // by source
}

// What follows the name of a place in the names of further definitions.
const (
	pathsOf = "-paths" // a path inside it
	fromOf  = "-from"  // an object that $from or $each make relative to something inside it
	rowOf   = "-row"   // the fields of a mapping that makes a row of each element
)

// source adds what follows from a mapping's source: its paths, the lists that
// can make rows, and what same copies from.
func (p *places) source(name string, root *schemas.SourceField) {
	p.place(name, root)
	source := object{"object": object{"const": name}}
	p.when(source, object{"required": []string{"each"}}, object{"same": list(names(root), ""), "fields": ref(name)})
	var lists []string
	below(root, "", func(path string, item *schemas.SourceField, isList bool) {
		if !isList {
			return
		}
		if lists = append(lists, path); !item.Described() {
			return
		}
		each := object{"object": object{"const": name}, "each": object{"const": path}}
		p.when(each, nil, object{"same": list(names(item), "")})
		p.row(placeOf(name, path, true), name, item)
		named := object{"object": object{"const": name}, "each": object{"const": path}, "as": object{"const": itemName}}
		p.when(named, nil, object{"fields": ref(placeOf(name, path, true) + rowOf)})
	})
	if len(lists) > 0 {
		p.when(source, nil, object{"source": object{"properties": object{"each": object{"examples": lists}}}})
	}
}

// when adds what holds of the mappings of a source.
func (p *places) when(source, not, then object) {
	condition := object{"properties": source, "required": slices.Sorted(maps.Keys(source))}
	if not != nil {
		condition["not"] = not
	}
	p.variants = append(p.variants, object{"if": object{"properties": object{"source": condition}}, "then": object{"properties": then}})
}

// place defines the fields of an object whose paths are relative to f, and all
// that is inside f.
func (p *places) place(name string, f *schemas.SourceField) {
	if p.definitions[name] != nil || !f.Described() {
		return
	}
	path, from := object{"type": "string", "examples": allPaths(f, "")}, object{"allOf": within(name, "", f)}
	if !strings.Contains(name, ".") { // a whole object: rows share these
		p.definitions[name+pathsOf], p.definitions[name+fromOf] = path, from
		path, from = ref(name+pathsOf), ref(name+fromOf)
	}
	p.definitions[name] = fields(f, path, objectIn(from, ref(name)))
	below(f, "", func(path string, inner *schemas.SourceField, isList bool) {
		p.place(placeOf(name, path, isList), inner)
	})
}

// row defines the fields of a mapping that makes a row of each element of a
// list: paths are the whole object's or, behind the element's name, the
// element's. What is not relative to anything else copies from the element.
func (p *places) row(place, whole string, f *schemas.SourceField) {
	paths := []string{itemName}
	for _, path := range allPaths(f, "") {
		paths = append(paths, itemName+"."+path)
	}
	from := object{"allOf": append(within(place, itemName+".", f), ref(whole+fromOf))}
	p.definitions[place+rowOf] = fields(f, object{"anyOf": []object{{"type": "string", "examples": paths}, ref(whole + pathsOf)}}, objectIn(from, ref(place+rowOf)))
}

// fields is an object of which the fields are paths, objects or constants, and
// $same copies from f.
func fields(f *schemas.SourceField, path, inside object) object {
	return object{
		"properties":        object{"$same": object{"items": names(f)}},
		"patternProperties": object{"^[^$]": object{"anyOf": []object{path, inside, ref("constant")}}},
	}
}

// objectIn is an object by what it is relative to: what its $from or $each name,
// else what the one around it is.
func objectIn(from, around object) object {
	return object{"type": "object", "if": ref("relative"), "then": from, "else": around}
}

// within completes the paths behind a prefix that $from and $each can name, and
// says what is relative to them.
func within(place, prefix string, f *schemas.SourceField) []object {
	examples := map[string][]string{}
	variants := []object{{}} // in JSON Schema, what all fits
	below(f, "", func(path string, inner *schemas.SourceField, isList bool) {
		member := "$from"
		if isList {
			member = "$each"
		}
		if examples[member] = append(examples[member], prefix+path); !inner.Described() {
			return
		}
		variants = append(variants, object{
			"if":   object{"required": []string{member}, "properties": object{member: object{"const": prefix + path}}},
			"then": ref(placeOf(place, path, isList)),
		})
	})
	for _, member := range []string{"$from", "$each"} {
		if len(examples[member]) > 0 {
			variants = append(variants, object{"properties": object{member: object{"examples": examples[member]}}})
		}
	}
	return variants
}

// names are the names of f's own fields.
func names(f *schemas.SourceField) object {
	var all []string
	for _, m := range f.Fields {
		all = append(all, m.Name)
	}
	return object{"enum": all}
}

func placeOf(name, path string, isList bool) string {
	if isList {
		return name + "." + path + "-item"
	}
	return name + "." + path
}

// below yields the objects inside f of which the members are known, and the
// lists of objects, as far as paths lead: not those inside the elements of a list.
func below(f *schemas.SourceField, prefix string, yield func(path string, inner *schemas.SourceField, isList bool)) {
	for _, m := range f.Fields {
		path := strings.TrimPrefix(prefix+"."+m.Name, ".")
		switch {
		case m.Type == schemas.SourceList && (m.Elem.Type == schemas.SourceObject || m.Elem.Type == schemas.SourceAny):
			yield(path, m.Elem, true)
		case m.Described() && !m.Expandable:
			yield(path, m, false)
			below(m, path, yield)
		}
	}
}

func ref(name string) object { return object{"$ref": "#/definitions/" + name} }

// allPaths are the paths of the catalog's values, as expressions write them.
func allPaths(f *schemas.SourceField, prefix string) []string {
	var paths []string
	for _, m := range f.Fields {
		path := strings.TrimPrefix(prefix+"."+m.Name, ".")
		paths = append(paths, path)
		if m.Described() {
			paths = append(paths, allPaths(m, path)...)
		}
	}
	slices.Sort(paths)
	return paths
}
