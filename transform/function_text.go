package transform

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/expr-lang/expr/ast"

	"github.com/stripelake/stripelake/schemas"
)

// The functions that make or test text. Functions says what each does, and what
// it does with null. Text that a function makes lives in the scratch buffer. A
// costly function is evaluated once an object.

// textOf compiles a function from text to text and shares its value between
// equal expressions.
func textOf(e *expressionCompiler, c *call, kernel func(*evaluation, value) value) expression {
	x, ok := e.argument(c, 0, classText)
	if !ok {
		return expression{}
	}
	out := e.shared(unaryResult(c.function.Name, classText, x, c.function.forms(x), kernel))
	out.unit = x.unit
	return out
}

func upperCall(e *expressionCompiler, c *call) expression {
	return textOf(e, c, func(c *evaluation, v value) value { return textValue(c.cased(v.text, 'a', 'z', bytes.ToUpper)) })
}

func lowerCall(e *expressionCompiler, c *call) expression {
	return textOf(e, c, func(c *evaluation, v value) value { return textValue(c.cased(v.text, 'A', 'Z', bytes.ToLower)) })
}

// cased flips the case of the ASCII letters from first to last. For text in
// other alphabets it calls fold.
func (c *evaluation) cased(text []byte, first, last byte, fold func([]byte) []byte) []byte {
	flip := false
	for _, b := range text {
		if b >= utf8.RuneSelf {
			return fold(text)
		}
		flip = flip || b >= first && b <= last
	}
	if !flip {
		return text
	}
	text = c.copyText(text)
	for i, b := range text {
		if b >= first && b <= last {
			text[i] = b ^ 0x20
		}
	}
	return text
}

func trimCall(e *expressionCompiler, c *call) expression {
	return textOf(e, c, func(_ *evaluation, v value) value { return textValue(bytes.Trim(v.text, " \t\r\n")) })
}

func sha256Call(e *expressionCompiler, c *call) expression {
	return textOf(e, c, func(c *evaluation, v value) value {
		sum := sha256.Sum256(v.text)
		start := len(c.scratch)
		c.scratch = hex.AppendEncode(c.scratch, sum[:])
		return textValue(c.scratch[start:len(c.scratch):len(c.scratch)])
	})
}

func concatCall(e *expressionCompiler, c *call) expression {
	xs := make([]expression, len(c.nodes))
	for i := range c.nodes {
		x, ok := e.argument(c, i, classText)
		if !ok {
			return expression{}
		}
		xs[i] = x
	}
	return e.shared(expression{class: classText, key: cacheKey("concat", xs...), scope: innermost(xs...), forms: c.function.forms(xs...), eval: func(c *evaluation) value {
		var parts [8][]byte // on the stack
		all := parts[:0]
		for i := range xs {
			v := xs[i].eval(c) // may itself use the scratch buffer
			if v.state != stateSet {
				return value{}
			}
			all = append(all, v.text)
		}
		start := len(c.scratch)
		for _, part := range all {
			c.scratch = append(c.scratch, part...)
		}
		return textValue(c.scratch[start:len(c.scratch):len(c.scratch)])
	}})
}

func leftCall(e *expressionCompiler, c *call) expression {
	x, ok := e.argument(c, 0, classText)
	n, isNumber := c.nodes[1].(*ast.IntegerNode)
	if ok && (!isNumber || n.Value < 0) {
		e.report(c.nodes[1].Location().From, "M16", "left needs a number of characters :: write %s", c.function.Example)
	}
	if !ok || !isNumber {
		return expression{}
	}
	count := e.constant(classInteger, integerValue(int64(n.Value)), strconv.Itoa(n.Value))
	return unaryResult("left "+count.key, classText, x, c.function.forms(x, count), func(_ *evaluation, v value) value {
		end := 0
		for left := n.Value; left > 0 && end < len(v.text); left-- {
			_, size := utf8.DecodeRune(v.text[end:])
			end += size
		}
		return textValue(v.text[:end])
	})
}

func startsWithCall(e *expressionCompiler, c *call) expression {
	x, ok := e.argument(c, 0, classText)
	prefix, ok2 := e.argument(c, 1, classText)
	if !ok || !ok2 {
		return expression{}
	}
	return expression{class: classBoolean, key: cacheKey("starts_with", x, prefix), scope: innermost(x, prefix), certain: true, forms: prefixForms(c.function, x, prefix), eval: func(c *evaluation) value {
		v, p := x.eval(c), prefix.eval(c)
		return booleanValue(v.state == stateSet && p.state == stateSet && bytes.HasPrefix(v.text, p.text))
	}}
}

func matchesCall(e *expressionCompiler, c *call) expression {
	x, ok := e.argument(c, 0, classText)
	pattern, ok2 := e.literal(c, 1)
	if !ok || !ok2 {
		return expression{}
	}
	r, err := regexp.Compile(pattern)
	if err != nil {
		e.report(c.nodes[1].Location().From, "M16", "the pattern is not a regular expression: %v", err)
		return expression{}
	}
	return expression{class: classBoolean, key: cacheKey("matches "+pattern, x), scope: innermost(x), certain: true, forms: patternForms(c.function, x, pattern), eval: func(c *evaluation) value {
		v := x.eval(c)
		return booleanValue(v.state == stateSet && r.Match(v.text))
	}}
}

func lookupCall(e *expressionCompiler, c *call) expression {
	l := e.lookup(c.nodes[0], c.nodes[0].Location().From)
	x, ok := e.argument(c, 1, classText)
	if l == nil || !ok {
		return expression{}
	}
	if !e.defaulted && x.path != nil {
		e.checkMisses(l, *x.path, c.at)
	}
	valueOf := e.lookups[l.Name]
	return e.shared(unaryResult("lookup "+l.Name, classText, x, lookupForms(c.function, x, l), func(_ *evaluation, v value) value {
		found, ok := valueOf[string(v.text)]
		if !ok {
			return value{}
		}
		return textValue(found)
	}))
}

// checkMisses warns of values that Stripe documents for a path and that a
// lookup does not have. A default around the lookup shows that the author means
// them to be missing, and there is no warning.
func (e *expressionCompiler) checkMisses(l *schemas.Lookup, p sourcePath, at int) {
	if p.field == nil {
		return
	}
	const named = 6
	var missed []string
	for _, v := range p.field.Enum {
		if _, ok := l.Value(v); !ok {
			missed = append(missed, v)
		}
	}
	more := ""
	if n := len(missed) - named; n > 0 {
		missed, more = missed[:named], fmt.Sprintf(" and %d more", n)
	}
	if len(missed) > 0 {
		e.warn(at, "M8", "lookup %s has no %s%s, which %s may be :: add a row, or say what they become with ?? behind the lookup",
			l.Name, strings.Join(missed, ", "), more, p.text())
	}
}
