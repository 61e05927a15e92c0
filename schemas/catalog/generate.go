//go:build ignore

// Generate writes the source catalogs, one JSON file an object, from two of
// Stripe's published OpenAPI specifications and supplement.json.
//
// The specifications come with stripe-mock (MIT licence). From an empty module:
//
//	go mod download github.com/stripe/stripe-mock@v0.180.0   # API 2023-10-16
//	go mod download github.com/stripe/stripe-mock@v0.203.0   # API 2026-08-26.dahlia
//
// and then, in the folder schemas:
//
//	go run catalog/generate.go OLD/embedded/openapi/spec3.json NEW/embedded/openapi/spec3.json
//
// supplement.json is written by hand. It holds fields that recorded responses
// carry and the specifications omit.
package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"slices"
	"strings"

	"github.com/stripelake/stripelake/schemas"
)

type field = schemas.SourceField

// inlined are the resources that are described in full inside another; all
// others are cut down to what says which they are.
var inlined = []string{"subscription_item", "price", "discount", "coupon", "tax_rate"}

func main() {
	log.SetFlags(0)
	if len(os.Args) != 3 {
		log.Fatal("usage: go run catalog/generate.go SPEC_2023_10_16 SPEC_NEWEST")
	}
	if err := generate(os.Args[1], os.Args[2]); err != nil {
		log.Fatal(err)
	}
}

func generate(oldPath, newPath string) error {
	older, err := readSpec(oldPath)
	if err != nil {
		return err
	}
	newer, err := readSpec(newPath)
	if err != nil {
		return err
	}
	supplement := map[string][]*field{}
	data, err := os.ReadFile("catalog/supplement.json")
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, &supplement); err != nil {
		return fmt.Errorf("catalog/supplement.json: %w", err)
	}
	for _, name := range schemas.Objects() {
		fields := merge(older.object(name), newer.object(name), func(f *field, before bool) {
			if f.Nullable = true; before {
				f.Until = older.Info.Version
			} else {
				f.Since = newer.Info.Version
			}
		})
		fields = merge(fields, supplement[name], func(f *field, before bool) { f.Unlisted = f.Unlisted || !before })
		if err := write(name, []string{older.Info.Version, newer.Info.Version}, fields); err != nil {
			return err
		}
	}
	return nil
}

// merge unites two lists of fields by name; only is called for fields that one
// side lacks.
func merge(a, b []*field, only func(f *field, before bool)) []*field {
	var out []*field
	for _, f := range a {
		other := member(b, f.Name)
		if other == nil {
			only(f, true)
		} else {
			unite(f, other, only)
		}
		out = append(out, f)
	}
	for _, f := range b {
		if member(a, f.Name) == nil {
			only(f, false)
			out = append(out, f)
		}
	}
	slices.SortFunc(out, func(x, y *field) int { return strings.Compare(x.Name, y.Name) })
	return out
}

func unite(f, other *field, only func(*field, bool)) {
	f.Nullable = f.Nullable || other.Nullable
	f.Expandable = f.Expandable || other.Expandable
	f.Fields = merge(f.Fields, other.Fields, only)
	for _, v := range other.Enum {
		if len(f.Enum) > 0 && !slices.Contains(f.Enum, v) {
			f.Enum = append(f.Enum, v)
		}
	}
	slices.Sort(f.Enum)
	if f.Elem != nil && other.Elem != nil {
		unite(f.Elem, other.Elem, only)
	} else {
		f.Elem = cmp.Or(f.Elem, other.Elem)
	}
	if f.Type == schemas.SourceAny || other.Type == schemas.SourceUnixTime {
		f.Type = other.Type
	}
}

func member(fields []*field, name string) *field {
	if i := slices.IndexFunc(fields, func(f *field) bool { return f.Name == name }); i >= 0 {
		return fields[i]
	}
	return nil
}

// write puts each field of the object on a line of its own, for readable diffs.
func write(name string, versions []string, fields []*field) error {
	var b bytes.Buffer
	head, _ := json.Marshal(versions)
	fmt.Fprintf(&b, "{\"object\":%q,\"versions\":%s,\"fields\":[", name, head)
	for i, f := range fields {
		line, err := json.Marshal(f)
		if err != nil {
			return err
		}
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteByte('\n')
		b.Write(line)
	}
	b.WriteString("\n]}\n")
	return os.WriteFile("catalog/"+name+".json", b.Bytes(), 0o644)
}

// spec is the part of an OpenAPI document that describes objects.
type spec struct {
	Info       struct{ Version string }
	Components struct{ Schemas map[string]*property }
}

// property is one schema of the specification.
type property struct {
	Type                 string
	Format               string
	Nullable             bool
	Enum                 []any
	Ref                  string `json:"$ref"`
	AnyOf                []*property
	Properties           map[string]*property
	Required             []string
	Items                *property
	AdditionalProperties json.RawMessage
	Expansion            json.RawMessage `json:"x-expansionResources"`
}

func readSpec(path string) (*spec, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	s := &spec{}
	if err := json.Unmarshal(data, s); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return s, nil
}

func (s *spec) object(name string) []*field {
	return s.members(s.Components.Schemas[name], nil)
}

func (s *spec) members(p *property, within []string) []*field {
	var out []*field
	for name, child := range p.Properties {
		f := s.field(child, within)
		f.Name = name
		f.Nullable = f.Nullable || !slices.Contains(p.Required, name)
		if name == "created" && f.Type == schemas.SourceInteger {
			f.Type = schemas.SourceUnixTime // subscription items' lacks the format
		}
		out = append(out, f)
	}
	slices.SortFunc(out, func(x, y *field) int { return strings.Compare(x.Name, y.Name) })
	return out
}

func (s *spec) field(p *property, within []string) *field {
	if p.Ref != "" {
		return s.reference(strings.TrimPrefix(p.Ref, "#/components/schemas/"), within)
	}
	f := &field{Nullable: p.Nullable}
	switch {
	case len(p.Expansion) > 0 && !isList(p):
		f.Type, f.Expandable = schemas.SourceString, true
		f.Fields = []*field{{Name: "id", Type: schemas.SourceString}}
	case len(p.AnyOf) > 0:
		s.union(f, p.AnyOf, within)
	default:
		s.plain(f, p, within)
	}
	return f
}

// union merges the alternatives of an anyOf: their members side by side.
func (s *spec) union(f *field, alternatives []*property, within []string) {
	for _, a := range alternatives {
		g := s.field(a, within)
		if f.Type == "" {
			f.Type, f.Elem, f.Enum = g.Type, g.Elem, g.Enum
		}
		if g.Type != f.Type && !slices.Equal(a.Enum, []any{""}) {
			f.Type = schemas.SourceAny
		}
		f.Nullable = f.Nullable || g.Nullable
		f.Fields = merge(f.Fields, g.Fields, func(m *field, _ bool) { m.Nullable = true })
	}
}

func (s *spec) plain(f *field, p *property, within []string) {
	for _, v := range p.Enum {
		if text, ok := v.(string); ok && text != "" {
			f.Enum = append(f.Enum, text)
		}
	}
	slices.Sort(f.Enum)
	switch {
	case p.Type == "string" && p.Format == "decimal":
		f.Type = schemas.SourceDecimal
	case p.Type == "string" || p.Type == "boolean" || p.Type == "number":
		f.Type = schemas.SourceType(p.Type)
	case p.Type == "integer" && p.Format == "unix-time":
		f.Type = schemas.SourceUnixTime
	case p.Type == "integer":
		f.Type = schemas.SourceInteger
	case p.Type == "array":
		f.Type, f.Elem = schemas.SourceList, s.field(p.Items, within)
	case p.Type == "object" && len(p.Properties) == 0 && bytes.HasPrefix(p.AdditionalProperties, []byte("{")):
		elem := &property{}
		_ = json.Unmarshal(p.AdditionalProperties, elem)
		f.Type, f.Elem = schemas.SourceMap, s.field(elem, within)
	case p.Type == "object":
		f.Type, f.Fields = schemas.SourceObject, s.members(p, within)
	default:
		f.Type = schemas.SourceAny
	}
}

// reference follows a $ref, and stops at other resources and at itself.
func (s *spec) reference(name string, within []string) *field {
	p := s.Components.Schemas[name]
	if slices.Contains(within, name) {
		return &field{Type: schemas.SourceAny}
	}
	if p.Properties["id"] != nil && p.Properties["object"] != nil && !slices.Contains(inlined, name) {
		return &field{Type: schemas.SourceObject, Fields: []*field{
			{Name: "id", Type: schemas.SourceString}, {Name: "object", Type: schemas.SourceString},
		}}
	}
	return s.field(p, append(slices.Clone(within), name))
}

// isList holds for Stripe's list objects, which only look expandable.
func isList(p *property) bool { return p.Properties["data"] != nil && p.Properties["has_more"] != nil }
