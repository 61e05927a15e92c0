package authoring

import (
	"maps"
	"slices"
	"strings"

	"github.com/stripelake/stripelake/schemas"
)

// mappingFileSchema returns the JSON Schema of a set's mappings. It completes and checks
// the paths of each source object's catalog, the columns of each target, and functions.
func mappingFileSchema(set *schemas.Set) (jsonSchema, error) {
	expression := definitionRef("expression")
	meta := closedObject(jsonSchema{
		"mapping": patternString(qualifiedPattern, "Name of the mapping, system.name."),
		"version": versionSchema(),
		"source": closedObject(jsonSchema{
			"system": enumSchema("", "stripe"), "object": jsonSchema{"enum": schemas.Objects(), "description": "What is mapped."},
			"api_version": enumSchema("The catalog that paths are checked against; never what is sent.", schemas.Versions()...),
			"each":        requiredText("A list inside the object: one row an element."),
			"as":          jsonSchema{"type": "string", "pattern": anyNamePattern, "examples": []string{itemName}, "description": "What expressions call an element."},
		}, "object"),
		"target":   patternString(`^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*@\d+$`, "Schema and its major version."),
		"where":    expression,
		"let":      patternObject(anyNamePattern, expression, "Short names for paths and expressions."),
		"same":     oneOrMany(jsonSchema{"type": "string"}, "Columns copied from the source field of the same name."),
		"fields":   jsonSchema{"allOf": []jsonSchema{definitionRef("fields")}, "properties": jsonSchema{"$from": false, "$when": false, "$each": false, "$same": false}},
		"left_out": patternObject(`^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*$`, requiredText("Why."), "Source paths without a column, and why."),
	}, "mapping", "version", "source", "target")
	meta["anyOf"] = []jsonSchema{requires("fields"), requires("same")}
	meta["properties"].(jsonSchema)["source"].(jsonSchema)["dependencies"] = jsonSchema{"each": []string{"as"}, "as": []string{"each"}}
	meta["definitions"] = jsonSchema{
		"fields": jsonSchema{
			"type": "object", "properties": jsonSchema{
				"$from": requiredText("Paths below are relative to this source object."), "$when": expression,
				"$each": requiredText("A source list: the object is made once for each element."),
				"$same": oneOrMany(jsonSchema{"type": "string"}, "Members copied from the source field of the same name."),
			},
			"patternProperties":    jsonSchema{"^[^$]": jsonSchema{"if": jsonSchema{"type": "object"}, "then": definitionRef("nested"), "else": expression}},
			"additionalProperties": false,
		},
		"nested": jsonSchema{
			"allOf": []jsonSchema{definitionRef("fields"), {"not": requires("$from", "$each")}},
			"not":   jsonSchema{"propertyNames": jsonSchema{"enum": []string{"$from", "$when", "$each"}}},
		},
	}
	p := &pathCompletion{definitions: meta["definitions"].(jsonSchema)}
	p.definitions["expression"] = expressionSchema()
	p.definitions["constant"] = jsonSchema{"type": []string{"number", "boolean"}}
	p.definitions["relative"] = jsonSchema{"anyOf": []jsonSchema{{"required": []string{"$from"}}, {"required": []string{"$each"}}}}
	for _, name := range schemas.Objects() {
		catalog, err := schemas.LoadCatalog(name)
		if err != nil {
			return nil, err
		}
		p.addSource(name, catalog.Root())
		p.addChecks(name, catalog.Root())
	}
	p.addColumns(set)
	meta["allOf"] = p.variants
	return meta, nil
}

// itemName is the name of an element for which completion works. as itself
// accepts any name.
const itemName = "item"

// pathCompletion builds the definitions that complete paths. There is one for
// each object, and each list of a catalog, that paths can be relative to. It
// completes these paths and the names that $same copies there.
type pathCompletion struct {
	definitions jsonSchema
	variants    []jsonSchema // rules, by source
}

// Suffixes of the names of further definitions.
const (
	pathsOf = "-paths" // paths inside the object
	fromOf  = "-from"  // an object whose $from or $each names something inside it
	rowOf   = "-row"   // the fields of a mapping that makes a row of each element of the list
)

// addSource adds the rules of one source object: its paths, the lists that can
// make rows, and the names that same copies.
func (p *pathCompletion) addSource(name string, root *schemas.SourceField) {
	p.addPlace(name, root)
	source := jsonSchema{"object": jsonSchema{"const": name}}
	p.addRule(source, jsonSchema{"required": []string{"each"}}, jsonSchema{"same": oneOrMany(fieldNames(root), ""), "fields": definitionRef(name)})
	var lists []string
	walkObjects(root, "", func(path string, item *schemas.SourceField, isList bool) {
		if !isList {
			return
		}
		if lists = append(lists, path); !item.Described() {
			return
		}
		each := jsonSchema{"object": jsonSchema{"const": name}, "each": jsonSchema{"const": path}}
		p.addRule(each, nil, jsonSchema{"same": oneOrMany(fieldNames(item), "")})
		p.addRow(definitionName(name, path, true), name, item)
		named := jsonSchema{"object": jsonSchema{"const": name}, "each": jsonSchema{"const": path}, "as": jsonSchema{"const": itemName}}
		p.addRule(named, nil, jsonSchema{"fields": definitionRef(definitionName(name, path, true) + rowOf)})
	})
	if len(lists) > 0 {
		p.addRule(source, nil, jsonSchema{"source": jsonSchema{"properties": jsonSchema{"each": jsonSchema{"examples": lists}}}})
	}
}

// addRule adds a rule for the mappings of a source. not excludes some of them;
// nil excludes none.
func (p *pathCompletion) addRule(source, not, then jsonSchema) {
	condition := jsonSchema{"properties": source, "required": slices.Sorted(maps.Keys(source))}
	if not != nil {
		condition["not"] = not
	}
	p.variants = append(p.variants, jsonSchema{"if": jsonSchema{"properties": jsonSchema{"source": condition}}, "then": jsonSchema{"properties": then}})
}

// addPlace defines the fields of an object whose paths are relative to f, and
// of everything inside f.
func (p *pathCompletion) addPlace(name string, f *schemas.SourceField) {
	if p.definitions[name] != nil || !f.Described() {
		return
	}
	path, from := jsonSchema{"type": "string", "examples": allPaths(f, "")}, jsonSchema{"allOf": relativePaths(name, "", f)}
	if !strings.Contains(name, ".") { // a source object: the definitions of rows use these too
		p.definitions[name+knownOf] = jsonSchema{"enum": allPaths(f, "")}
		path = jsonSchema{"type": "string", "anyOf": []jsonSchema{definitionRef(name + knownOf), {}}}
		p.definitions[name+pathsOf], p.definitions[name+fromOf] = path, from
		path, from = definitionRef(name+pathsOf), definitionRef(name+fromOf)
	}
	p.definitions[name] = fieldsSchema(f, path, relativeObject(from, definitionRef(name)))
	walkObjects(f, "", func(path string, inner *schemas.SourceField, isList bool) {
		p.addPlace(definitionName(name, path, isList), inner)
	})
}

// addRow defines the fields of a mapping that makes a row of each element of a
// list. Paths begin at the source object or, behind the element's name, at the
// element. $same copies from the element unless the fields are relative to
// something else.
func (p *pathCompletion) addRow(place, whole string, f *schemas.SourceField) {
	paths := []string{itemName}
	for _, path := range allPaths(f, "") {
		paths = append(paths, itemName+"."+path)
	}
	from := jsonSchema{"allOf": append(relativePaths(place, itemName+".", f), definitionRef(whole+fromOf))}
	p.definitions[place+rowOf] = fieldsSchema(f, jsonSchema{"anyOf": []jsonSchema{{"type": "string", "examples": paths}, definitionRef(whole + pathsOf)}}, relativeObject(from, definitionRef(place+rowOf)))
}

// fieldsSchema is an object whose fields are paths, objects or constants, and
// whose $same copies from f.
func fieldsSchema(f *schemas.SourceField, path, inside jsonSchema) jsonSchema {
	return jsonSchema{
		"properties":        jsonSchema{"$same": jsonSchema{"items": fieldNames(f)}},
		"patternProperties": jsonSchema{"^[^$]": jsonSchema{"anyOf": []jsonSchema{path, inside, definitionRef("constant")}}},
	}
}

// relativeObject is a nested object: from applies if it has $from or $each,
// else around, the definition of the enclosing object.
func relativeObject(from, around jsonSchema) jsonSchema {
	return jsonSchema{"type": "object", "if": definitionRef("relative"), "then": from, "else": around}
}

// relativePaths completes the paths behind a prefix that $from and $each can
// name, and selects the definition of what is relative to each.
func relativePaths(place, prefix string, f *schemas.SourceField) []jsonSchema {
	examples := map[string][]string{}
	variants := []jsonSchema{{}} // in JSON Schema, {} accepts everything
	walkObjects(f, "", func(path string, inner *schemas.SourceField, isList bool) {
		member := "$from"
		if isList {
			member = "$each"
		}
		if examples[member] = append(examples[member], prefix+path); !inner.Described() {
			return
		}
		variants = append(variants, jsonSchema{
			"if":   jsonSchema{"required": []string{member}, "properties": jsonSchema{member: jsonSchema{"const": prefix + path}}},
			"then": definitionRef(definitionName(place, path, isList)),
		})
	})
	for _, member := range []string{"$from", "$each"} {
		if len(examples[member]) > 0 {
			variants = append(variants, jsonSchema{"properties": jsonSchema{member: jsonSchema{"examples": examples[member]}}})
		}
	}
	return variants
}

// fieldNames returns the names of f's own fields.
func fieldNames(f *schemas.SourceField) jsonSchema {
	var all []string
	for _, m := range f.Fields {
		all = append(all, m.Name)
	}
	return jsonSchema{"enum": all}
}

func definitionName(name, path string, isList bool) string {
	if isList {
		return name + "." + path + "-item"
	}
	return name + "." + path
}

// walkObjects yields the objects inside f whose members are known, and the
// lists of objects. It does not go into the elements of a list, because paths
// do not lead there.
func walkObjects(f *schemas.SourceField, prefix string, yield func(path string, inner *schemas.SourceField, isList bool)) {
	for _, m := range f.Fields {
		path := strings.TrimPrefix(prefix+"."+m.Name, ".")
		switch {
		case m.Type == schemas.SourceList && (m.Elem.Type == schemas.SourceObject || m.Elem.Type == schemas.SourceAny):
			yield(path, m.Elem, true)
		case m.Described() && !m.Expandable:
			yield(path, m, false)
			walkObjects(m, path, yield)
		}
	}
}

func definitionRef(name string) jsonSchema { return jsonSchema{"$ref": "#/definitions/" + name} }

// allPaths returns the paths of the catalog's values, as expressions write
// them.
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
