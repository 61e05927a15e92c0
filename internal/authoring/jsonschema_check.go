package authoring

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/stripelake/stripelake/schemas"
	"github.com/stripelake/stripelake/transform"
)

// Suffixes of the names of the definitions that refuse paths.
const (
	knownOf   = "-known"   // the paths of an object's values
	pathOf    = "-path"    // an expression that is no path, or a path of the object
	strictOf  = "-strict"  // the same where no let gives names
	checkedOf = "-checked" // the fields of a mapping whose expressions are checked
)

// expressionSchema describes an expression. It refuses a function that there is not: a
// name with an argument list, outside quotes.
func expressionSchema() jsonSchema {
	var examples, names []string
	for _, f := range transform.Functions() {
		examples, names = append(examples, f.Example), append(names, f.Name)
	}
	token := strings.Join([]string{
		`"(?:[^"\\]|\\.)*"`, `'(?:[^'\\]|\\.)*'`, `(?:` + strings.Join(append(names, "in", "and", "or", "not"), "|") + `)\s*\(`,
		"`[^`]*`", `[A-Za-z_$0-9][\w.$]*(?:[^\w.$("'\s` + "`]|\\s+|$)", `[^\w$"'` + "`]",
	}, "|")
	return jsonSchema{
		"type": scalarTypes, "description": "An expression.", "examples": examples,
		"allOf": []jsonSchema{{"pattern": `\S`}, {"pattern": `^(?:` + token + `)*$`, "patternErrorMessage": "The functions are " + strings.Join(names, ", ") + "."}},
	}
}

// addChecks adds the rules that refuse paths which a source does not have. A path is
// checked where no name under let can stand before it: its first name is a member of the
// source, or there is no let. Inside an object that is relative to something else, paths
// are completed only.
func (p *pathCompletion) addChecks(name string, root *schemas.SourceField) {
	members := fieldNames(root)["enum"].([]string)
	p.addCheck(name, pathOf, `(`+strings.Join(members, "|")+`)`, root)
	p.addCheck(name, strictOf, `[A-Za-z_][A-Za-z0-9_]*`, root)
	source := jsonSchema{"source": jsonSchema{"properties": jsonSchema{"object": jsonSchema{"const": name}}, "required": []string{"object"}, "not": requires("each")}}
	hides := jsonSchema{"required": []string{"let"}, "properties": jsonSchema{"let": jsonSchema{"type": "object", "not": jsonSchema{"propertyNames": jsonSchema{"not": jsonSchema{"enum": members}}}}}}
	p.variants = append(p.variants,
		jsonSchema{"if": jsonSchema{"properties": source, "not": hides}, "then": jsonSchema{"properties": jsonSchema{
			"fields": definitionRef(name + pathOf + checkedOf), "let": jsonSchema{"additionalProperties": definitionRef(name + pathOf)},
		}}},
		jsonSchema{"if": jsonSchema{"properties": source, "not": requires("let")}, "then": jsonSchema{"properties": jsonSchema{"fields": definitionRef(name + strictOf + checkedOf)}}})
}

// addCheck defines an expression that is a known path, if it is a path that begins with
// first, and fields whose expressions are such.
func (p *pathCompletion) addCheck(name, suffix, first string, root *schemas.SourceField) {
	known := []jsonSchema{definitionRef(name + knownOf), {"enum": []string{"nil", "true", "false"}}, {"not": jsonSchema{"pattern": `^` + first + `(\.[A-Za-z0-9_]+)*$`}}}
	if open := openPaths(root, ""); len(open) > 0 {
		known = append(known, jsonSchema{"pattern": `^(` + strings.Join(open, "|") + `)\.`})
	}
	p.definitions[name+suffix] = jsonSchema{"if": jsonSchema{"type": "string"}, "then": jsonSchema{"anyOf": known, "errorMessage": "Stripe's " + name + " has no such field."}}
	checked := name + suffix + checkedOf
	p.definitions[checked] = jsonSchema{"patternProperties": jsonSchema{"^[^$]": jsonSchema{
		"if": jsonSchema{"type": "object"}, "then": jsonSchema{"if": definitionRef("relative"), "else": definitionRef(checked)}, "else": definitionRef(name + suffix),
	}}}
}

// openPaths returns patterns of the paths below which any path may be: maps, lists, and
// objects of which nothing is published.
func openPaths(f *schemas.SourceField, prefix string) []string {
	var out []string
	for _, m := range f.Fields {
		path := strings.TrimPrefix(prefix+`\.`+regexp.QuoteMeta(m.Name), `\.`)
		switch {
		case m.Described():
			out = append(out, openPaths(m, path)...)
		case m.Expandable || slices.Contains([]schemas.SourceType{schemas.SourceObject, schemas.SourceMap, schemas.SourceAny, schemas.SourceList}, m.Type):
			out = append(out, path)
		}
	}
	return out
}

// addColumns adds the rules for the columns of a target: a mapping names those of its
// schema.
func (p *pathCompletion) addColumns(set *schemas.Set) {
	for _, s := range set.Schemas {
		major, _, _ := strings.Cut(s.Version, ".")
		target := s.Name + "@" + major
		names := p.columns(target, s.Fields)
		p.variants = append(p.variants, jsonSchema{
			"if":   jsonSchema{"properties": jsonSchema{"target": jsonSchema{"const": target}}, "required": []string{"target"}},
			"then": jsonSchema{"properties": jsonSchema{"fields": definitionRef("columns " + target), "same": oneOrMany(names, "")}},
		})
	}
}

// columns defines the columns of an object, and of those inside it. It returns their
// names.
func (p *pathCompletion) columns(name string, fields []*schemas.Field) jsonSchema {
	members := jsonSchema{"$from": true, "$when": true, "$each": true}
	for _, f := range fields {
		if f.FormerOf != "" {
			continue // made of the field itself
		}
		members[f.Name] = jsonSchema{"description": strings.TrimSpace(f.Title)}
		if inner := f.Type.Inner(); len(inner) > 0 {
			p.columns(name+"."+f.Name, inner)
			members[f.Name] = jsonSchema{"description": strings.TrimSpace(f.Title), "if": jsonSchema{"type": "object"}, "then": definitionRef("columns " + name + "." + f.Name)}
		}
	}
	names := jsonSchema{"enum": slices.DeleteFunc(slices.Sorted(maps.Keys(members)), func(n string) bool { return n[0] == '$' })}
	members["$same"] = oneOrMany(names, "")
	p.definitions["columns "+name] = jsonSchema{"properties": members, "additionalProperties": false}
	return names
}
