package settings

import (
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// What an editor marks with the JSON Schema is what the program refuses.
func TestEditorAgrees(t *testing.T) {
	t.Parallel()
	editor := compileSchema(t)
	for text, sound := range map[string]bool{
		"lake: ./lake":                                   true,
		Template():                                       true,
		uncommented(Template()):                          true,
		"lakes: ./lake":                                  false,
		"lake: [a]":                                      false,
		"resources: [charges, Charge]":                   false,
		"resources: []":                                  false,
		"limits:":                                        true,
		"limits: {max_share: 50%}":                       true,
		"limits: {max_share: 50}":                        false,
		"limits: {max_rps: 0}":                           false,
		"limits: {max_rps: 12.5}":                        true,
		"limits: {rps: 12.5}":                            false,
		"sync: {look_back: 0}":                           true,
		"sync: {look_back: 3d}":                          true,
		"sync: {look_back: 1h30m}":                       true,
		"sync: {look_back: 3}":                           false,
		"privacy: {pii: hide}":                           false,
		"privacy: {fields: {customers.email: x}}":        false,
		"ping: https://example.com/x":                    true,
		"ping: http://127.0.0.1:8080/x":                  true,
		"ping: http://example.com/x":                     false,
		"ping: {env: PING}":                              true,
		"ping: {env: P, file: x}":                        false,
		"api: {base: not a url}":                         false,
		"api: {base: http://127.0.0.1:1}":                true,
		"limits: {max_share: 0%}":                        false,
		"limits: {max_requests: 0}":                      false,
		"ping: [a]":                                      false,
		"notify: {url: {file: x}, on: [failed]}":         true,
		"notify: {on: [faild]}":                          false,
		"accounts:":                                      true,
		"accounts: {a: {key: {env: A}}}":                 true,
		"accounts: {a: {key: A}}":                        false,
		"accounts: {a: {}}":                              false,
		"accounts: {all: {key: {env: A}}}":               false,
		"accounts: {a: {key: {env: A, file: b}}}":        false,
		"accounts: {a: {key: {env: A B}}}":               false,
		"accounts: {a: {key: {env: A}, connected: [b]}}": false,
	} {
		var value any
		if err := yaml.Unmarshal([]byte(text), &value); err != nil {
			t.Fatal(err)
		}
		if err := editor.Validate(value); (err == nil) != sound {
			t.Errorf("the editor says of %q: %v", text, err)
		}
		if _, err := read(text); (err == nil) != sound {
			t.Errorf("the program says of %q: %v", text, err)
		}
	}
}

func compileSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	text, err := JSONSchema()
	if err != nil {
		t.Fatal(err)
	}
	document, err := jsonschema.UnmarshalJSON(strings.NewReader(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("settings.json", document); err != nil {
		t.Fatal(err)
	}
	compiled, err := compiler.Compile("settings.json")
	if err != nil {
		t.Fatal(err)
	}
	return compiled
}
