package transform

import (
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/stripelake/stripelake/schemas"
)

// constraint is what a schema demands of a field's value.
type constraint struct {
	required    bool
	allowed     map[string]bool // enum; nil for none
	closed      bool
	allowedText string // the enum, for messages
	pattern     *pattern
	maxLength   int
	point       int
	private     bool // personal data: no message shows its values
}

// check tests a value against its field's constraint and returns false when the
// row is rejected. Only a missing required value, unreadable money and an
// unknown value of a closed enum reject the row; all other violations are
// drift.
func (c *evaluation) check(f *field, v value) bool {
	if f.money && v.state == stateWrong {
		return c.refuse(f, "money", moneyFaults[v.num], sampleIn(v))
	}
	r := f.constraint
	if r == nil {
		return true
	}
	if v.state != stateSet {
		// The minor units of an unscaled amount are there, if the field keeps them.
		return !r.required || v.state == stateUnscaled && f.minor || c.refuse(f, "required", missingReason(v), sampleIn(v))
	}
	if r.allowed != nil && !r.allowed[string(v.text)] {
		if r.closed {
			return c.refuse(f, "enum", c.shown(r, v.text)+" is not one of "+r.allowedText, sampleIn(v))
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

// shown formats a value for a message. It hides what may be personal data.
func (c *evaluation) shown(r *constraint, text []byte) string {
	if r.private || !c.mayShow {
		return "the value"
	}
	return quoted(text)
}

func missingReason(v value) string {
	switch v.state {
	case stateWrong:
		return "the value is not of its type, and the field is required"
	case stateUnscaled:
		return "the currency has no known exponent, and the field is required and keeps no minor units"
	}
	return "there is no value, and the field is required"
}

// pattern is a compiled pattern. A choice of prefixes, as Stripe's ids have, is
// compared directly, without a regular expression.
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

// constraint compiles what a schema demands of a field; nil for nothing.
func (b *blockCompiler) constraint(f *schemas.Field) *constraint {
	r := &constraint{required: f.Required, private: b.private || f.Label != "" || f.Hashed}
	if f.Type.Kind == schemas.String {
		b.textConstraint(f, r)
	}
	if !r.required && r.allowed == nil && r.pattern == nil && r.maxLength == 0 {
		return nil
	}
	r.point = b.pointNamed(b.source.Schema.Table + "." + b.path(f.Name))
	return r
}

func (b *blockCompiler) textConstraint(f *schemas.Field, r *constraint) {
	r.closed, r.maxLength = f.Closed, f.MaxLength
	if len(f.Enum) > 0 {
		r.allowed = map[string]bool{}
		var names []string
		for _, v := range f.Enum {
			r.allowed[v.Value] = true
			names = append(names, v.Value)
		}
		r.allowedText = strings.Join(names, ", ")
	}
	if f.Pattern == "" {
		return
	}
	p, err := compilePattern(f.Pattern)
	if err != nil {
		b.problem(f.Pos, "S6", "%s: the pattern is not a regular expression: %v", f.Name, err)
		return
	}
	r.pattern = p
}

// checkUnit reports an amount whose currency is not the one in its unit field.
func (b *blockCompiler) checkUnit(f *schemas.Field, x expression, at schemas.Pos) {
	var shown *expression
	for o := b; o != nil && shown == nil; o = o.outer {
		if u, ok := o.compiled[f.Unit]; ok {
			shown = &u
		}
	}
	name := b.path(f.Name)
	if shown == nil {
		b.problem(at, "M6", "%s: its currency stands in %s, which is not mapped :: write %s: upper(currency)", name, f.Unit, f.Unit)
		return
	}
	for _, u := range x.units {
		if shown.class != classBroken && u.key != shown.unit.key {
			b.problem(at, "M6", "%s: the amount is read in the currency %s, and its unit %s shows %s", name, u.text, f.Unit, shown.text)
		}
	}
}
