package transform

import (
	"regexp"
	"slices"
	"strings"
)

// dataPrep is one rendering of expressions for Adobe Experience Platform's Data
// Prep. Its operators are JEXL's; it has no money, no decimals and no rows from
// lists, and comparing with null is left to is_empty.
type dataPrep struct {
	reason string // why the first part that has no equivalent has none
}

// without notes that a part has no equivalent.
func (p *dataPrep) without(reason string) string {
	if p.reason == "" {
		p.reason = reason
	}
	return ""
}

// renderDataPrep is an expression's text, or "" with the reason why it has none.
func renderDataPrep(form func(*dataPrep) string) (text, reason string) {
	p := &dataPrep{}
	if text = form(p); p.reason != "" {
		return "", p.reason
	}
	return text, ""
}

// because gives the reason why there is no form.
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

// prepTemplate fills arguments into a template.
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

// Data Prep has doubles only: the exponent is chosen by the currency's code, and
// there is no amount where the code is not three letters.
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

// jexlWords are JEXL's words, which a path cannot use as they are.
var jexlWords = strings.Fields("new mod or break var lt for false while eq gt div not null continue else and ne true le if ge return")

// prep is a path, from the object's root. Elements of a list are [*].
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

// prepText is a text literal.
func prepText(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}

// alternatives is a pattern of whole texts.
func alternatives(words []string) string {
	return prepText("^(" + joinEach(words, quotedPattern, "|") + ")$")
}

func quotedPattern(s string) string { return regexp.QuoteMeta(s) }

// prepPattern makes a pattern match the whole text, which is how Data Prep
// compares.
func prepPattern(pattern string) string {
	if strings.HasPrefix(pattern, "^") && strings.HasSuffix(pattern, "$") && !strings.Contains(pattern, "|") {
		return pattern
	}
	return "(?s).*(?:" + pattern + ").*"
}
