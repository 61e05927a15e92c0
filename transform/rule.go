package transform

import (
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/stripelake/stripelake/schemas"
)

// rule is what a schema declares about a field's value.
type rule struct {
	required  bool
	known     map[string]bool // enum; nil for none
	closed    bool
	values    string // the enum, for messages
	pattern   *pattern
	maxLength int
	point     int
	private   bool // personal data: its values show in no message
}

// holds checks a value against its field's rule. Only a missing required value,
// unreadable money and an unknown value of a closed enum reject the row; the
// rest is drift.
func (c *evaluation) holds(f *field, v value) bool {
	if f.money && v.state == wrong {
		return c.refuse(f, "money", moneyFaults[v.num], sampleIn(v))
	}
	r := f.rule
	if r == nil {
		return true
	}
	if v.state != set {
		// The minor units of an unscaled amount are there, if the field keeps them.
		return !r.required || v.state == unscaled && f.minor || c.refuse(f, "required", missing(v), sampleIn(v))
	}
	if r.known != nil && !r.known[string(v.text)] {
		if r.closed {
			return c.refuse(f, "enum", c.shown(r, v.text)+" is not one of "+r.values, sampleIn(v))
		}
		c.unlisted(r, v.text)
	}
	if r.pattern != nil && !r.pattern.matches(v.text) {
		c.note(r.point, noMatch, sampleIn(v))
	}
	if r.maxLength > 0 && len(v.text) > r.maxLength && utf8.RuneCount(v.text) > r.maxLength {
		c.note(r.point, tooLong, sampleIn(v))
	}
	return true
}

// shown is a value in a message.
func (c *evaluation) shown(r *rule, text []byte) string {
	if r.private || !c.keeps {
		return "the value"
	}
	return quoted(text)
}

func missing(v value) string {
	switch v.state {
	case wrong:
		return "the value is not of its type, and the field is required"
	case unscaled:
		return "the currency has no known exponent, and the field is required and keeps no minor units"
	}
	return "there is no value, and the field is required"
}

// pattern is a compiled pattern. The common ones of Stripe's ids, a choice of
// prefixes, are compared as such.
type pattern struct {
	prefixes []string
	regexp   *regexp.Regexp
}

var prefixPattern = regexp.MustCompile(`^\^(?:\(((?:[a-z0-9]+\|)*[a-z0-9]+)\))?([a-z0-9_]*)$`)

func compilePattern(text string) (*pattern, error) {
	if m := prefixPattern.FindStringSubmatch(text); m != nil {
		p := &pattern{}
		for choice := range strings.SplitSeq(m[1], "|") {
			p.prefixes = append(p.prefixes, choice+m[2])
		}
		return p, nil
	}
	r, err := regexp.Compile(text)
	return &pattern{regexp: r}, err
}

func (p *pattern) matches(text []byte) bool {
	if p.regexp != nil {
		return p.regexp.Match(text)
	}
	for _, prefix := range p.prefixes {
		if len(text) >= len(prefix) && string(text[:len(prefix)]) == prefix {
			return true
		}
	}
	return false
}

// rule compiles what a schema declares about a field; nil when it is nothing.
func (b *block) rule(f *schemas.Field) *rule {
	r := &rule{required: f.Required, private: b.private || f.Label != "" || f.Hashed}
	if f.Type.Kind == schemas.String {
		b.textRule(f, r)
	}
	if !r.required && r.known == nil && r.pattern == nil && r.maxLength == 0 {
		return nil
	}
	r.point = b.pointNamed(b.source.Schema.Table + "." + b.path(f.Name))
	return r
}

func (b *block) textRule(f *schemas.Field, r *rule) {
	r.closed, r.maxLength = f.Closed, f.MaxLength
	if len(f.Enum) > 0 {
		r.known = map[string]bool{}
		var names []string
		for _, v := range f.Enum {
			r.known[v.Value] = true
			names = append(names, v.Value)
		}
		r.values = strings.Join(names, ", ")
	}
	if f.Pattern == "" {
		return
	}
	p, err := compilePattern(f.Pattern)
	if err != nil {
		b.problem(f.Pos, "S6", fmt.Sprintf("%s: the pattern is not a regular expression: %v", f.Name, err))
		return
	}
	r.pattern = p
}

// checkUnit holds that an amount's currency is the one its unit field shows.
func (b *block) checkUnit(f *schemas.Field, x expression, at schemas.Pos) {
	var shown *expression
	for o := b; o != nil && shown == nil; o = o.outer {
		if u, ok := o.made[f.Unit]; ok {
			shown = &u
		}
	}
	name := b.path(f.Name)
	if shown == nil {
		b.problem(at, "M6", fmt.Sprintf("%s: its currency stands in %s, which is not mapped: write %s: upper(currency)", name, f.Unit, f.Unit))
		return
	}
	for _, u := range x.units {
		if shown.class != broken && u.key != shown.unit.key {
			b.problem(at, "M6", fmt.Sprintf("%s: the amount is read in the currency %s, and its unit %s shows %s", name, u.text, f.Unit, shown.text))
		}
	}
}
