package authoring

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/stripelake/stripelake/schemas"
)

// jsonSchema is a JSON Schema, or a part of one.
type jsonSchema map[string]any

// JSONSchemas returns the JSON Schemas (draft 7) of the files of a set, by file name.
// The first line of a file refers a YAML language server to its schema. The server then
// completes keys, columns, source paths and functions, and marks mistakes.
func JSONSchemas(set *schemas.Set) (map[string][]byte, error) {
	set, err := withEveryColumn(set)
	if err != nil {
		return nil, err
	}
	mapping, err := mappingFileSchema(set)
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{}
	for name, meta := range map[string]jsonSchema{
		"schema": schemaFileSchema(), "type": typeFileSchema(), "lookup": lookupFileSchema(), "mapping": mapping, "privacy": privacyFileSchema(), "resource": resourceFileSchema(),
	} {
		meta["$schema"], meta["$id"] = "http://json-schema.org/draft-07/schema#", "stripelake/"+name+"-v1.json"
		text, err := formatSchema(meta)
		if err != nil {
			return nil, err
		}
		files[name+"-v1.json"] = text
	}
	return files, nil
}

// withEveryColumn returns the set without its privacy policy: a mapping may name a column
// that the policy drops.
func withEveryColumn(set *schemas.Set) (*schemas.Set, error) {
	files := maps.Clone(set.Files())
	delete(files, "privacy.yaml")
	return schemas.LoadFiles(files)
}

// formatSchema formats a JSON Schema with a line for each member of its parts:
// short enough to ship, and an edit changes few lines.
func formatSchema(meta jsonSchema) ([]byte, error) {
	var lines []string
	add := func(line string, v any) error {
		text, err := json.Marshal(v)
		lines = append(lines, line+string(text)+",")
		return err
	}
	var errs error
	for _, name := range slices.Sorted(maps.Keys(meta)) {
		begin := fmt.Sprintf(" %q: ", name)
		switch part := meta[name].(type) {
		case jsonSchema:
			lines = append(lines, begin+"{")
			for _, member := range slices.Sorted(maps.Keys(part)) {
				errs = errors.Join(errs, add(fmt.Sprintf("  %q: ", member), part[member]))
			}
			lines = closing(lines, " },")
		case []jsonSchema:
			lines = append(lines, begin+"[")
			for _, item := range part {
				errs = errors.Join(errs, add("  ", item))
			}
			lines = closing(lines, " ],")
		default:
			errs = errors.Join(errs, add(begin, part))
		}
	}
	return []byte("{\n" + strings.Join(closing(lines, "}\n"), "\n")), errs
}

// closing appends a closing line and removes the comma before it.
func closing(lines []string, end string) []string {
	last := len(lines) - 1
	lines[last] = strings.TrimSuffix(lines[last], ",")
	return append(lines, end)
}
