package authoring

import (
	"strings"

	"github.com/stripelake/stripelake/schemas"
)

// text is what the loader reads as text: YAML's numbers and booleans too.
func text(description string) object {
	return object{"type": scalars, "description": description}
}

// said is text that must say something.
func said(description string) object {
	return object{"type": scalars, "pattern": `\S`, "description": description}
}

var scalars = []string{"string", "number", "boolean"}

func named(pattern, description string) object {
	return object{"type": "string", "pattern": pattern, "description": description}
}

func yesNo(description string) object { return object{"type": "boolean", "description": description} }

func oneOf(description string, values ...string) object {
	return object{"enum": values, "description": description}
}

// list is a list of different things, or one of them.
func list(items object, description string) object {
	return object{"anyOf": []object{{"type": "array", "items": items, "minItems": 1, "uniqueItems": true}, items}, "description": description}
}

// closed is an object with these members and no others.
func closed(members object, required ...string) object {
	return object{"type": "object", "properties": members, "additionalProperties": false, "required": append([]string{}, required...)}
}

// keyed is an object with names of a kind.
func keyed(pattern string, value object, description string) object {
	return object{"type": "object", "patternProperties": object{pattern: value}, "additionalProperties": false, "description": description}
}

func has(members ...string) object { return object{"required": members} }

// The names that loading accepts.
const (
	snake     = `^_?[a-z][a-z0-9_]{0,61}$`
	anyName   = `^[A-Za-z_][A-Za-z0-9_]{0,62}$`
	qualified = `^[a-z][a-z0-9_]{0,62}\.[a-z][a-z0-9_]{0,62}$`
)

func version() object {
	return named(`^(0|[1-9]\d{0,8})\.(0|[1-9]\d{0,8})\.(0|[1-9]\d{0,8})$`, "Semantic version: a new major where readers must change something.")
}

func schemaMeta() object {
	meta := closed(object{
		"schema":      named(qualified, "Stable name, system.object. References point at it."),
		"version":     version(),
		"title":       said("What a row is, in a few words."),
		"description": said("What one row is and which state of it is kept. Becomes the table's comment."),
		"table":       named(snake, "Table and folder name, plural."),
		"primary_key": list(object{"type": "string"}, "The fields that tell rows of one account apart."),
		"version_by":  oneOf("The higher sequence number wins.", "$seq"),
		"timestamp":   text("The date-time field that holds the source object's created; partitions follow it."),
		"behavior":    oneOf("XDM's behaviour.", "record", "time-series"),
		"partition":   oneOf("How long a partition is.", "month", "day", "year"),
		"history":     yesNo("Replaced states of the rows stay, in <table>_history."),
		"naming":      oneOf("Which names of fields are accepted.", "snake", "salesforce", "sfcc"),
		"fields": object{"allOf": []object{ref("fields")}, "properties": object{
			"account": false, "deleted": false, "deleted_seen_at": false, "_source_id": false, "_seq": false,
			"acct": false, "created_day": false, "created_month": false, "created_year": false,
		}},
	}, "schema", "version", "title", "description", "table", "primary_key", "timestamp", "fields")
	meta["definitions"] = fieldDefinitions()
	meta["if"] = object{"not": object{"properties": object{"naming": object{"enum": []string{"salesforce", "sfcc"}}}, "required": []string{"naming"}}}
	meta["then"] = object{"properties": object{"fields": ref("snake")}}
	return meta
}

func typeMeta() object {
	meta := closed(object{
		"type":        object{"type": "string", "pattern": snake, "not": object{"enum": plainTypes}, "description": "The name that fields use as their type."},
		"title":       said("What it is, in a few words."),
		"description": said("What it holds."),
		"xdm":         text("The XDM data type that it corresponds to."),
		"fields":      object{"allOf": []object{ref("fields"), ref("snake")}},
	}, "type", "title", "description", "fields")
	meta["definitions"] = fieldDefinitions()
	return meta
}

// plainTypes are the built-in types of one word.
var plainTypes = []string{"string", "boolean", "short", "integer", "long", "number", "decimal", "money", "date", "date-time", "json", "object"}

func fieldDefinitions() object {
	field := closed(object{
		"type": object{
			"type": "string", "description": "A built-in type, list<…>, map<…>, or the name of a file under types/.",
			"anyOf": []object{{"enum": append([]string{"map<string>", "map<integer>", "list<string>", "list<object>"}, plainTypes...)}, {"pattern": `^(list<.+>|[a-z_][a-z0-9_]*)$`}},
			"not":   object{"pattern": `^list<(money$|money>|list<|map<)`},
		},
		"title":        said("What the field is, in a few words."),
		"description":  text("What it means. Becomes the column's comment."),
		"required":     yesNo("A row without it is refused."),
		"pattern":      object{"type": "string", "format": "regex", "description": "Values that do not match are counted as drift."},
		"maxLength":    object{"type": "integer", "minimum": 1, "description": "In characters; longer values are counted as drift."},
		"enum":         object{"type": "object", "additionalProperties": object{"type": scalars, "minLength": 1}, "description": "Known values and the labels that people read. Open: others are kept and counted."},
		"closed":       yesNo("With enum: a row with another value is refused."),
		"unit":         text("For money: the field that holds its currency."),
		"minor":        yesNo("For money: whether <name>_minor stands beside it."),
		"ref":          named(qualified, "The schema whose key this field holds; declared, never enforced."),
		"identity":     closed(object{"namespace": said("Identity namespace.")}, "namespace"),
		"label":        oneOf("pii may be dropped or hashed by privacy.yaml.", "pii", "sensitive"),
		"not_personal": text("Why the field is no personal data, though its name looks so."),
		"xdm":          list(object{"type": "string"}, "Standard XDM paths that this field also fills."),
		"status":       oneOf("", "stable", "experimental", "deprecated"),
		"replaced_by":  text("The field beside it to use instead."),
		"renamed_from": list(object{"type": "string", "pattern": anyName}, "Former names: each stays as a second column until it is taken out here, with a new major version."),
		"since":        text("The version that brought it."),
		"fields":       ref("fields"),
	}, "type", "title")
	// The rules between the members of a declaration, as loading has them.
	isType := func(pattern string) object {
		return object{"properties": object{"type": object{"type": "string", "pattern": pattern}}, "required": []string{"type"}}
	}
	field["allOf"] = []object{
		{"if": isType(`^money$`), "then": has("unit"), "else": object{"properties": object{"unit": false, "minor": object{"const": false}}}},
		{"if": isType(`^(list<)*object>*$`), "then": has("fields"), "else": object{"properties": object{"fields": false}}},
		{"if": isType(`^string$`), "else": object{"properties": object{"pattern": false, "maxLength": false}}},
		{"if": object{"properties": object{"closed": object{"const": true}}, "required": []string{"closed"}}, "then": object{
			"required": []string{"enum"}, "properties": object{"enum": object{"minProperties": 1}},
		}},
		{"if": object{"properties": object{"status": object{"const": "deprecated"}}, "required": []string{"status"}}, "then": object{
			"required": []string{"description"}, "properties": object{"description": said("")},
		}},
		{"not": object{"required": []string{"label", "not_personal"}}},
	}
	return object{"field": field, "fields": object{
		"type": "object", "minProperties": 1, "patternProperties": object{anyName: ref("field")}, "additionalProperties": false,
	}, "snake": keyed(snake, object{"properties": object{"fields": ref("snake")}}, "")}
}

func lookupMeta() object {
	lookup := closed(object{
		"lookup":      named(snake, "The name that lookup(…) and in use."),
		"title":       said("What it is, in a few words."),
		"description": text("What it is for."),
		"rows":        object{"type": "object", "minProperties": 1, "additionalProperties": object{"type": scalars}, "description": "Key and what it stands for."},
	}, "lookup", "title", "rows")
	lookup["if"] = object{"properties": object{"lookup": object{"const": "currency_exponent"}}, "required": []string{"lookup"}}
	lookup["then"] = object{"properties": object{"rows": keyed("^[a-z].{2}$", object{"enum": []any{0, 1, 2, 3, "0", "1", "2", "3"}}, "")}}
	return object{"definitions": object{"lookup": lookup}, "if": object{"type": "array"}, "then": object{"items": ref("lookup")}, "else": ref("lookup")}
}

func privacyMeta() object {
	policy := oneOf("keep as sent, drop the column, or a keyed hash in its place", "keep", "drop", "hash")
	return closed(object{
		"pii":        policy,
		"fields":     keyed(`^[a-z_][a-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)+$`, policy, "Exceptions by table and path: customers.email."),
		"raw_redact": list(named("^("+strings.Join(schemas.Objects(), "|")+`)\..*[^.]$`, ""), "Paths blanked before the raw log: charge.billing_details.phone."),
	})
}
