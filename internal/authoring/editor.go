package authoring

import (
	"encoding/json"
	"fmt"
)

// findingPattern matches a line of `stripelake schema check`: file, line, column,
// "warning" or nothing, code, message.
const findingPattern = `^(.+):(\d+):(\d+): (?:(warning): )?([A-Z]\d+): (.*)$`

// EditorSettings returns the settings of editors that a copy of the schemas has, by
// path: which JSON Schema a file follows, a task that checks the set, and how its lines
// become annotations, in VS Code and in GitHub Actions. Every other editor with a YAML
// language server needs only the first line of each file.
func EditorSettings() (map[string]string, error) {
	follows := map[string]string{}
	for _, kind := range []struct{ meta, files string }{
		{"schema", "stripe/*.yaml"},
		{"type", "types/*.yaml"},
		{"lookup", "lookups/*.yaml"},
		{"mapping", "mappings/stripe/*.yaml"},
		{"resource", "resources/*.yaml"},
		{"privacy", "privacy.yaml"},
	} {
		follows["./meta/"+kind.meta+"-v1.json"] = kind.files
	}
	groups := map[string]any{"regexp": findingPattern, "file": 1, "line": 2, "column": 3, "severity": 4, "code": 5, "message": 6}
	out := map[string]string{}
	for path, content := range map[string]any{
		".vscode/settings.json": map[string]any{"yaml.schemas": follows},
		".vscode/tasks.json": map[string]any{"version": "2.0.0", "tasks": []any{map[string]any{
			"label": "stripelake: check", "type": "process", "command": "stripelake", "args": []string{"schema", "check", "--editor", "--schemas", "."},
			"group":          map[string]any{"kind": "build", "isDefault": true},
			"problemMatcher": map[string]any{"owner": "stripelake", "fileLocation": []string{"autoDetect", "${workspaceFolder}"}, "severity": "error", "pattern": groups},
		}}},
		"meta/problem-matcher.json": map[string]any{"problemMatcher": []any{map[string]any{"owner": "stripelake", "severity": "error", "pattern": []any{groups}}}},
	} {
		text, err := json.MarshalIndent(content, "", "  ")
		if err != nil {
			return nil, fmt.Errorf("settings of editors: %w", err)
		}
		out[path] = string(text) + "\n"
	}
	return out, nil
}
