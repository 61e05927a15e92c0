package transform

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/expr-lang/expr/ast"
)

// compared compiles the operands of a comparison. A number beside an amount of money is
// an amount too, in major units of the row's currency: money(amount, currency) > 99.95.
func (e *expressionCompiler) compared(n *ast.BinaryNode) (a, b expression) {
	if _, isNumber := numberText(n.Left); isNumber {
		b = e.expr(n.Right)
		a = e.beside(n.Left, b)
	} else {
		a = e.expr(n.Left)
		b = e.beside(n.Right, a)
	}
	e.noteMinor(n, a, b)
	e.noteMinor(n, b, a)
	return a, b
}

// beside compiles an operand of a comparison whose other operand is compiled.
func (e *expressionCompiler) beside(n ast.Node, other expression) expression {
	text, isNumber := numberText(n)
	if !isNumber || other.class != classMoney {
		return e.expr(n)
	}
	thousandths, ok := parseMoney(text)
	if !ok {
		e.report(n.Location().From, "M2", "%s is no amount: it has at most %d digits behind the point, and 15 before it", text, moneyScale)
		return expression{}
	}
	x := e.constant(classMoney, integerValue(thousandths), "money "+text)
	x.text, x.forms = text, constantForms("CAST('"+text+"' AS DECIMAL(18,3))", text)
	return x
}

// numberText returns the digits of a number that an expression has as it is, with its
// sign.
func numberText(n ast.Node) (string, bool) {
	switch n := n.(type) {
	case *ast.IntegerNode:
		return strconv.Itoa(n.Value), true
	case *ast.FloatNode:
		return strconv.FormatFloat(n.Value, 'f', -1, 64), true // the shortest that reads the same: as written
	case *ast.UnaryNode:
		text, isNumber := numberText(n.Node)
		return "-" + text, isNumber && n.Operator == "-" && text[0] != '-'
	}
	return "", false
}

// parseMoney reads a number as thousandths, exactly. It returns false where a money
// column cannot hold it.
func parseMoney(text string) (int64, bool) {
	high, low, ok := parseDecimal([]byte(text))
	m, negative := uint128{uint64(high), uint64(low)}, high < 0
	if negative {
		m = m.negated()
	}
	for range decimalScale - moneyScale {
		if ok {
			m, ok = m.tenth()
		}
	}
	if !ok || m.high != 0 || m.low > maxMoney {
		return 0, false
	}
	if negative {
		return -int64(m.low), true
	}
	return int64(m.low), true
}

// minorName are the names that Stripe gives to amounts in minor units.
var minorName = regexp.MustCompile(`(^|_)(amount|balance)(_|$)|^(fee|net|total|subtotal|tax)$|_(fee|total)$`)

// currencyBeside returns the path of the currency that an amount in minor units is in,
// in its object or in one around it, as far as the amount's list. It is "" for other
// integers.
func (e *expressionCompiler) currencyBeside(p sourcePath) string {
	steps := p.node.steps
	if classOf(p.field) != classInteger || len(steps) == 0 || !minorName.MatchString(steps[len(steps)-1].name) {
		return ""
	}
	for _, top := range []sourcePath{e.root, e.row, e.base} {
		if top.scope != p.scope || top.node.name != "" || top.field == nil {
			continue
		}
		path, found := top.scope.label, ""
		for f, i := top.field, 0; f != nil; i++ {
			if f.Member("currency") != nil {
				found = joinPath(path, "currency")
			}
			if i == len(steps) {
				break
			}
			if f = f.Member(steps[i].name); steps[i].name == "" {
				f = nil
			}
			path = joinPath(path, steps[i].name)
		}
		return found
	}
	return ""
}

// noteMinor remembers that minor units are compared with a number.
func (e *expressionCompiler) noteMinor(n *ast.BinaryNode, amount, number expression) {
	if amount.currency == "" || number.class != classInteger {
		return
	}
	for _, side := range []ast.Node{n.Left, n.Right} {
		if text, isNumber := numberText(side); isNumber && strings.Trim(text, "-0") != "" { // zero is zero in each currency
			*e.minors = append(*e.minors, minorComparison{n.Location().From, amount, n.Operator, text, side == n.Left})
		}
	}
}

// minorComparison is a comparison of minor units with a number.
type minorComparison struct {
	at       int
	amount   expression
	operator string
	number   string
	reversed bool // the number stands first
}

// warnOfMinor warns of comparisons of minor units with a number where nothing says
// which currency is meant: 10000 are 100 dollars and 10,000 yen.
func (e *expressionCompiler) warnOfMinor() {
	if e.oneCurrency || slices.ContainsFunc(*e.reads, isCurrency) {
		return
	}
	for _, c := range *e.minors {
		left, right := "money("+c.amount.text+", "+c.amount.currency+")", inMajorUnits(c.number)
		if c.reversed {
			left, right = right, left
		}
		e.warn(c.at, "M17", "%s is in minor units, of which %s are another amount in each currency :: write %s %s %s, or say which currency you mean",
			c.amount.text, c.number, left, c.operator, right)
	}
}

func isCurrency(path string) bool { return path == "currency" || strings.HasSuffix(path, ".currency") }

// inMajorUnits moves the point of minor units, as in most currencies.
func inMajorUnits(number string) string {
	digits := strings.TrimPrefix(number, "-")
	sign := number[:len(number)-len(digits)]
	digits = strings.Repeat("0", max(0, defaultExponent+1-len(digits))) + digits
	point := len(digits) - defaultExponent
	return sign + strings.TrimSuffix(digits[:point]+"."+digits[point:], ".00")
}
