package authoring

import (
	"bytes"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/stripelake/stripelake/schemas"
)

var update = flag.Bool("update", false, "write schemas/meta anew")

// TestMetaIsCurrent compares schemas/meta with what the program knows.
func TestMetaIsCurrent(t *testing.T) {
	t.Parallel()
	files, err := Meta()
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

// compiled are the JSON Schemas, compiled by an independent validator.
func compiled(t *testing.T) map[string]*jsonschema.Schema {
	t.Helper()
	files, err := Meta()
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

// metaOf is the JSON Schema that the first line of a file leads an editor to.
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

// TestShippedFilesFitTheirMeta validates every shipped file, and the same file
// with a key that nobody knows, which must not pass.
func TestShippedFilesFitTheirMeta(t *testing.T) {
	t.Parallel()
	metas := compiled(t)
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
