package settings

import (
	"encoding/json"
	"strings"

	"github.com/stripelake/stripelake/internal/notify"
	"github.com/stripelake/stripelake/schemas"
)

// JSONSchema returns the JSON Schema (draft 7) of the file, for editors.
func JSONSchema() ([]byte, error) {
	top := map[string]any{"accounts": accountsSchema()}
	sections := map[string]map[string]any{}
	for _, key := range keys {
		section, name, nested := strings.Cut(key.Name, ".")
		if !nested {
			top[key.Name] = key.schema()
			continue
		}
		if sections[section] == nil {
			sections[section] = map[string]any{}
			top[section] = map[string]any{"type": []string{"object", "null"}, "properties": sections[section], "additionalProperties": false}
		}
		sections[section][name] = key.schema()
	}
	text, err := json.MarshalIndent(map[string]any{
		"$schema": "http://json-schema.org/draft-07/schema#", "$id": "stripelake/settings-v1.json",
		"description": "Settings of stripelake.", "type": []string{"object", "null"}, "properties": top, "additionalProperties": false,
	}, "", " ")
	return append(text, '\n'), err
}

func accountsSchema() map[string]any {
	account := map[string]any{
		"type": "object", "additionalProperties": false, "required": []string{"key"},
		"properties": map[string]any{
			"key": secretSchema(), "label": map[string]any{"type": "string", "description": "Name of the account where the key may not read its id."},
			"connected": listSchema(map[string]any{"type": "string", "pattern": connectedID.String()}, "Connected accounts to read instead of the key's own."),
		},
	}
	return map[string]any{
		"type": []string{"object", "null"}, "additionalProperties": false, "patternProperties": map[string]any{accountName.String(): account},
		"propertyNames": map[string]any{"not": map[string]any{"enum": []string{AllAccounts}}},
		"description":   "The accounts to copy, each with a name of yours.",
	}
}

// secretSchema is the JSON Schema of the name of what holds a secret.
func secretSchema() map[string]any {
	return map[string]any{
		"type": "object", "additionalProperties": false, "minProperties": 1, "maxProperties": 1, "description": "The name of what holds the secret, never the secret.",
		"properties": map[string]any{
			"env":  map[string]any{"type": "string", "pattern": variableName.String(), "description": "An environment variable."},
			"file": map[string]any{"type": "string", "description": "A file, relative to this one."},
		},
	}
}

// schema is the JSON Schema of a value.
func (k Key) schema() map[string]any {
	says := strings.ToUpper(k.Says[:1]) + k.Says[1:] + "."
	policy := map[string]any{"enum": []string{"keep", "drop", "hash"}}
	switch k.Kind {
	case Policy:
		policy["description"] = says
		return policy
	case Policies:
		return map[string]any{"type": "object", "additionalProperties": policy, "description": says}
	case List:
		return listSchema(map[string]any{"type": "string"}, says)
	case Resource:
		return listSchema(map[string]any{"anyOf": []any{map[string]any{"enum": schemas.ShippedResources().Names()}, map[string]any{"pattern": resourceName.String()}}}, says)
	case Event:
		return listSchema(map[string]any{"enum": notify.Events()}, says)
	case Address:
		return map[string]any{"anyOf": []any{map[string]any{"type": "string", "pattern": "^(https://|http://(localhost|127\\.|\\[::1\\]))"}, secretSchema()}, "description": says}
	case Base:
		return map[string]any{"type": "string", "pattern": "^(https://|http://(localhost|127\\.|\\[::1\\]))", "description": says}
	case Count:
		least := 0
		if k.Name == "limits.max_requests" {
			least = 1
		}
		return map[string]any{"type": "integer", "minimum": least, "description": says}
	case Size:
		return map[string]any{"type": []string{"string", "integer"}, "pattern": `^(0|[0-9.]+ ?([KkMmGgTt][Ii]?)?[Bb]|[0-9.]+%)$`, "maximum": 0, "description": says}
	case LogFormat:
		return map[string]any{"enum": []string{"text", "json"}, "description": says}
	case Number:
		return map[string]any{"type": "number", "exclusiveMinimum": 0, "description": says}
	case Duration:
		return map[string]any{"type": []string{"string", "integer"}, "pattern": `^([0-9]+d)?([0-9.]+(ns|us|µs|ms|s|m|h))*$`, "maximum": 0, "description": says}
	case Share:
		pattern := `^[0-9.]+%$`
		if k.Name == "limits.max_share" {
			pattern = `^[0-9.]*[1-9][0-9.]*%$`
		}
		return map[string]any{"type": "string", "pattern": pattern, "description": says}
	}
	return map[string]any{"type": "string", "description": says}
}

func listSchema(items map[string]any, says string) map[string]any {
	return map[string]any{"type": "array", "items": items, "minItems": 1, "uniqueItems": true, "description": says}
}
