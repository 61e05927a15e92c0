package schemas

import (
	"slices"
	"strings"
)

// Set is everything declared: the tables, the mappings from Stripe's objects to their
// rows, and the value tables that expressions look up. It does not change after
// loading.
type Set struct {
	Schemas  []*Schema    // in file order
	Mappings []*Mapping   // in file order
	Lookups  []*Lookup    // in file order
	Types    []*NamedType // in file order
	Marts    []*Mart      // each after the marts that it reads
	Segments []*Segment   // in file order

	Resources    *Resources // what is read from Stripe
	OwnResources bool       // they are of the set's files; otherwise they are the shipped ones

	Privacy Privacy // already applied: the fields above exclude what it drops

	// Partial reports that Load found mistakes: mappings affected by one are missing.
	Partial bool

	// Fingerprint is the SHA-256, in hex, of every file that the set was read from. Two
	// sets with the same fingerprint derive the same rows from the same log.
	Fingerprint string

	files    map[string]string // texts by path, of every file that was read
	labelled []string          // paths of the labelled fields, before any policy
	warnings Problems
}

// Schema returns the schema of that name ("stripe.charge"), or nil.
func (s *Set) Schema(name string) *Schema {
	return find(s.Schemas, func(x *Schema) bool { return x.Name == name })
}

// Table returns the schema of that table ("charges"), or nil.
func (s *Set) Table(name string) *Schema {
	return find(s.Schemas, func(x *Schema) bool { return x.Table == name })
}

// Lookup returns the lookup of that name, or nil.
func (s *Set) Lookup(name string) *Lookup {
	return find(s.Lookups, func(x *Lookup) bool { return x.Name == name })
}

// MappingsOf returns the mappings that read one Stripe object ("charge"), in
// file order.
func (s *Set) MappingsOf(object string) []*Mapping {
	var out []*Mapping
	for _, m := range s.Mappings {
		if m.Source.Object == object {
			out = append(out, m)
		}
	}
	return out
}

// KeyIsID reports whether the key of a schema's table is the id of the row's object, so
// that no two rows have the same key: each object is mapped once, as a whole, and its
// id is part of the key.
func (s *Set) KeyIsID(schema *Schema) bool {
	sources := map[string]bool{}
	for _, m := range s.Mappings {
		if m.Schema != schema {
			continue
		}
		if m.Source.Each != nil || sources[m.Source.Object] || !slices.ContainsFunc(schema.PrimaryKey, m.isID) {
			return false
		}
		sources[m.Source.Object] = true
	}
	return true
}

func find[T any](items []*T, is func(*T) bool) *T {
	if i := slices.IndexFunc(items, is); i >= 0 {
		return items[i]
	}
	return nil
}

// majorOf returns the first number of a semantic version.
func majorOf(version string) string {
	major, _, _ := strings.Cut(version, ".")
	return major
}

// Warnings returns findings that are no mistakes: names that look like personal data
// and have no label (S4), tables that no mapping fills (S13).
func (s *Set) Warnings() Problems { return slices.Clone(s.warnings) }

// sound returns the set without the mappings that a mistake affects: in their own file,
// in their schema's or in one that many share.
func (s *Set) sound(problems Problems) *Set {
	spoiled, all := map[string]bool{}, false
	for _, p := range problems {
		spoiled[p.Pos.File] = true
		dir, _, _ := strings.Cut(p.Pos.File, "/")
		all = all || dir == typesDir || dir == lookupsDir
	}
	sound := *s
	sound.Partial = true
	sound.Mappings = slices.DeleteFunc(slices.Clone(s.Mappings), func(m *Mapping) bool {
		return all || m.Schema == nil || m.Root == nil || spoiled[m.Pos.File] || spoiled[m.Schema.Pos.File]
	})
	return &sound
}
