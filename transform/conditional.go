package transform

import (
	"cmp"

	"github.com/expr-lang/expr/ast"
)

// membership compiles x in lookup, and x in ["a", "b"].
func (e *expressionCompiler) membership(n *ast.BinaryNode) expression {
	x := e.expr(n.Left)
	if x.class == classBroken || !e.takes(x, classText, n.Location().From, "in") {
		return expression{}
	}
	members := map[string]bool{}
	var listed []string // in the author's order
	key := ""
	switch right := n.Right.(type) {
	case *ast.IdentifierNode:
		found := e.lookup(right, right.Location().From)
		if found == nil {
			return expression{}
		}
		key = right.Value
		for _, r := range found.Rows {
			listed = append(listed, r.Key)
		}
	case *ast.ArrayNode:
		for _, item := range right.Nodes {
			s, ok := item.(*ast.StringNode)
			if !ok {
				return e.foreign(item, `a list in brackets holds texts: ["active", "trialing"]`)
			}
			listed = append(listed, s.Value)
			key += " " + s.Value + "\x00"
		}
	default:
		return e.foreign(n.Right, `write the name of a lookup, or ["a", "b"], behind in`)
	}
	for _, k := range listed {
		members[k] = true
	}
	return e.shared(expression{
		class: classBoolean, key: cacheKey("in "+key, x), scope: innermost(x), certain: true,
		forms: membershipForms(x, listed),
		eval: func(c *evaluation) value {
			v := x.eval(c)
			return booleanValue(v.state == stateSet && members[string(v.text)])
		},
	})
}

func (e *expressionCompiler) conditional(n *ast.ConditionalNode) expression {
	when, a, b := e.expr(n.Cond), e.expr(n.Exp1), e.expr(n.Exp2)
	at := n.Cond.Location().From
	if when.class == classBroken || !e.takes(when, classBoolean, at, "?") {
		return expression{}
	}
	c, ok := unify(a.class, b.class)
	if when.key == "true" || when.key == "false" {
		e.report(at, "M9", "the condition is always %s :: write the one side alone", when.key)
		return expression{}
	}
	if !ok {
		e.report(at, "M2", "both sides of : must be of one type: %s is %s, %s is %s", a.text, a.class, b.text, b.class)
		return expression{}
	}
	if c == classBroken || !e.computes(c, a, b, at) {
		return expression{}
	}
	out := expression{
		class: c, key: cacheKey("?", when, a, b), scope: innermost(when, a, b), units: unitsOf(a, b), text: a.text,
		forms: conditionalForms(when, a, b),
		eval: func(c *evaluation) value {
			if when.eval(c).isTrue() {
				return a.eval(c)
			}
			return b.eval(c)
		},
	}
	out.unit = currencyUnit{out.key, out.text}
	return out
}

// computes reports a mistake where a value is an object or a list, which no
// operator can choose. It returns true where there is none.
func (e *expressionCompiler) computes(c class, a, b expression, at int) bool {
	if c.computable() {
		return true
	}
	x := a
	if x.class.computable() {
		x = b
	}
	e.report(at, "M2", "%s is %s, which is not a value to choose%s", x.text, x.class, fixFor(x, classText))
	return false
}

// withDefault compiles an operand whose null is replaced by another operand.
func (e *expressionCompiler) withDefault(n ast.Node) expression {
	inner := *e
	inner.defaulted = true
	return inner.expr(n)
}

// coalesce compiles the choice of the first value that is not null.
func (e *expressionCompiler) coalesce(xs []expression, at int) expression {
	result := xs[0].class
	for _, x := range xs[1:] {
		c, ok := unify(result, x.class)
		if !ok {
			e.report(at, "M2", "all choices must be of one type: %s is %s, %s is %s", xs[0].text, xs[0].class, x.text, x.class)
			return expression{}
		}
		result = c
	}
	for _, x := range xs {
		if result == classBroken || !e.computes(result, x, x, at) {
			return expression{}
		}
	}
	evals := make([]func(*evaluation) value, len(xs))
	currency := ""
	for i, x := range xs {
		evals[i], currency = x.eval, cmp.Or(currency, x.currency)
	}
	out := expression{
		class: result, key: cacheKey("coalesce", xs...), scope: innermost(xs...), units: unitsOf(xs...), text: xs[0].text, currency: currency,
		forms: coalesceForms(result, xs),
		eval: func(c *evaluation) value {
			none := value{}
			for _, eval := range evals {
				v := eval(c)
				if v.state == stateSet || v.state != stateNull && result == classMoney {
					return v // another amount must not replace one that is unreadable or whose exponent is unknown
				}
				if v.state == stateWrong {
					none = v
				}
			}
			return none
		},
	}
	out.unit = currencyUnit{out.key, out.text}
	return out
}
