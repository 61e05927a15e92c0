package schemas

import (
	"errors"
	"maps"
	"slices"
	"strings"
)

// PrivacyOverride is what settings, outside the set, say of its privacy policy. Each Text
// has the place where it is said, for messages.
type PrivacyOverride struct {
	PII       Text   // replaces the policy for every field labelled pii; "" keeps it
	Fields    []Text // "customers.email=hash": replaces the exception for that field
	RawRedact []Text // blanked before the raw log, besides those of the set
}

// IsEmpty reports whether nothing is said.
func (o PrivacyOverride) IsEmpty() bool {
	return o.PII.Value == "" && len(o.Fields)+len(o.RawRedact) == 0
}

// WithPrivacy returns the set with another policy: its own, where the override says
// nothing else. A part of a policy that is said elsewhere never weakens the rest. Mistakes
// are Problems, each at the place of its text. Without a difference it returns the set
// itself, so that a shipped one stays that.
func (s *Set) WithPrivacy(o PrivacyOverride) (*Set, error) {
	if o.IsEmpty() {
		return s, nil
	}
	p := policyText{places: map[int]Pos{}}
	p.line(Pos{}, "# Written by stripelake: the policy of the schemas, with what the settings say of it.")
	if own := s.Privacy.PII; o.PII.Value == "" {
		p.line(Pos{}, "pii: "+own)
	} else {
		p.line(o.PII.Pos, "pii: "+yamlText(o.PII.Value))
	}
	p.fields(s.Privacy.Fields, o.Fields)
	p.redactions(s.Privacy.RawRedact, o.RawRedact)
	files := s.Files()
	files[privacyFile] = strings.Join(p.lines, "\n") + "\n"
	changed, err := LoadFiles(files)
	if problems, ok := errors.AsType[Problems](err); ok {
		for i, problem := range problems {
			if at, ok := p.places[problem.Pos.Line]; ok && problem.Pos.File == privacyFile {
				problems[i].Pos = at
			}
		}
		return nil, problems
	}
	if err == nil && changed.Privacy.equal(s.Privacy) {
		return s, nil
	}
	return changed, err
}

func (p Privacy) equal(other Privacy) bool {
	return p.PII == other.PII && maps.Equal(p.Fields, other.Fields) &&
		slices.EqualFunc(p.RawRedact, other.RawRedact, func(a, b RedactedPath) bool { return a.String() == b.String() })
}

// policyText is a privacy.yaml, and where its lines come from.
type policyText struct {
	lines  []string
	places map[int]Pos // by line, from 1
}

func (p *policyText) line(at Pos, text string) {
	p.lines = append(p.lines, text)
	if at.File != "" {
		p.places[len(p.lines)] = at
	}
}

func (p *policyText) fields(own map[string]string, given []Text) {
	policies, places := maps.Clone(own), map[string]Pos{}
	if policies == nil {
		policies = map[string]string{}
	}
	for _, t := range given {
		path, policy, _ := strings.Cut(t.Value, "=")
		policies[path], places[path] = policy, t.Pos
	}
	if len(policies) > 0 {
		p.line(Pos{}, "fields:")
	}
	for _, path := range slices.Sorted(maps.Keys(policies)) {
		p.line(places[path], "  "+yamlText(path)+": "+yamlText(policies[path]))
	}
}

func (p *policyText) redactions(own []RedactedPath, given []Text) {
	var paths []Text
	for _, path := range own {
		paths = append(paths, Text{Value: path.String()})
	}
	for _, t := range given {
		if !slices.ContainsFunc(paths, func(p Text) bool { return p.Value == t.Value }) {
			paths = append(paths, t)
		}
	}
	if len(paths) > 0 {
		p.line(Pos{}, "raw_redact:")
	}
	for _, t := range paths {
		p.line(t.Pos, "  - "+yamlText(t.Value))
	}
}

// yamlText is a text between YAML's single quotes, on one line.
func yamlText(text string) string {
	return "'" + strings.NewReplacer("'", "''", "\n", " ", "\r", " ").Replace(text) + "'"
}
