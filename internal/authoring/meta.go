package authoring

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/stripelake/stripelake/schemas"
	"github.com/stripelake/stripelake/transform"
)

// object is a JSON Schema, or a part of one.
type object map[string]any

// Meta are the JSON Schemas (draft 7) of the files of a set, by file name. A
// YAML language server that a file's first line leads to one completes keys,
// source paths and functions, and marks what does not fit.
func Meta() (map[string][]byte, error) {
	mapping, err := mappingMeta()
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{}
	for name, meta := range map[string]object{
		"schema": schemaMeta(), "type": typeMeta(), "lookup": lookupMeta(), "mapping": mapping, "privacy": privacyMeta(),
	} {
		meta["$schema"], meta["$id"] = "http://json-schema.org/draft-07/schema#", "stripelake/"+name+"-v1.json"
		text, err := json.MarshalIndent(meta, "", " ")
		if err != nil {
			return nil, err
		}
		files[name+"-v1.json"] = append(text, '\n')
	}
	return files, nil
}

func text(description string) object { return object{"type": "string", "description": description} }

func yesNo(description string) object { return object{"type": "boolean", "description": description} }

func oneOf(description string, values ...string) object {
	return object{"enum": values, "description": description}
}

func list(items object, description string) object {
	return object{"anyOf": []object{{"type": "array", "items": items}, items}, "description": description}
}

// closed is an object with these members and no others.
func closed(members object, required ...string) object {
	return object{"type": "object", "properties": members, "additionalProperties": false, "required": append([]string{}, required...)}
}

const snake = "^[a-z][a-z0-9_]*$"

func version() object {
	return object{"type": "string", "pattern": `^\d+\.\d+\.\d+$`, "description": "Semantic version: a new major where readers must change something."}
}

func schemaMeta() object {
	meta := closed(object{
		"schema":      object{"type": "string", "pattern": `^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$`, "description": "Stable name, system.object. References point at it."},
		"version":     version(),
		"title":       text("What a row is, in a few words."),
		"description": text("What one row is and which state of it is kept. Becomes the table's comment."),
		"table":       object{"type": "string", "pattern": snake, "description": "Table and folder name, plural."},
		"primary_key": list(object{"type": "string"}, "The fields that tell rows of one account apart."),
		"version_by":  oneOf("The higher sequence number wins.", "$seq"),
		"timestamp":   text("The date-time field that holds the source object's created; partitions follow it."),
		"behavior":    oneOf("XDM's behaviour.", "record", "time-series"),
		"partition":   oneOf("How long a partition is.", "month", "day", "year"),
		"naming":      oneOf("Which names of fields are accepted.", "snake", "salesforce", "sfcc"),
		"fields":      object{"$ref": "#/definitions/fields"},
	}, "schema", "version", "title", "description", "table", "primary_key", "timestamp", "fields")
	meta["definitions"] = fieldDefinitions()
	return meta
}

func typeMeta() object {
	meta := closed(object{
		"type":        object{"type": "string", "pattern": snake, "description": "The name that fields use as their type."},
		"title":       text("What it is, in a few words."),
		"description": text("What it holds."),
		"xdm":         text("The XDM data type that it corresponds to."),
		"fields":      object{"$ref": "#/definitions/fields"},
	}, "type", "title", "description", "fields")
	meta["definitions"] = fieldDefinitions()
	return meta
}

func fieldDefinitions() object {
	field := closed(object{
		"type": object{
			"type": "string", "description": "A built-in type, list<…>, map<…>, or the name of a file under types/.",
			"anyOf": []object{{"enum": []string{
				"string", "boolean", "short", "integer", "long", "number", "decimal", "money", "date", "date-time", "json",
				"object", "map<string>", "list<string>", "list<object>",
			}}, {"pattern": `^(list<.+>|map<.+>|[a-z][a-z0-9_]*)$`}},
		},
		"title":        text("What the field is, in a few words."),
		"description":  text("What it means. Becomes the column's comment."),
		"required":     yesNo("A row without it is refused."),
		"pattern":      object{"type": "string", "format": "regex", "description": "Values that do not match are counted as drift."},
		"maxLength":    object{"type": "integer", "minimum": 1, "description": "In characters; longer values are counted as drift."},
		"enum":         object{"type": "object", "additionalProperties": object{"type": []string{"string", "number", "boolean"}}, "description": "Known values and the labels that people read. Open: others are kept and counted."},
		"closed":       yesNo("With enum: a row with another value is refused."),
		"unit":         text("For money: the field that holds its currency."),
		"minor":        yesNo("For money: whether <name>_minor stands beside it."),
		"ref":          object{"type": "string", "pattern": `^[a-z0-9_]+\.[a-z0-9_]+$`, "description": "The schema whose key this field holds; declared, never enforced."},
		"identity":     closed(object{"namespace": text("Identity namespace.")}, "namespace"),
		"label":        oneOf("pii may be dropped or hashed by privacy.yaml.", "pii", "sensitive"),
		"xdm":          list(object{"type": "string"}, "Standard XDM paths that this field also fills."),
		"status":       oneOf("", "stable", "experimental", "deprecated"),
		"replaced_by":  text("The field beside it to use instead."),
		"renamed_from": list(object{"type": "string"}, "Former names."),
		"since":        object{"type": []string{"string", "number"}, "description": "The version that brought it."},
		"fields":       object{"$ref": "#/definitions/fields"},
	}, "type", "title")
	return object{"field": field, "fields": object{
		"type": "object", "minProperties": 1,
		"propertyNames": object{"pattern": "^[A-Za-z_][A-Za-z0-9_]*$"}, "additionalProperties": object{"$ref": "#/definitions/field"},
	}}
}

func lookupMeta() object {
	lookup := closed(object{
		"lookup":      object{"type": "string", "pattern": snake, "description": "The name that lookup(…) and in use."},
		"title":       text("What it is, in a few words."),
		"description": text("What it is for."),
		"rows":        object{"type": "object", "additionalProperties": object{"type": []string{"string", "number", "boolean"}}, "description": "Key and what it stands for."},
	}, "lookup", "title", "rows")
	return object{"anyOf": []object{lookup, {"type": "array", "items": lookup}}}
}

func privacyMeta() object {
	policy := oneOf("keep as sent, drop the column, or a keyed hash in its place", "keep", "drop", "hash")
	return closed(object{
		"pii":        policy,
		"fields":     object{"type": "object", "additionalProperties": policy, "description": "Exceptions by table and path: customers.email."},
		"raw_redact": object{"type": "array", "items": object{"type": "string"}, "description": "Paths blanked before the raw log: charge.billing_details.phone."},
	})
}

// mappingMeta completes, for each source object, the paths of its catalog.
func mappingMeta() (object, error) {
	var functions []string
	for _, f := range transform.Functions() {
		functions = append(functions, f.Example)
	}
	meta := closed(object{
		"mapping": object{"type": "string", "pattern": `^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$`, "description": "Name of the mapping, system.name."},
		"version": version(),
		"source": closed(object{
			"system": oneOf("", "stripe"), "object": object{"enum": schemas.Objects(), "description": "What is mapped."},
			"api_version": text("The catalog that paths are checked against; never what is sent."),
			"each":        text("A list inside the object: one row an element."), "as": text("What expressions call an element."),
		}, "system", "object"),
		"target":   object{"type": "string", "pattern": `^[a-z0-9_]+\.[a-z0-9_]+@\d+$`, "description": "Schema and its major version."},
		"where":    text("Rows for which it is not true are left out."),
		"let":      object{"type": "object", "additionalProperties": object{"type": "string"}, "description": "Short names for paths and expressions."},
		"same":     list(object{"type": "string"}, "Columns copied from the source field of the same name."),
		"fields":   object{"$ref": "#/definitions/object"},
		"left_out": object{"type": "object", "additionalProperties": object{"type": "string"}, "description": "Source paths without a column, and why."},
	}, "mapping", "version", "source", "target", "fields")
	meta["definitions"] = object{"object": object{"type": "object", "properties": object{
		"$from": text("Paths below are relative to this source object."), "$when": text("The whole object is null unless this is true."),
		"$each": text("A source list: the object is made once for each element."),
		"$same": list(object{"type": "string"}, "Members copied from the source field of the same name."),
	}, "additionalProperties": object{"anyOf": []object{
		{"type": "string", "description": "An expression.", "examples": functions}, {"type": []string{"number", "boolean"}}, {"$ref": "#/definitions/object"},
	}}}}
	var variants []object
	for _, name := range schemas.Objects() {
		catalog, err := schemas.LoadCatalog(name)
		if err != nil {
			return nil, err
		}
		paths := allPaths(catalog.Root(), "")
		members := make([]string, len(catalog.Fields))
		for i, f := range catalog.Fields {
			members[i] = f.Name
		}
		variants = append(variants, object{
			"if": object{"properties": object{"source": object{"properties": object{"object": object{"const": name}}, "required": []string{"object"}, "not": object{"required": []string{"each"}}}}},
			"then": object{"properties": object{
				"same":   list(object{"enum": members}, ""),
				"fields": object{"additionalProperties": object{"anyOf": []object{{"type": "string", "examples": paths}, {}}}},
			}},
		})
	}
	meta["allOf"] = variants
	return meta, nil
}

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
