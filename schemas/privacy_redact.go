package schemas

import (
	"fmt"
	"slices"
	"strings"
)

// RedactedPath is a path of one Stripe object; an element of a list is "[]".
type RedactedPath struct {
	Object string // "charge"
	Path   []string
}

// String writes the path as privacy.yaml does: "charge.refunds.data[].reason".
func (p RedactedPath) String() string {
	return p.Object + strings.ReplaceAll("."+strings.Join(p.Path, "."), ".[]", "[]")
}

// ParseRedactedPath reads what [RedactedPath.String] wrote.
func ParseRedactedPath(text string) (RedactedPath, error) {
	object, rest, _ := strings.Cut(text, ".")
	if object == "" || rest == "" {
		return RedactedPath{}, fmt.Errorf("%q is no path of an object", text)
	}
	return RedactedPath{Object: object, Path: strings.Split(strings.ReplaceAll(rest, "[]", ".[]"), ".")}, nil
}

// kept are the members that extraction and the tables stand on. Rows of nested
// objects stand on their ids.
var (
	neverRedacted       = []string{"id", "object", "created", "livemode"}
	neverRedactedInside = []string{"id", "object"}
	// An event says by these what to read again.
	neverRedactedOfEvents = []string{"type", "data", "data.object.created", "data.object.charge", "data.object.customer"}
)

// redacted takes over one path of raw_redact. A path that can lead nowhere is a
// mistake: it would blank nothing, and nobody would know.
func (l *loader) redacted(r *privacyRules, t Text) {
	object, rest, _ := strings.Cut(t.Value, ".")
	catalog, err := LoadCatalog(object)
	if err != nil {
		l.report(t.Pos, "P4", "raw_redact: %v: write an object and a path, for example charge.billing_details.phone", err)
		return
	}
	names := strings.Split(rest, ".")
	last := names[len(names)-1]
	if rest == "" || len(names) == 1 && slices.Contains(neverRedacted, last) || slices.Contains(neverRedactedInside, last) ||
		object == "event" && slices.Contains(neverRedactedOfEvents, rest) {
		l.report(t.Pos, "P4", "raw_redact: %s cannot be blanked: name personal data inside the object", t.Value)
		return
	}
	path, err := redactedPath(catalog.Root(), object, names)
	if err != nil {
		l.report(t.Pos, "P4", "raw_redact: %v", err)
		return
	}
	r.RawRedact = append(r.RawRedact, RedactedPath{Object: object, Path: path})
}

// redactedPath checks a path's steps against the catalog, as far as that knows.
func redactedPath(at *SourceField, walked string, names []string) (path []string, err error) {
	for _, name := range names {
		name, element := strings.CutSuffix(name, "[]")
		if name == "" {
			return nil, fmt.Errorf("a name is missing behind %s", walked)
		}
		if at, err = at.step(walked, name); err != nil {
			return nil, err
		}
		walked, path = walked+"."+name, append(path, name)
		if element {
			if !at.open() && at.Type != SourceList {
				return nil, fmt.Errorf("%s is %s, not a list: leave [] out", walked, at.Type)
			}
			if at != nil {
				at = at.Elem
			}
			walked, path = walked+"[]", append(path, "[]")
		}
	}
	return path, nil
}

// step is the member of that name below a field, or nil where the catalog does
// not know what stands there.
func (f *SourceField) step(walked, name string) (*SourceField, error) {
	switch {
	case f.open():
		return f.Member(name), nil
	case f.Type == SourceMap:
		return f.Elem, nil
	case f.Type == SourceList:
		return nil, fmt.Errorf("%s is a list: write %s[].%s", walked, walked, name)
	case f.Type != SourceObject:
		return nil, fmt.Errorf("%s is %s and has no members: end the path there", walked, f.Type)
	}
	member := f.Member(name)
	if member == nil {
		return nil, fmt.Errorf("%s has no field %q%s", walked, name, suggestion(name, sourceNames(f)))
	}
	return member, nil
}

// open reports whether the catalog does not say all that may stand at a field:
// it is not known, or anything, or an object of which no more than the id is.
func (f *SourceField) open() bool {
	return f == nil || f.Type == SourceAny || f.Expandable || f.Type == SourceObject && !f.Described()
}

func sourceNames(f *SourceField) []string {
	names := make([]string, len(f.Fields))
	for i, m := range f.Fields {
		names[i] = m.Name
	}
	return names
}
