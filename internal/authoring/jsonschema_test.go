package authoring

import (
	"bytes"
	"encoding/json"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/stripelake/stripelake/schemas"
)

var update = flag.Bool("update", false, "write schemas/meta anew")

// TestJSONSchemasAreCurrent compares schemas/meta with the output of the program.
func TestJSONSchemasAreCurrent(t *testing.T) {
	t.Parallel()
	files, err := JSONSchemas(shipped(t))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range files {
		path := filepath.Join("..", "..", "schemas", "meta", name)
		if *update {
			if err := os.WriteFile(path, want, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		got, err := os.ReadFile(path)
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s is not current: run go test ./internal/authoring -update (%v)\n%s", path, err, cmp.Diff(string(got), string(want)))
		}
	}
}

func shipped(t *testing.T) *schemas.Set {
	t.Helper()
	set, err := schemas.Load(schemas.Embedded())
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// compiled returns the JSON Schemas, compiled by an independent validator.
func compiled(t *testing.T, set *schemas.Set) map[string]*jsonschema.Schema {
	t.Helper()
	files, err := JSONSchemas(set)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]*jsonschema.Schema{}
	for name, text := range files {
		parsed, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		compiler := jsonschema.NewCompiler()
		compiler.DefaultDraft(jsonschema.Draft7)
		if err := compiler.AddResource("mem:///"+name, parsed); err != nil {
			t.Fatal(err)
		}
		if all[name], err = compiler.Compile("mem:///" + name); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// metaOf returns the JSON Schema to which the first line of a file refers.
func metaOf(t *testing.T, path, text string) string {
	t.Helper()
	first, _, _ := strings.Cut(text, "\n")
	leads, ok := strings.CutPrefix(first, "# yaml-language-server: $schema=")
	if !ok {
		t.Fatalf("%s does not begin with its JSON Schema", path)
	}
	to := filepath.ToSlash(filepath.Join(filepath.Dir(path), leads))
	name, ok := strings.CutPrefix(to, "meta/")
	if !ok {
		t.Fatalf("%s leads to %s", path, to)
	}
	return name
}

// TestShippedFilesFitTheirJSONSchemas validates every shipped file. The same file with
// an unknown key must not pass.
func TestShippedFilesFitTheirJSONSchemas(t *testing.T) {
	t.Parallel()
	metas := compiled(t, shipped(t))
	err := fs.WalkDir(schemas.Embedded(), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".yaml" {
			return err
		}
		data, err := fs.ReadFile(schemas.Embedded(), path)
		if err != nil {
			return err
		}
		meta := metas[metaOf(t, path, string(data))]
		if meta == nil {
			t.Errorf("%s leads to no JSON Schema", path)
			return nil
		}
		var document any
		if err := yaml.Unmarshal(data, &document); err != nil {
			t.Errorf("%s: %v", path, err)
		}
		if err := meta.Validate(document); err != nil {
			t.Errorf("%s: %v", path, err)
		}
		if top, ok := document.(map[string]any); ok {
			top["nobody_knows"] = true
			if meta.Validate(top) == nil {
				t.Errorf("%s passes with an unknown key", path)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestEditorSettings holds that the settings of VS Code lead every shipped file to the
// JSON Schema that its first line names.
func TestEditorSettings(t *testing.T) {
	t.Parallel()
	files, err := EditorSettings()
	if err != nil {
		t.Fatal(err)
	}
	var settings struct {
		Schemas map[string]string `json:"yaml.schemas"`
	}
	if err := json.Unmarshal([]byte(files[".vscode/settings.json"]), &settings); err != nil {
		t.Fatal(err)
	}
	for name, text := range shipped(t).Files() {
		if filepath.Ext(name) != ".yaml" {
			continue
		}
		var follows []string
		for meta, pattern := range settings.Schemas {
			if fits, err := filepath.Match(pattern, name); err != nil || fits {
				follows = append(follows, strings.TrimPrefix(meta, "./meta/"))
			}
		}
		if diff := cmp.Diff([]string{metaOf(t, name, text)}, follows); diff != "" {
			t.Errorf("%s (-its first line +settings):\n%s", name, diff)
		}
	}
}

// TestCompletion checks the completions of an editor in a mapping, and that the file
// behind them is small enough for an editor.
func TestCompletion(t *testing.T) {
	t.Parallel()
	files, err := JSONSchemas(shipped(t))
	if err != nil {
		t.Fatal(err)
	}
	const most = 400 << 10
	if n := len(files["mapping-v1.json"]); n > most {
		t.Errorf("mapping-v1.json has %d bytes, more than %d", n, most)
	}
	var meta map[string]any
	if err := json.Unmarshal(files["mapping-v1.json"], &meta); err != nil {
		t.Fatal(err)
	}
	const charge, items = `source: {object: charge}`, `source: {object: subscription, each: items.data, as: item}`
	for _, tc := range []struct{ mapping, at, offered, not string }{
		{charge, "same", "amount", "risk_level"},
		{charge, "fields x", "payment_method_details.klarna.payment_method_category", "risk_level"},
		{charge + "\nfields: {o: {x: y}}", "fields o x", "outcome.risk_level", "risk_level"},
		{charge + "\nfields: {o: {$from: null}}", "fields o $from", "payment_method_details.card.checks", "amount"},
		{charge + "\nfields: {o: {$each: null}}", "fields o $each", "refunds.data", "outcome"},
		{charge + "\nfields: {o: {x: y}}", "fields o $same", "amount", "risk_level"},
		{charge + "\nfields: {o: {$from: outcome, x: y}}", "fields o x", "rule", "outcome.rule"},
		{charge + "\nfields: {o: {$from: outcome, x: y}}", "fields o $same", "risk_level", "amount"},
		{charge + "\nfields: {o: {$each: fee_details, x: y}}", "fields o $same", "application", "captured"},
		{charge + "\nfields: {o: {$from: payment_method_details, p: {$from: card, x: y}}}", "fields o p $same", "brand", "amount"},
		{charge + "\nfields: {o: {$from: payment_method_details, p: {x: y}}}", "fields o p x", "card.brand", "amount"},
		{`source: {object: subscription}`, "source each", "items.data", "customer"},
		{items, "same", "quantity", "status"},
		{items, "fields x", "item.price.recurring.interval", "price.recurring.interval"},
		{items, "fields x", "cancel_at", "price.id"},
		{items + "\nfields: {o: {$from: item.price, x: y}}", "fields o x", "recurring.interval", "item.quantity"},
		{items + "\nfields: {o: {x: y}}", "fields o $same", "quantity", "status"},
	} {
		var document any
		if err := yaml.Unmarshal([]byte(tc.mapping), &document); err != nil {
			t.Fatal(err)
		}
		got := map[string]bool{}
		offers(t, meta, meta, document, strings.Fields(tc.at), got)
		if !got[tc.offered] || got[tc.not] {
			t.Errorf("%s: at %s %q is offered: %t, %q: %t; want the first only", tc.mapping, tc.at, tc.offered, got[tc.offered], tc.not, got[tc.not])
		}
	}
}

// offers collects the values that a JSON Schema suggests at a place of a document, as
// an editor does: through all parts that apply there.
func offers(t *testing.T, root, part map[string]any, document any, at []string, got map[string]bool) {
	t.Helper()
	follow := func(part any, document any, at []string) {
		if part, ok := part.(map[string]any); ok {
			offers(t, root, part, document, at, got)
		}
	}
	if to, ok := part["$ref"].(string); ok {
		follow(root["definitions"].(map[string]any)[strings.TrimPrefix(to, "#/definitions/")], document, at)
	}
	for _, many := range []string{"allOf", "anyOf"} {
		each, _ := part[many].([]any)
		for _, p := range each {
			follow(p, document, at)
		}
	}
	if condition, ok := part["if"]; ok {
		branch := "else"
		if fits(t, root, condition, document) {
			branch = "then"
		}
		follow(part[branch], document, at)
	}
	if len(at) == 0 {
		for _, word := range []string{"enum", "examples"} {
			values, _ := part[word].([]any)
			for _, v := range values {
				if text, ok := v.(string); ok {
					got[text] = true
				}
			}
		}
		follow(part["items"], document, at)
		return
	}
	members, _ := document.(map[string]any)
	if properties, ok := part["properties"].(map[string]any); ok {
		follow(properties[at[0]], members[at[0]], at[1:])
	}
	patterns, _ := part["patternProperties"].(map[string]any)
	for pattern, p := range patterns {
		if regexp.MustCompile(pattern).MatchString(at[0]) {
			follow(p, members[at[0]], at[1:])
		}
	}
}

// fits reports whether a document fits a part of a JSON Schema.
func fits(t *testing.T, root map[string]any, part, document any) bool {
	t.Helper()
	compiler := jsonschema.NewCompiler()
	compiler.DefaultDraft(jsonschema.Draft7)
	whole := map[string]any{"definitions": map[string]any{"relative": root["definitions"].(map[string]any)["relative"]}, "allOf": []any{part}}
	if err := compiler.AddResource("mem:///part.json", whole); err != nil {
		t.Fatal(err)
	}
	compiled, err := compiler.Compile("mem:///part.json")
	if err != nil {
		t.Fatal(err)
	}
	return compiled.Validate(document) == nil
}
