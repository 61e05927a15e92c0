package schemas

import (
	"fmt"
	"slices"
	"strings"

	"github.com/stripelake/stripelake/internal/spelling"
)

// RedactedPath is a path in one kind of Stripe object; an element of a list is "[]".
type RedactedPath struct {
	Object string // "charge"
	Path   []string
}

// String returns the path as in privacy.yaml: "charge.refunds.data[].reason".
func (p RedactedPath) String() string {
	return p.Object + strings.ReplaceAll("."+strings.Join(p.Path, "."), ".[]", "[]")
}

// ParseRedactedPath parses the result of [RedactedPath.String].
func ParseRedactedPath(text string) (RedactedPath, error) {
	object, rest, _ := strings.Cut(text, ".")
	if object == "" || rest == "" {
		return RedactedPath{}, fmt.Errorf("%q is no path of an object", text)
	}
	return RedactedPath{Object: object, Path: strings.Split(strings.ReplaceAll(rest, "[]", ".[]"), ".")}, nil
}

// neverRedacted are the members that extraction and the tables depend on. Rows of
// nested objects depend on their ids (neverRedactedInside).
var (
	neverRedacted       = []string{"id", "object", "created", "livemode"}
	neverRedactedInside = []string{"id", "object"}
	// With these an event shows which objects to read again.
	neverRedactedOfEvents = []string{"type", "data", "data.object.created", "data.object.charge", "data.object.customer"}
)

// redacted adds one path of raw_redact. A path that cannot exist is a mistake: it would
// blank nothing, unnoticed.
func (l *loader) redacted(r *privacyRules, t Text) {
	object, rest, _ := strings.Cut(t.Value, ".")
	catalog, err := LoadCatalog(object)
	if err != nil {
		l.Report(t.Pos, "P4", "raw_redact: %v :: write an object and a path, for example charge.billing_details.phone", err)
		return
	}
	names := strings.Split(rest, ".")
	last := names[len(names)-1]
	if rest == "" || len(names) == 1 && slices.Contains(neverRedacted, last) || slices.Contains(neverRedactedInside, last) ||
		object == "event" && slices.Contains(neverRedactedOfEvents, rest) {
		l.Report(t.Pos, "P4", "raw_redact: %s cannot be blanked :: name personal data inside the object", t.Value)
		return
	}
	path, err := redactedPath(catalog.Root(), object, names)
	if err != nil {
		l.Report(t.Pos, "P4", "raw_redact: %v", err)
		return
	}
	r.RawRedact = append(r.RawRedact, RedactedPath{Object: object, Path: path})
}

// redactedPath checks the steps of a path against the catalog, as far as the catalog
// has them.
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

// step returns the member of that name below a field, or nil if the catalog does not
// have it.
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
		return nil, fmt.Errorf("%s has no field %q%s", walked, name, spelling.Suggestion(name, sourceNames(f)))
	}
	return member, nil
}

// open reports whether the catalog describes a field only partly: the field is unknown,
// or of any type, or an object of which only the id is known.
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
