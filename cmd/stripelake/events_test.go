package main

import (
	"bytes"
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/stripelake/stripelake/internal/stripesim"
)

// eventTypes are the Go files that declare what an event is.
var eventTypes = []string{"render.go", "../../internal/pipeline/event.go", "../../load/given_up.go"}

// eventSource is what the comments say of the types of an event.
type eventSource struct {
	fields map[string]string // comments, by type and field: "Event.Left"
	kinds  [][2]string       // value and comment, in the order of the constants
	strict bool              // members that no type declares are wrong: a test wants that, and a reader does not
}

func readEventSource(t *testing.T) eventSource {
	t.Helper()
	source := eventSource{fields: map[string]string{}}
	for _, name := range eventTypes {
		file, err := parser.ParseFile(token.NewFileSet(), filepath.FromSlash(name), nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.TypeSpec:
				if of, ok := n.Type.(*ast.StructType); ok {
					for _, f := range of.Fields.List {
						for _, field := range f.Names {
							source.fields[n.Name.Name+"."+field.Name] = strings.TrimSpace(f.Comment.Text())
						}
					}
				}
			case *ast.ValueSpec:
				if strings.HasPrefix(n.Names[0].Name, "Event") && len(n.Values) == 1 {
					kind, _ := strconv.Unquote(n.Values[0].(*ast.BasicLit).Value)
					source.kinds = append(source.kinds, [2]string{kind, strings.TrimSpace(n.Comment.Text())})
				}
			}
			return true
		})
	}
	return source
}

// schemaOf is the JSON Schema of a Go type.
func (s eventSource) schemaOf(of reflect.Type) map[string]any {
	switch {
	case of == reflect.TypeFor[time.Time]():
		return map[string]any{"type": "string", "format": "date-time"}
	case of.Kind() == reflect.Pointer:
		return s.schemaOf(of.Elem())
	case of.Kind() == reflect.Slice:
		return map[string]any{"type": "array", "items": s.schemaOf(of.Elem())}
	case of.Kind() == reflect.Map:
		return map[string]any{"type": "object", "additionalProperties": s.schemaOf(of.Elem())}
	case of.Kind() == reflect.Struct:
		properties, required := map[string]any{}, []string{}
		s.addMembers(of, properties, &required)
		return map[string]any{"type": "object", "properties": properties, "required": required, "additionalProperties": !s.strict}
	}
	name, other := map[reflect.Kind]string{reflect.String: "string", reflect.Bool: "boolean", reflect.Float64: "number"}[of.Kind()]
	if !other {
		name = "integer"
	}
	return map[string]any{"type": name}
}

// addMembers adds the members of a struct, and those of the structs in it that JSON
// joins with it.
func (s eventSource) addMembers(of reflect.Type, properties map[string]any, required *[]string) {
	for f := range of.Fields() {
		if f.Anonymous {
			s.addMembers(f.Type, properties, required)
			continue
		}
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		member := s.schemaOf(f.Type)
		if comment := s.fields[of.Name()+"."+f.Name]; comment != "" {
			member["description"] = comment
		}
		if name == "event" {
			var kinds []string
			for _, kind := range s.kinds {
				kinds = append(kinds, kind[0])
			}
			member["enum"] = kinds
		}
		if properties[name] = member; options == "" {
			*required = append(*required, name)
		}
	}
}

func (s eventSource) schema(t *testing.T) []byte {
	t.Helper()
	schema := s.schemaOf(reflect.TypeFor[jsonEvent]())
	schema["$schema"], schema["title"] = "https://json-schema.org/draft/2020-12/schema", "An event of stripelake sync --json, format "+strconv.Itoa(eventFormat)
	text, err := json.MarshalIndent(schema, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return append(text, '\n')
}

// table is the documentation of the kinds and of the members.
func (s eventSource) table() string {
	var b strings.Builder
	b.WriteString("| `event` | says |\n|---|---|\n")
	for _, kind := range s.kinds {
		b.WriteString("| `" + kind[0] + "` | " + kind[1] + " |\n")
	}
	return b.String()
}

// The schema of the events, and the kinds in the guide, are those of the Go types.
// UPDATE_SCRIPTS=1 writes them.
func TestEventsAreDocumented(t *testing.T) {
	t.Parallel()
	source := readEventSource(t)
	for name, comment := range source.fields {
		if owner, _, _ := strings.Cut(name, "."); comment == "" && (owner == "Event" || owner == "Summary") && !obviousFields[name] {
			t.Errorf("%s has no comment: the schema of the events has no description", name)
		}
	}
	schema, guide := filepath.Join("..", "..", "docs", "events-v1.json"), filepath.Join("..", "..", "docs", "engineers.md")
	text, err := os.ReadFile(guide)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, _ := strings.Cut(string(text), "<!-- events -->\n")
	_, after, found := strings.Cut(rest, "<!-- /events -->\n")
	if !found {
		t.Fatal("the guide has no place for the events")
	}
	want := before + "<!-- events -->\n" + source.table() + "<!-- /events -->\n" + after
	for file, content := range map[string]string{schema: string(source.schema(t)), guide: want} {
		if os.Getenv("UPDATE_SCRIPTS") != "" {
			if err := os.WriteFile(file, []byte(content), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if is, err := os.ReadFile(file); err != nil || string(is) != content {
			t.Errorf("%s is not current: UPDATE_SCRIPTS=1 writes it: %v\n%s", file, err, cmp.Diff(content, string(is)))
		}
	}
}

// obviousFields need no comment.
var obviousFields = map[string]bool{"Event.Resource": true, "Event.Account": true, "Event.Message": true, "Summary.Account": true, "Summary.Seconds": true}

// Every event that runs print fits the schema; the first says its version, and each has
// a time that is not before the one before.
func TestEventsFitTheirSchema(t *testing.T) {
	t.Parallel()
	compiler := jsonschema.NewCompiler()
	source := readEventSource(t)
	source.strict = true
	schema, err := jsonschema.UnmarshalJSON(bytes.NewReader(source.schema(t)))
	if err == nil {
		err = compiler.AddResource("events.json", schema)
	}
	if err != nil {
		t.Fatal(err)
	}
	compiled, err := compiler.Compile("events.json")
	if err != nil {
		t.Fatal(err)
	}
	server, err := stripesim.New(stripesim.Config{Charges: 100, Forbid: []string{"refunds"}})
	if err != nil {
		t.Fatal(err)
	}
	lake, api := filepath.Join(t.TempDir(), "lake"), serve(t, server)
	kinds := map[string]bool{}
	for _, command := range [][]string{
		{"sync", "--json", "--lake", lake, "--api-base", api},
		{"rebuild", "--json", "--all", "--lake", lake},
		{"sync", "--json", "--lake", lake, "--api-base", api},
		{"sync", "--json", "--lake", lake + "-bounded", "--api-base", api, "--max-requests", "5"},
		{"sync", "--json", "--lake", lake, "--api-base", downAtFirst(t, api)},
	} {
		var out, errs bytes.Buffer
		run(t.Context(), append([]string{"stripelake"}, command...), func(name string) string { return map[string]string{"STRIPE_API_KEY": "rk_test_events"}[name] }, &out, &errs)
		last := ""
		for i, line := range strings.Split(strings.TrimSpace(out.String()), "\n") {
			event, err := jsonschema.UnmarshalJSON(strings.NewReader(line))
			if err == nil {
				err = compiled.Validate(event)
			}
			if err != nil {
				t.Fatalf("%s: %v\n%s", command[0], err, line)
			}
			members := event.(map[string]any)
			if _, says := members["format"]; says != (i == 0) {
				t.Errorf("event %d: %s", i, line)
			}
			if at := members["time"].(string); at < last || !strings.HasSuffix(at, "Z") || len(at) != len("2026-01-02T15:04:05.000Z") {
				t.Errorf("time %s after %s", at, last)
			} else {
				last = at
			}
			kinds[members["event"].(string)] = true
		}
	}
	for _, kind := range source.kinds {
		if !kinds[kind[0]] {
			t.Errorf("no run printed the event %s", kind[0])
		}
	}
}

// downAtFirst returns an address before api that answers the first requests with 503.
func downAtFirst(t *testing.T, api string) string {
	t.Helper()
	to, err := url.Parse(api)
	if err != nil {
		t.Fatal(err)
	}
	var requests atomic.Int64
	behind := httputil.NewSingleHostReverseProxy(to)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if requests.Add(1) <= 6 {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		behind.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	return server.URL
}
