package authoring

import "github.com/stripelake/stripelake/schemas"

// memberPattern matches a path: names joined by dots, with [] behind a list.
const memberPattern = `^[A-Za-z_][A-Za-z0-9_]*(\[\])?(\.[A-Za-z_][A-Za-z0-9_]*(\[\])?)*$`

func resourceFileSchema() jsonSchema {
	references := func(description string, required ...string) jsonSchema {
		return listOf(closedObject(jsonSchema{
			"path":     patternString(memberPattern, "The path to the ids, or to objects that have one."),
			"resource": oneOrMany(jsonSchema{"type": "string"}, "Whose ids they are; of several, the beginning of the id decides."),
			"filter":   patternString(`^[a-z_]+(\[[a-z_]+\])?$`, "The value is no id: it is a value of this filter of the resource's list."),
		}, required...), description)
	}
	meta := closedObject(jsonSchema{
		"resource":        patternString(snakePattern, "Name of the stream, and of the table of its objects."),
		"object":          jsonSchema{"type": "string", "pattern": `^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*$`, "examples": schemas.Objects(), "description": `Value of the member "object" of its objects.`},
		"old_object":      describedText(`Value of "object" of the same objects under their old name.`),
		"description":     requiredText("What its objects are."),
		"order":           jsonSchema{"type": "integer", "minimum": 1, "description": "Place among the resources; without it, after all others."},
		"ids":             oneOrMany(patternString(`^[a-z]+(_[a-z]+)*$`, ""), "How its ids begin, without the last underscore."),
		"list":            listingSchema(),
		"deleted":         enumSchema("stub: Stripe deletes some objects, and answers with a stub. never: it keeps all.", "never", "stub"),
		"silent":          booleanSchema("Objects change without an event."),
		"due":             dueSchema(),
		"changes":         changesSchema(),
		"mentions":        references("Objects of other resources that no list may ever show.", "path", "resource"),
		"embeds":          oneOrMany(jsonSchema{"type": "string"}, "Resources whose objects are embedded, as of the time when these were read."),
		"owner":           jsonSchema{"anyOf": []jsonSchema{{"enum": []string{"person", "nobody"}}, references("", "path", "resource")}, "description": "Whose the objects are, for forget: each is a person, they are nobody's, or they go with the owner of one of these."},
		"brings":          references("Objects that belong only to this one, and are forgotten with it.", "path"),
		"late_columns":    oneOrMany(jsonSchema{"type": "string"}, "Columns that may be filled long after the row was made."),
		"made_when_named": booleanSchema("Objects are made together with the objects that name them, or later."),
		"transaction":     booleanSchema("Stripe counts these objects for the number of read requests that it allows."),
	}, "resource", "object", "description", "owner")
	silent := jsonSchema{"properties": jsonSchema{"silent": jsonSchema{"const": true}}, "required": []string{"silent"}}
	meta["if"] = requires("list")
	meta["then"] = jsonSchema{"if": silent, "then": jsonSchema{"required": []string{"due"}, "properties": jsonSchema{"changes": false}}, "else": jsonSchema{"required": []string{"changes"}, "properties": jsonSchema{"due": false}}}
	meta["else"] = jsonSchema{"properties": jsonSchema{"silent": jsonSchema{"const": false}, "due": false, "changes": false}}
	return meta
}

// listOf is a list of at least one item.
func listOf(items jsonSchema, description string) jsonSchema {
	return jsonSchema{"type": "array", "items": items, "minItems": 1, "description": description}
}

func listingSchema() jsonSchema {
	list := closedObject(jsonSchema{
		"path":       patternString(`^/v1(/[a-z_]+)+$`, "The endpoint of the list; an object is retrieved below it."),
		"variants":   jsonSchema{"type": "array", "items": patternString(`^$|^[a-z_]+(\[[a-z_]+\])?=[^&\s]+(&[a-z_]+(\[[a-z_]+\])?=[^&\s]+)*$`, ""), "description": "Query strings to list with, one after the other; their union is the resource."},
		"expand":     oneOrMany(patternString(memberPattern, ""), "Members that Stripe sends only on request."),
		"hides_some": booleanSchema("No list shows every object."),
	}, "path")
	list["description"] = "How Stripe lists the objects. Without it they are known only from the objects that name them."
	return list
}

func dueSchema() jsonSchema {
	due := closedObject(jsonSchema{
		"path": patternString(memberPattern, "The member that says whether an object changes."),
		"is":   requiredText("Its text in an object that changes."),
		"at":   patternString(memberPattern, "The member with the time of the change."),
	}, "path", "is", "at")
	due["description"] = "When objects of a silent resource change."
	return due
}

func changesSchema() jsonSchema {
	touch := closedObject(jsonSchema{
		"holds":        describedText("The kind of object that the event holds."),
		"holds_not":    describedText("Any kind of object but this."),
		"types":        describedText("How the type of the event begins."),
		"id":           patternString(memberPattern, "The path to the ids in the object that the event holds."),
		"filter":       patternString(`^[a-z_]+(\[[a-z_]+\])?$`, "The ids are of other objects: they are values of this filter of the list."),
		"undocumented": requiredText("Why Stripe's specification lacks the path."),
	}, "id")
	touch["anyOf"] = []jsonSchema{requires("holds"), requires("types")}
	touch["not"] = requires("holds", "holds_not")
	return listOf(touch, "Which events show a change of which objects.")
}
