package transform

import (
	"bytes"
	"cmp"
	"math"
	"strings"

	"github.com/expr-lang/expr/ast"
)

// unary compiles not and the minus sign.
func (e *expressionCompiler) unary(n *ast.UnaryNode) expression {
	x := e.expr(n.Node)
	at := n.Location().From
	switch n.Operator {
	case "not":
		if !e.takes(x, classBoolean, at, "not") {
			return expression{}
		}
		return expression{
			class: classBoolean, key: cacheKey("not", x), scope: innermost(x), certain: true,
			eval:  func(c *evaluation) value { return booleanValue(!x.eval(c).isTrue()) },
			forms: forms{sql: func(q *query) string { return "(NOT " + q.truth(x) + ")" }, prep: prepTemplate("!($1)", x)},
		}
	case "-":
		if !e.takes(x, classInteger, at, "-") {
			return expression{}
		}
		zero := e.constant(classInteger, integerValue(0), "0")
		return e.arithmetic("-", subtract, zero, x)
	}
	return e.foreign(n, "there is no unary "+n.Operator)
}

// takes reports an operand whose class is not the one that an operator needs.
// It returns true where the class fits.
func (e *expressionCompiler) takes(x expression, want class, at int, operator string) bool {
	if x.class == classBroken {
		return false
	}
	if got, ok := unify(want, x.class); ok && got == want {
		return true
	}
	e.report(at, "M2", "%s needs a %s, and %s is %s%s", operator, want, x.text, x.class, fixFor(x, want))
	return false
}

func (e *expressionCompiler) binary(n *ast.BinaryNode) expression {
	at := n.Location().From
	if n.Operator == "in" {
		return e.membership(n)
	}
	a, b := e.operands(n)
	if a.class == classBroken || b.class == classBroken {
		return expression{}
	}
	switch n.Operator {
	case "and", "or":
		return e.logic(n.Operator, a, b, at)
	case "==", "!=", "<", "<=", ">", ">=":
		return e.comparison(n.Operator, a, b, at)
	case "??":
		return e.coalesce([]expression{a, b}, at)
	case "+":
		if a.class == classText || b.class == classText {
			e.report(at, "M2", "+ adds integers :: write concat(%s, %s)", a.text, b.text)
			return expression{}
		}
		return e.sum("+", add, a, b, at)
	case "-":
		return e.sum("-", subtract, a, b, at)
	case "*":
		return e.sum("*", multiply, a, b, at)
	}
	return e.foreign(n, "there is no operator "+n.Operator)
}

// operands compiles both sides of an operator. The right side of ?? replaces a null of
// the left one.
func (e *expressionCompiler) operands(n *ast.BinaryNode) (a, b expression) {
	switch n.Operator {
	case "??":
		return e.withDefault(n.Left), e.expr(n.Right)
	case "==", "!=", "<", "<=", ">", ">=":
		return e.compared(n)
	}
	return e.expr(n.Left), e.expr(n.Right)
}

// logic compiles and and or. Null counts as false.
func (e *expressionCompiler) logic(operator string, a, b expression, at int) expression {
	if !e.takes(a, classBoolean, at, operator) || !e.takes(b, classBoolean, at, operator) {
		return expression{}
	}
	x := expression{class: classBoolean, key: cacheKey(operator, a, b), scope: innermost(a, b), certain: true}
	x.sql = func(q *query) string {
		return "(" + q.truth(a) + " " + strings.ToUpper(operator) + " " + q.truth(b) + ")"
	}
	x.prep = prepTemplate("($1 "+map[string]string{"and": "&&", "or": "||"}[operator]+" $2)", a, b)
	if operator == "and" {
		x.eval = func(c *evaluation) value { return booleanValue(a.eval(c).isTrue() && b.eval(c).isTrue()) }
	} else {
		x.eval = func(c *evaluation) value { return booleanValue(a.eval(c).isTrue() || b.eval(c).isTrue()) }
	}
	return x
}

// sum compiles +, - and *, which take only integers (Invariant 10).
func (e *expressionCompiler) sum(operator string, exactly func(a, b int64) (int64, bool), a, b expression, at int) expression {
	if !e.takes(a, classInteger, at, operator) || !e.takes(b, classInteger, at, operator) {
		return expression{}
	}
	return e.arithmetic(operator, exactly, a, b)
}

// arithmetic compiles an operator on two integers. The result is null where an
// operand is null. It is wrong where an operand is wrong or the result
// overflows; only money tells wrong from null.
func (e *expressionCompiler) arithmetic(operator string, exactly func(a, b int64) (int64, bool), a, b expression) expression {
	return expression{
		class: classInteger, key: cacheKey(operator, a, b), scope: innermost(a, b), text: a.text + " " + operator + " " + b.text,
		currency: cmp.Or(a.currency, b.currency),
		forms:    exactForms(operator, a, b),
		eval: func(c *evaluation) value {
			x, y := a.eval(c), b.eval(c)
			if x.state == stateWrong {
				return x
			}
			if y.state == stateWrong {
				return y
			}
			if x.state == stateNull || y.state == stateNull {
				return value{}
			}
			n, ok := exactly(x.num, y.num)
			if !ok {
				return value{state: stateWrong}
			}
			return integerValue(n)
		},
	}
}

// comparison compiles a comparison, which is always true or false. Null equals
// only null, and <, <=, > and >= are false with null.
func (e *expressionCompiler) comparison(operator string, a, b expression, at int) expression {
	compare, ok := e.comparer(a, b, operator, at)
	if !ok {
		return expression{}
	}
	equal, less, greater := operator == "==" || operator == "<=" || operator == ">=", operator == "<" || operator == "<=" || operator == "!=",
		operator == ">" || operator == ">=" || operator == "!="
	ordered := operator != "==" && operator != "!="
	return expression{
		class: classBoolean, key: cacheKey(operator, a, b), scope: innermost(a, b), text: a.text + " " + operator + " " + b.text, certain: true,
		forms: forms{sql: func(q *query) string { return q.comparison(operator, a, b) }, prep: comparisonPrep(operator, a, b)},
		eval: func(c *evaluation) value {
			x, y := a.eval(c), b.eval(c)
			if x.state != stateSet || y.state != stateSet {
				same := x.state != stateSet && y.state != stateSet
				return booleanValue(!ordered && same == equal)
			}
			order := compare(x, y)
			return booleanValue(order == 0 && equal || order < 0 && less || order > 0 && greater)
		},
	}
}

// comparer returns the function that compares two values of these expressions'
// classes.
func (e *expressionCompiler) comparer(a, b expression, operator string, at int) (func(x, y value) int, bool) {
	either, ok := unify(a.class, b.class)
	if !ok && isNumeric(a.class) && isNumeric(b.class) {
		either, ok = classNumber, true
		if a.class != classNumber {
			return func(x, y value) int { return cmp.Compare(float64(x.num), math.Float64frombits(uint64(y.num))) }, true
		}
		if b.class != classNumber {
			return func(x, y value) int { return cmp.Compare(math.Float64frombits(uint64(x.num)), float64(y.num)) }, true
		}
	}
	switch {
	case !ok:
		e.report(at, "M2", "%s compares values of one type: %s is %s, %s is %s", operator, a.text, a.class, b.text, b.class)
		return nil, false
	case a.class == classNil || b.class == classNil:
		return func(value, value) int { return 0 }, true
	}
	switch either {
	case classText, classDecimalText, classJSON:
		return func(x, y value) int { return bytes.Compare(x.text, y.text) }, true
	case classBoolean, classInteger, classUnixTime, classDateTime, classDate, classMoney:
		return func(x, y value) int { return cmp.Compare(x.num, y.num) }, true
	case classNumber:
		return func(x, y value) int {
			return cmp.Compare(math.Float64frombits(uint64(x.num)), math.Float64frombits(uint64(y.num)))
		}, true
	case classDecimal:
		return func(x, y value) int {
			return cmp.Or(cmp.Compare(x.high, y.high), cmp.Compare(uint64(x.num), uint64(y.num)))
		}, true
	}
	e.report(at, "M2", "%s cannot compare %s: only whether it is nil can be asked%s", operator, either, fixFor(a, classText))
	return nil, false
}

func isNumeric(c class) bool { return c == classInteger || c == classUnixTime || c == classNumber }
