package transform

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/expr-lang/expr/ast"

	"github.com/stripelake/stripelake/internal/sqltext"
	"github.com/stripelake/stripelake/schemas"
)

// expression is one compiled expression.
type expression struct {
	class class
	eval  func(*evaluation) value
	key   string         // expressions with equal keys have equal values
	path  *sourcePath    // set if the expression is a bare path
	scope *scope         // the innermost scope that it reads
	units []currencyUnit // the currencies of the amounts in it
	unit  currencyUnit   // its identity as a currency: without upper, lower and trim
	text  string         // as written, for messages
	fixed []byte         // the value of a string literal
	reads []string       // the source paths that it reads

	certain  bool   // it is a boolean and never null
	currency string // the path of the currency, if the expression is an amount in minor units
	forms
}

// currencyUnit is the currency of an amount: the key of the currency's
// expression, and the expression's text.
type currencyUnit struct{ key, text string }

// expressionCompiler compiles the expressions of one block of a mapping. Every
// path begins at base, unless it begins with $root or the name of an item.
type expressionCompiler struct {
	*mappingCompiler
	base  sourcePath
	from  schemas.Text // the current expression
	text  []rune
	reads *[]string // the source paths that the current expression reads

	minors      *[]minorComparison // of the current expression
	oneCurrency bool               // the mapping's where reads the currency, or a $when around it

	defaulted bool // another operand replaces a null of the current part
}

// compile compiles one expression. The result is of class classBroken when a
// mistake has been reported.
func (e *expressionCompiler) compile(t schemas.Text) expression {
	inner := *e
	inner.from, inner.text, inner.reads, inner.minors = t, []rune(t.Value), &[]string{}, &[]minorComparison{}
	root, err := parse(t.Value)
	if err != nil {
		inner.report(err.at, err.code, "%s", err.message)
		return expression{}
	}
	x := inner.expr(root)
	x.text, x.reads = t.Value, *inner.reads
	inner.warnOfMinor()
	return x
}

func (e *expressionCompiler) report(at int, code, format string, args ...any) {
	e.problem(positionOf(e.from, at), code, format, args...)
}

func (e *expressionCompiler) warn(at int, code, format string, args ...any) {
	e.warning(positionOf(e.from, at), code, format, args...)
}

// expr compiles a node of the parser's tree. It reports the kinds of node that
// the mapping language does not have.
func (e *expressionCompiler) expr(n ast.Node) expression {
	switch n := n.(type) {
	case *ast.NilNode:
		x := e.constant(classNil, value{}, "nil")
		x.forms = constantForms("NULL", "nullify()")
		return x
	case *ast.BoolNode:
		x := e.constant(classBoolean, booleanValue(n.Value), strconv.FormatBool(n.Value))
		x.certain = true
		return x
	case *ast.IntegerNode:
		return e.constant(classInteger, integerValue(int64(n.Value)), strconv.Itoa(n.Value))
	case *ast.FloatNode:
		x := e.constant(classNumber, integerValue(int64(math.Float64bits(n.Value))), fmt.Sprint(n.Value))
		x.sql = func(*query) string { return x.key + "::DOUBLE" }
		return x
	case *ast.StringNode:
		x := e.constant(classText, textValue([]byte(n.Value)), strconv.Quote(n.Value))
		x.fixed = []byte(n.Value)
		x.forms = constantForms(sqltext.Literal(n.Value), strconv.Quote(n.Value))
		return x
	case *ast.IdentifierNode, *ast.MemberNode:
		return e.path(n)
	case *ast.UnaryNode:
		return e.unary(n)
	case *ast.BinaryNode:
		return e.binary(n)
	case *ast.ConditionalNode:
		return e.conditional(n)
	case *ast.CallNode:
		if callee, ok := n.Callee.(*ast.IdentifierNode); ok {
			return e.call(callee.Value, n.Arguments, n.Location().From)
		}
		return e.foreign(n, "values have no methods: write the function around its argument")
	case *ast.BuiltinNode:
		return e.call(n.Name, n.Arguments, n.Location().From)
	case *ast.ArrayNode:
		return e.foreign(n, "a list in brackets stands only to the right of in")
	}
	return e.foreign(n, "see the functions and operators in the mapping reference")
}

func (e *expressionCompiler) foreign(n ast.Node, fix string) expression {
	at := 0
	if n != nil {
		at = n.Location().From
	}
	e.report(at, "M15", "this is not part of the mapping language: %s", fix)
	return expression{}
}

func (e *expressionCompiler) constant(c class, v value, key string) expression {
	return expression{class: c, eval: func(*evaluation) value { return v }, key: key, scope: e.root.scope, text: key, forms: constantForms(key, key)}
}

// objectVariables are values that accompany an object and are not in its JSON.
var objectVariables = map[string]expression{
	"$synced_at": {class: classDateTime, eval: func(c *evaluation) value { return integerValue(c.object.ObservedAt.UnixMicro()) }, forms: constantForms("raw.observed_at", "now()")},
	"$account":   {class: classText, eval: func(c *evaluation) value { return textValue(c.account) }, forms: constantForms("raw.account", "").because("Data Prep does not know the Stripe account")},
	"$seq":       {class: classInteger, eval: func(c *evaluation) value { return integerValue(int64(c.object.Seq)) }, forms: constantForms("raw.seq::BIGINT", "").because("Data Prep has no sequence number")},
	"$id":        {class: classText, eval: func(c *evaluation) value { return textValue(c.id) }, forms: constantForms("raw.id", "id")},
}

var variableNames = []string{"$root", "$synced_at", "$account", "$seq", "$id"}

// path compiles a path, a name that let gives to an expression, or a variable.
func (e *expressionCompiler) path(n ast.Node) expression {
	base, steps, ok := e.pathOf(n)
	if !ok {
		return e.foreign(n, "a path is a name, then .member, [\"key\"] or [0]"+unquotedKey(n))
	}
	at := base.Location().From
	if x, ok := objectVariables[base.Value]; ok {
		if len(steps) > 0 {
			e.report(steps[0].at, "M1", "%s has no members", base.Value)
			return expression{}
		}
		x.key, x.text, x.scope = base.Value, base.Value, e.root.scope
		return x
	}
	start, steps, x := e.start(base.Value, at, steps)
	if start == nil {
		return x
	}
	p, ok := e.walk(*start, steps)
	if !ok {
		return expression{}
	}
	return e.read(p)
}

// start finds the beginning of a path: the object's root, an item, the path or
// expression of a name under let, or a member of the block's own object. A name
// under let hides a member. A nil path means that the returned expression is
// the whole result.
func (e *expressionCompiler) start(name string, at int, steps []pathStep) (*sourcePath, []pathStep, expression) {
	switch let := e.lets[name]; {
	case name == "$root":
		return &e.root, steps, expression{}
	case let != nil:
		let.used = true
		if let.value.path == nil {
			*e.reads = append(*e.reads, let.value.reads...)
		}
		if let.value.path != nil {
			return let.value.path, steps, expression{}
		}
		if len(steps) > 0 && let.value.class != classBroken {
			e.report(steps[0].at, "M1", "%s names an expression, which has no members", name)
			return nil, nil, expression{}
		}
		return nil, nil, let.value
	case e.row.scope.label != "" && name == e.row.scope.label:
		return &e.row, steps, expression{}
	case strings.HasPrefix(name, "$"):
		e.report(at, "M1", "there is no %s%s", name, suggest(name, variableNames, ""))
		return nil, nil, expression{}
	}
	if e.isLetBelow(name) {
		e.report(at, "M1", "%s is declared further below :: move it up, before what uses it", name)
		return nil, nil, expression{}
	}
	return &e.base, append([]pathStep{{name: name, at: at}}, steps...), expression{}
}

// read compiles the reading of a source path as its own type.
func (e *expressionCompiler) read(p sourcePath) expression {
	c := classOf(p.field)
	x := expression{class: c, key: p.key(), path: &p, scope: p.scope, text: p.text()}
	x.unit = currencyUnit{x.key, x.text}
	x.currency = e.currencyBeside(p)
	x.forms = p.forms()
	e.noteRead(p)
	n := p.node
	point := e.point(p)
	switch c {
	case classText:
		x.eval = func(c *evaluation) value {
			s := c.slots[n.slot]
			if s.kind == jsonText && c.utf8 { // most values: without another call
				return textValue(c.raw[s.start+1 : s.end-1])
			}
			return readText(c, s, point)
		}
	case classDecimalText:
		x.eval = func(c *evaluation) value { return readScalar(c, c.slots[n.slot], point) }
	case classBoolean:
		x.eval = func(c *evaluation) value { return readBoolean(c, c.slots[n.slot], point) }
	case classInteger, classUnixTime:
		x.eval = func(c *evaluation) value { return readInteger(c, c.slots[n.slot], point) }
	case classNumber:
		x.eval = func(c *evaluation) value { return readNumber(c, c.slots[n.slot], point) }
	case classObject, classMap:
		x.eval = func(c *evaluation) value { return readObject(c, c.slots[n.slot], point) }
	case classList:
		x.eval = func(c *evaluation) value { return readList(c, c.slots[n.slot], point) }
	default:
		x.eval = func(c *evaluation) value { return readAny(c.slots[n.slot]) }
	}
	return x
}

// noteRead records that the current expression reads a source path.
func (e *expressionCompiler) noteRead(p sourcePath) {
	if e.reads != nil {
		*e.reads = append(*e.reads, p.fromRoot())
	}
}

// shared makes equal expressions of all mappings share one value, until the
// scope that they read is scanned again.
func (e *expressionCompiler) shared(x expression) expression {
	if f, ok := e.sharedByKey[x.key]; ok {
		x.eval = f
		return x
	}
	cell, id, eval := e.program.memos, x.scope.id, x.eval
	e.program.memos++
	x.eval = func(c *evaluation) value {
		m := &c.memo[cell]
		if m.clock != c.scanned[id] {
			m.clock, m.value = c.scanned[id], eval(c)
		}
		return m.value
	}
	e.sharedByKey[x.key] = x.eval
	return x
}

// innermost returns the innermost scope that any of the expressions reads.
// Scopes are nested, so that is the deepest.
func innermost(xs ...expression) *scope {
	var inner *scope
	for _, x := range xs {
		if x.scope != nil && (inner == nil || x.scope.depth > inner.depth) {
			inner = x.scope
		}
	}
	return inner
}

// cacheKey returns the key of a call, from the keys of its arguments.
func cacheKey(name string, xs ...expression) string {
	keys := make([]string, len(xs))
	for i, x := range xs {
		keys[i] = x.key
	}
	return name + "(" + strings.Join(keys, ",") + ")"
}

func unitsOf(xs ...expression) []currencyUnit {
	var units []currencyUnit
	for _, x := range xs {
		units = append(units, x.units...)
	}
	return units
}
