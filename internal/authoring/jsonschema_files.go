package authoring

import (
	"strings"

	"github.com/stripelake/stripelake/schemas"
)

// describedText is a value that the loader reads as text: YAML's numbers and
// booleans too.
func describedText(description string) jsonSchema {
	return jsonSchema{"type": scalarTypes, "description": description}
}

// requiredText is text that must not be empty.
func requiredText(description string) jsonSchema {
	return jsonSchema{"type": scalarTypes, "pattern": `\S`, "description": description}
}

var scalarTypes = []string{"string", "number", "boolean"}

func patternString(pattern, description string) jsonSchema {
	return jsonSchema{"type": "string", "pattern": pattern, "description": description}
}

func booleanSchema(description string) jsonSchema {
	return jsonSchema{"type": "boolean", "description": description}
}

func enumSchema(description string, values ...string) jsonSchema {
	return jsonSchema{"enum": values, "description": description}
}

// oneOrMany is a list of different values, or one of them.
func oneOrMany(items jsonSchema, description string) jsonSchema {
	return jsonSchema{"anyOf": []jsonSchema{{"type": "array", "items": items, "minItems": 1, "uniqueItems": true}, items}, "description": description}
}

// closedObject is an object with these members and no others.
func closedObject(members jsonSchema, required ...string) jsonSchema {
	return jsonSchema{"type": "object", "properties": members, "additionalProperties": false, "required": append([]string{}, required...)}
}

// patternObject is an object whose names match a pattern.
func patternObject(pattern string, value jsonSchema, description string) jsonSchema {
	return jsonSchema{"type": "object", "patternProperties": jsonSchema{pattern: value}, "additionalProperties": false, "description": description}
}

func requires(members ...string) jsonSchema { return jsonSchema{"required": members} }

// The names that the loader accepts.
const (
	snakePattern     = `^_?[a-z][a-z0-9_]{0,61}$`
	anyNamePattern   = `^[A-Za-z_][A-Za-z0-9_]{0,62}$`
	qualifiedPattern = `^[a-z][a-z0-9_]{0,62}\.[a-z][a-z0-9_]{0,62}$`
)

func versionSchema() jsonSchema {
	return patternString(`^(0|[1-9]\d{0,8})\.(0|[1-9]\d{0,8})\.(0|[1-9]\d{0,8})$`, "Semantic version: a new major where readers must change something.")
}

func schemaFileSchema() jsonSchema {
	meta := closedObject(jsonSchema{
		"schema":      patternString(qualifiedPattern, "Stable name, system.object. References point at it."),
		"version":     versionSchema(),
		"title":       requiredText("What a row is, in a few words."),
		"description": requiredText("What one row is and which state of it is kept. Becomes the table's comment."),
		"table":       patternString(snakePattern, "Table and folder name, plural."),
		"primary_key": oneOrMany(jsonSchema{"type": "string"}, "The fields that tell rows of one account apart."),
		"version_by":  enumSchema("The higher sequence number wins.", "$seq"),
		"timestamp":   describedText("The date-time field that holds the source object's created; partitions follow it."),
		"behavior":    enumSchema("XDM's behaviour.", "record", "time-series"),
		"partition":   enumSchema("How long a partition is.", "month", "day", "year"),
		"history":     booleanSchema("Replaced states of the rows stay, in <table>_history."),
		"naming":      enumSchema("Which names of fields are accepted.", "snake", "salesforce", "sfcc"),
		"fields": jsonSchema{"allOf": []jsonSchema{definitionRef("fields")}, "properties": jsonSchema{
			"account": false, "deleted": false, "deleted_seen_at": false, "_source_id": false, "_seq": false,
			"acct": false, "created_day": false, "created_month": false, "created_year": false,
		}},
	}, "schema", "version", "title", "description", "table", "primary_key", "timestamp", "fields")
	meta["definitions"] = fieldDefinitions()
	meta["if"] = jsonSchema{"not": jsonSchema{"properties": jsonSchema{"naming": jsonSchema{"enum": []string{"salesforce", "sfcc"}}}, "required": []string{"naming"}}}
	meta["then"] = jsonSchema{"properties": jsonSchema{"fields": definitionRef("snake")}}
	return meta
}

func typeFileSchema() jsonSchema {
	meta := closedObject(jsonSchema{
		"type":        jsonSchema{"type": "string", "pattern": snakePattern, "not": jsonSchema{"enum": builtinTypes}, "description": "The name that fields use as their type."},
		"title":       requiredText("What it is, in a few words."),
		"description": requiredText("What it holds."),
		"xdm":         describedText("The XDM data type that it corresponds to."),
		"fields":      jsonSchema{"allOf": []jsonSchema{definitionRef("fields"), definitionRef("snake")}},
	}, "type", "title", "description", "fields")
	meta["definitions"] = fieldDefinitions()
	return meta
}

// builtinTypes are the built-in types of one word.
var builtinTypes = []string{"string", "boolean", "short", "integer", "long", "number", "decimal", "money", "date", "date-time", "json", "object"}

func fieldDefinitions() jsonSchema {
	field := closedObject(jsonSchema{
		"type": jsonSchema{
			"type": "string", "description": "A built-in type, list<…>, map<…>, or the name of a file under types/.",
			"anyOf": []jsonSchema{{"enum": append([]string{"map<string>", "map<integer>", "list<string>", "list<object>"}, builtinTypes...)}, {"pattern": `^(list<.+>|[a-z_][a-z0-9_]*)$`}},
			"not":   jsonSchema{"pattern": `^list<(money$|money>|list<|map<)`},
		},
		"title":        requiredText("What the field is, in a few words."),
		"description":  describedText("What it means. Becomes the column's comment."),
		"required":     booleanSchema("A row without it is refused."),
		"pattern":      jsonSchema{"type": "string", "format": "regex", "description": "Values that do not match are counted as drift."},
		"maxLength":    jsonSchema{"type": "integer", "minimum": 1, "description": "In characters; longer values are counted as drift."},
		"enum":         jsonSchema{"type": "object", "additionalProperties": jsonSchema{"type": scalarTypes, "minLength": 1}, "description": "Known values and the labels that people read. Open: others are kept and counted."},
		"closed":       booleanSchema("With enum: a row with another value is refused."),
		"unit":         describedText("For money: the field that holds its currency."),
		"minor":        booleanSchema("For money: whether <name>_minor stands beside it."),
		"ref":          patternString(qualifiedPattern, "The schema whose key this field holds; declared, never enforced."),
		"identity":     closedObject(jsonSchema{"namespace": requiredText("Identity namespace.")}, "namespace"),
		"label":        enumSchema("pii may be dropped or hashed by privacy.yaml.", "pii", "sensitive"),
		"not_personal": describedText("Why the field is no personal data, though its name looks so."),
		"xdm":          oneOrMany(jsonSchema{"type": "string"}, "Standard XDM paths that this field also fills."),
		"status":       enumSchema("", "stable", "experimental", "deprecated"),
		"replaced_by":  describedText("The field beside it to use instead."),
		"renamed_from": oneOrMany(jsonSchema{"type": "string", "pattern": anyNamePattern}, "Former names: each stays as a second column until it is taken out here, with a new major version."),
		"since":        describedText("The version that brought it."),
		"fields":       definitionRef("fields"),
	}, "type", "title")
	// The rules between the members of a declaration, the same as the loader's.
	isType := func(pattern string) jsonSchema {
		return jsonSchema{"properties": jsonSchema{"type": jsonSchema{"type": "string", "pattern": pattern}}, "required": []string{"type"}}
	}
	field["allOf"] = []jsonSchema{
		{"if": isType(`^money$`), "then": requires("unit"), "else": jsonSchema{"properties": jsonSchema{"unit": false, "minor": jsonSchema{"const": false}}}},
		{"if": isType(`^(list<)*object>*$`), "then": requires("fields"), "else": jsonSchema{"properties": jsonSchema{"fields": false}}},
		{"if": isType(`^string$`), "else": jsonSchema{"properties": jsonSchema{"pattern": false, "maxLength": false}}},
		{"if": jsonSchema{"properties": jsonSchema{"closed": jsonSchema{"const": true}}, "required": []string{"closed"}}, "then": jsonSchema{
			"required": []string{"enum"}, "properties": jsonSchema{"enum": jsonSchema{"minProperties": 1}},
		}},
		{"if": jsonSchema{"properties": jsonSchema{"status": jsonSchema{"const": "deprecated"}}, "required": []string{"status"}}, "then": jsonSchema{
			"required": []string{"description"}, "properties": jsonSchema{"description": requiredText("")},
		}},
		{"not": jsonSchema{"required": []string{"label", "not_personal"}}},
	}
	return jsonSchema{"field": field, "fields": jsonSchema{
		"type": "object", "minProperties": 1, "patternProperties": jsonSchema{anyNamePattern: definitionRef("field")}, "additionalProperties": false,
	}, "snake": patternObject(snakePattern, jsonSchema{"properties": jsonSchema{"fields": definitionRef("snake")}}, "")}
}

func lookupFileSchema() jsonSchema {
	lookup := closedObject(jsonSchema{
		"lookup":      patternString(snakePattern, "The name that lookup(…) and in use."),
		"title":       requiredText("What it is, in a few words."),
		"description": describedText("What it is for."),
		"rows":        jsonSchema{"type": "object", "minProperties": 1, "additionalProperties": jsonSchema{"type": scalarTypes}, "description": "Key and what it stands for."},
	}, "lookup", "title", "rows")
	lookup["if"] = jsonSchema{"properties": jsonSchema{"lookup": jsonSchema{"const": "currency_exponent"}}, "required": []string{"lookup"}}
	lookup["then"] = jsonSchema{"properties": jsonSchema{"rows": patternObject("^[a-z].{2}$", jsonSchema{"enum": []any{0, 1, 2, 3, "0", "1", "2", "3"}}, "")}}
	return jsonSchema{"definitions": jsonSchema{"lookup": lookup}, "if": jsonSchema{"type": "array"}, "then": jsonSchema{"items": definitionRef("lookup")}, "else": definitionRef("lookup")}
}

func privacyFileSchema() jsonSchema {
	policy := enumSchema("keep as sent, drop the column, or a keyed hash in its place", "keep", "drop", "hash")
	return closedObject(jsonSchema{
		"pii":        policy,
		"fields":     patternObject(`^[a-z_][a-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)+$`, policy, "Exceptions by table and path: customers.email."),
		"raw_redact": oneOrMany(patternString("^("+strings.Join(schemas.Objects(), "|")+`)\..*[^.]$`, ""), "Paths blanked before the raw log: charge.billing_details.phone."),
	})
}
