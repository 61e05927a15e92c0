package schemas

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/stripelake/stripelake/internal/strictyaml"
)

// privacyFile is the file of the privacy policy. A set without it keeps all personal
// data.
const privacyFile = "privacy.yaml"

// The policies for a field that is labelled pii.
const (
	keep = "keep" // as sent
	drop = "drop" // the column does not exist
	hash = "hash" // a keyed hash replaces the value: equal values have equal hashes
)

// Privacy is the privacy policy of a set.
type Privacy struct {
	PII       string            // keep, drop or hash, for every field labelled pii
	Fields    map[string]string // exceptions, by table and path ("customers.address.city")
	RawRedact []RedactedPath    // blanked before an object is appended to the raw log
}

// KeepsAll reports whether every table has all personal data as it was sent.
func (p Privacy) KeepsAll() bool {
	all := p.PII == keep
	for _, policy := range p.Fields {
		all = all && policy == keep
	}
	return all
}

// privacyRules is a privacy file before the rest of the set is read.
type privacyRules struct {
	Privacy
	places map[string]Pos // places of the exceptions
	used   map[string]bool
}

// loadPrivacy reads privacy.yaml and applies it. It removes a dropped field from its
// schema and its mappings, as if it had never been declared, and marks a hashed one. So
// no code after the loader can forget the policy.
func (l *loader) loadPrivacy(set *Set) error {
	n, err := l.file(privacyFile)
	if n == nil || err != nil {
		set.Privacy.PII = keep
		return ignoreMissing(err)
	}
	o := l.Object(n, "privacy.yaml")
	if o == nil {
		return nil
	}
	rules := privacyRules{Privacy: Privacy{PII: o.Choice("pii", keep, drop, hash), Fields: map[string]string{}}, places: map[string]Pos{}, used: map[string]bool{}}
	if fields := o.Get("fields"); fields != nil {
		if each := l.Object(fields, "fields"); each != nil {
			for _, m := range fields.Members {
				rules.Fields[m.Key], rules.places[m.Key] = each.Choice(m.Key, keep, drop, hash), m.Pos
			}
		}
	}
	for _, t := range o.Texts("raw_redact") {
		l.redacted(&rules, t)
	}
	o.ReportUnasked()
	set.Privacy = rules.Privacy
	for _, s := range set.Schemas {
		rules.apply(l, set, s)
	}
	for _, name := range sortedKeys(rules.Fields) {
		if !rules.used[name] {
			l.unused(set, rules.places[name], name)
		}
	}
	return nil
}

// unused reports an exception that matches no field.
func (l *loader) unused(set *Set, at Pos, name string) {
	all, personal := fieldPaths(set)
	if slices.Contains(all, name) {
		l.Report(at, "P1", "%s is not labelled :: write label: pii beside its type, or take this line out", name)
		return
	}
	l.reportUnknown(personal, name, at, "P1", "no table has the field %s%s", name)
}

func ignoreMissing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// apply applies the rules to a schema's fields.
func (r *privacyRules) apply(l *loader, set *Set, s *Schema) {
	var gone []string
	s.Fields, gone = r.fields(l, s, s.Fields, s.Table, "")
	for _, m := range set.Mappings {
		if m.Schema != s {
			continue
		}
		for _, path := range gone {
			m.Root = m.Root.without(strings.Split(strings.TrimPrefix(path, s.Table+"."), "."))
		}
	}
}

// fields returns the remaining fields, and the paths of the removed ones. An object's
// policy applies to its members. Tables share types, so fields changes only copies.
func (r *privacyRules) fields(l *loader, s *Schema, fields []*Field, prefix, inherited string) (left []*Field, gone []string) {
	for _, f := range fields {
		path := prefix + "." + f.Name
		policy := r.policy(path, f, inherited)
		inner := f.Type.Inner()
		if policy == hash && len(inner) == 0 && f.Type.Kind != String {
			policy = r.unhashable(l, f, path)
		}
		if (policy == drop || policy == hash) && (f.Ref != "" || prefix == s.Table && s.standsOn(f.Name)) {
			l.Report(r.place(path, f), "P2", "%s tells rows apart, dates them or joins tables and cannot be left out or hashed :: keep it", path)
			policy = keep
		}
		switch {
		case policy == drop:
			gone = append(gone, path)
			continue
		case len(inner) > 0:
			rest, without := r.fields(l, s, inner, path, policy)
			if len(rest) == 0 {
				gone = append(gone, path)
				continue
			}
			f, gone = f.with(rest), append(gone, without...)
		case policy == hash:
			hashed := *f
			hashed.Hashed = true
			f = &hashed
		}
		left = append(left, f)
	}
	return left, gone
}

// standsOn reports whether the key or the partitions of the table depend on a field.
func (s *Schema) standsOn(name string) bool {
	return slices.Contains(s.PrimaryKey, name) || s.Timestamp == name
}

// policy returns the policy for a field; "" for one that is not personal.
func (r *privacyRules) policy(path string, f *Field, inherited string) string {
	if policy, ok := r.Fields[path]; ok && (f.Label != "" || inherited != "") {
		r.used[path] = true
		return policy
	}
	if inherited == "" && f.Label == "pii" {
		return r.PII
	}
	return inherited
}

func (r *privacyRules) place(path string, f *Field) Pos {
	if at, ok := r.places[path]; ok {
		return at
	}
	return f.Pos
}

// unhashable returns the policy for a field that is no text. It is dropped if the
// policy hashes all fields, and a mistake if an exception names it.
func (r *privacyRules) unhashable(l *loader, f *Field, path string) string {
	if _, named := r.Fields[path]; named {
		l.Report(r.place(path, f), "P3", "%s is %s, and only strings can be hashed :: write drop or keep", path, f.Type)
	}
	return drop
}

// with returns the field with other members.
func (f *Field) with(members []*Field) *Field {
	copied := *f
	if f.Type.Elem != nil {
		elem := *f.Type.Elem
		elem.Fields = members
		copied.Type.Elem = &elem
	} else {
		copied.Type.Fields = members
	}
	return &copied
}

// without returns the node without the field at a path.
func (n *Node) without(path []string) *Node {
	copied := *n
	copied.Same = slices.DeleteFunc(slices.Clone(n.Same), func(t Text) bool { return len(path) == 1 && t.Value == path[0] })
	copied.Fields = nil
	for _, leaf := range n.Fields {
		if leaf.Name == path[0] {
			if len(path) == 1 {
				continue
			}
			if leaf.Node != nil {
				leaf.Node = leaf.Node.without(path[1:])
			}
		}
		copied.Fields = append(copied.Fields, leaf)
	}
	return &copied
}

// Hashes reports whether a field of the schema is replaced by a keyed hash.
func (s *Schema) Hashes() bool { return hashes(s.Fields) }

func hashes(fields []*Field) bool {
	return slices.ContainsFunc(fields, func(f *Field) bool {
		return f.Hashed || hashes(f.Type.Inner())
	})
}

// fieldPaths returns all fields by table and path, and those that an exception may
// name.
func fieldPaths(set *Set) (all, personal []string) {
	var walk func(fields []*Field, prefix string, inherited bool)
	walk = func(fields []*Field, prefix string, inherited bool) {
		for _, f := range fields {
			path, labelled := prefix+"."+f.Name, inherited || f.Label != ""
			all = append(all, path)
			if labelled {
				personal = append(personal, path)
			}
			walk(f.Type.Inner(), path, labelled)
		}
	}
	for _, s := range set.Schemas {
		walk(s.Fields, s.Table, false)
	}
	return all, personal
}

func sortedKeys(m map[string]string) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// file parses one file of the set. A missing file is fs.ErrNotExist.
func (l *loader) file(name string) (*strictyaml.Node, error) {
	data, err := readFile(l.fsys, name)
	if err != nil {
		return nil, fmt.Errorf("read schemas: %w", err)
	}
	l.remember(name, data)
	return strictyaml.Parse(l.Reporter, name, data), nil
}
