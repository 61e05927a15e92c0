package transform

import (
	"strings"

	"github.com/expr-lang/expr/ast"

	"github.com/stripelake/stripelake/schemas"
)

// call is the use of a function. Its arguments are still nodes, because some
// functions take a path or the name of a lookup and not a value.
type call struct {
	function *Function
	nodes    []ast.Node
	at       int
}

// call compiles a function's use.
func (e *expressionCompiler) call(name string, nodes []ast.Node, at int) expression {
	if name == matchesName {
		name = "matches"
	}
	f := e.functions[name]
	if f == nil {
		known := make([]string, 0, len(e.functions))
		for _, f := range Functions() {
			known = append(known, f.Name)
		}
		e.report(at, "M16", "there is no function %s%s", name, suggestOr(name, known, "; there are "+strings.Join(known, ", ")))
		return expression{}
	}
	if n := len(nodes); n < f.arguments || n > f.arguments && !f.many {
		e.report(at, "M16", "write %s: %d arguments are given", f.Signature, n)
		return expression{}
	}
	x := f.compile(e, &call{function: f, nodes: nodes, at: at})
	if x.text == "" {
		x.text = e.callText(at, name)
	}
	if x.unit.key == "" {
		x.unit = currencyUnit{x.key, x.text}
	}
	return x
}

func suggestOr(name string, known []string, otherwise string) string {
	if s := suggest(name, known, ""); s != "" {
		return s
	}
	return otherwise
}

// callText returns the text of a call up to its closing parenthesis, for
// messages.
func (e *expressionCompiler) callText(at int, name string) string {
	depth := 0
	for i := at; i < len(e.text); i++ {
		switch e.text[i] {
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				return string(e.text[at : i+1])
			}
		}
	}
	return name + "(…)"
}

// argument compiles one argument of a given class. It returns false after it
// has reported a mistake.
func (e *expressionCompiler) argument(c *call, i int, want class) (expression, bool) {
	x := e.expr(c.nodes[i])
	if x.class == classBroken {
		return x, false
	}
	if got, ok := unify(want, x.class); ok && got == want {
		return x, true
	}
	e.report(c.nodes[i].Location().From, "M2", "%s: argument %d must be a %s, and %s is %s%s",
		c.function.Name, i+1, want, x.text, x.class, fixFor(x, want))
	return x, false
}

// pathArgument compiles the first argument, which must be a path.
func (e *expressionCompiler) pathArgument(c *call) (sourcePath, bool) {
	x := e.expr(c.nodes[0])
	if x.class == classBroken {
		return sourcePath{}, false
	}
	if x.path == nil {
		e.report(c.nodes[0].Location().From, "M16", "%s needs a path :: write %s", c.function.Name, c.function.Example)
		return sourcePath{}, false
	}
	return *x.path, true
}

// literal returns an argument that must be a text in quotes.
func (e *expressionCompiler) literal(c *call, i int) (string, bool) {
	if s, ok := c.nodes[i].(*ast.StringNode); ok {
		return s.Value, true
	}
	e.report(c.nodes[i].Location().From, "M16", "%s needs a text in quotes :: write %s", c.function.Name, c.function.Example)
	return "", false
}

// lookup finds the lookup that a node names.
func (e *expressionCompiler) lookup(n ast.Node, at int) *schemas.Lookup {
	id, ok := n.(*ast.IdentifierNode)
	if !ok {
		e.report(at, "M16", "lookup needs the name of a lookup file :: write lookup(bnpl_provider, payment_method_details.type)")
		return nil
	}
	if found := e.set.Lookup(id.Value); found != nil {
		e.usedLookups[id.Value] = true
		return found
	}
	e.report(at, "M16", "there is no lookup %q%s", id.Value, suggest(id.Value, e.lookupNames, ""))
	return nil
}

// unaryResult builds the expression of a function of one value. A null argument
// gives null, and an unreadable one stays unreadable.
func unaryResult(name string, c class, x expression, f forms, kernel func(*evaluation, value) value) expression {
	if f.wrong == nil {
		f.wrong = x.wrong
	}
	return expression{class: c, key: cacheKey(name, x), scope: innermost(x), forms: f, eval: func(c *evaluation) value {
		v := x.eval(c)
		if v.state != stateSet {
			return v
		}
		return kernel(c, v)
	}}
}

func coalesceCall(e *expressionCompiler, c *call) expression {
	xs := make([]expression, len(c.nodes))
	for i, n := range c.nodes {
		if i < len(c.nodes)-1 {
			xs[i] = e.withDefault(n)
		} else {
			xs[i] = e.expr(n)
		}
		if xs[i].class == classBroken {
			return expression{}
		}
	}
	return e.coalesce(xs, c.at)
}
