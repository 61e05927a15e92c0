package transform

import (
	"regexp"
	"slices"
	"strings"
)

// dataPrep renders one expression for Adobe Experience Platform's Data Prep.
// Data Prep's operators are JEXL's. It has no money, no decimals and no rows
// from lists, and a comparison with null is written with is_empty.
type dataPrep struct {
	reason string // of the first part that cannot be expressed in Data Prep
}

// without records that Data Prep has no equivalent of a part, and why.
func (p *dataPrep) without(reason string) string {
	if p.reason == "" {
		p.reason = reason
	}
	return ""
}

// renderDataPrep returns an expression in Data Prep, or "" with the reason why
// there is none.
func renderDataPrep(form func(*dataPrep) string) (text, reason string) {
	p := &dataPrep{}
	if text = form(p); p.reason != "" {
		return "", p.reason
	}
	return text, ""
}

// because replaces the form in Data Prep by the reason why there is none.
func (f forms) because(reason string) forms {
	f.prep = func(p *dataPrep) string { return p.without(reason) }
	return f
}

func (f *Function) prep(xs ...expression) func(*dataPrep) string {
	if f.Reason != "" {
		return func(p *dataPrep) string { return p.without(f.Reason) }
	}
	return prepTemplate(f.DataPrep, xs...)
}

// prepTemplate fills the arguments' forms in Data Prep into a template.
func prepTemplate(template string, xs ...expression) func(*dataPrep) string {
	return func(p *dataPrep) string {
		return fillTemplate(template, len(xs), func(i int) string { return xs[i].prep(p) }).Replace(template)
	}
}

func comparisonPrep(operator string, a, b expression) func(*dataPrep) string {
	switch {
	case operator == "==" && b.class == classNil:
		return prepTemplate("is_empty($1)", a)
	case operator == "!=" && b.class == classNil:
		return prepTemplate("!is_empty($1)", a)
	}
	return prepTemplate("($1 "+operator+" $2)", a, b)
}

// Data Prep has only doubles. The exponent follows from the currency's code,
// and where the code is not three letters there is no amount.
const moneyPrep = "iif(matches_regex($2, …), $1, iif(matches_regex($2, …), $1 / 1000.0, iif(is_empty($2) || matches_regex($2, …), $1 / 100.0, nullify())))"

func (c *compiler) moneyPrep(minor, currency expression) func(*dataPrep) string {
	return func(p *dataPrep) string {
		code := currency.prep(p)
		out := "iif(is_empty(" + code + ") || matches_regex(" + code + `, "^[A-Za-z]{3}$"), ` + minor.prep(p) + " / 100.0, nullify())"
		for exponent, amount := range []string{minor.prep(p), minor.prep(p) + " / 10.0", "", minor.prep(p) + " / 1000.0"} {
			if codes := c.currencies(exponent); len(codes) > 0 && amount != "" {
				out = "iif(matches_regex(" + code + ", " + alternatives(codes) + "), " + amount + ", " + out + ")"
			}
		}
		return out
	}
}

// jexlWords are JEXL's reserved words. A path has to quote them.
var jexlWords = strings.Fields("new mod or break var lt for false while eq gt div not null continue else and ne true le if ge return")

// prep renders a path from the object's root. An element of a list is [*].
func (p sourcePath) prep(d *dataPrep) string {
	if p.scope.rows {
		return d.without("Data Prep makes one row of an object, not of a list inside it")
	}
	out := ""
	if p.scope.list != nil {
		out = p.scope.list.prep(d) + "[*]"
	}
	for _, s := range p.node.steps {
		name := s.name
		switch {
		case name == "":
			out += indexStep(s.item)
			continue
		case slices.Contains(jexlWords, name) || strings.Trim(name, plainLetters+".") != "":
			name = "${" + name + "}"
		default:
			name = strings.ReplaceAll(name, ".", `\.`)
		}
		if out != "" {
			out += "."
		}
		out += name
	}
	return out
}

const plainLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"

// prepText renders a text literal.
func prepText(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}

// alternatives renders a pattern that matches each of the words as a whole.
func alternatives(words []string) string {
	return prepText("^(" + joinEach(words, quotedPattern, "|") + ")$")
}

func quotedPattern(s string) string { return regexp.QuoteMeta(s) }

// prepPattern extends a pattern to the whole text, because Data Prep matches
// only whole texts.
func prepPattern(pattern string) string {
	if strings.HasPrefix(pattern, "^") && strings.HasSuffix(pattern, "$") && !strings.Contains(pattern, "|") {
		return pattern
	}
	return "(?s).*(?:" + pattern + ").*"
}
