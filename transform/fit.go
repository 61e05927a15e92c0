package transform

import (
	"math"

	"github.com/stripelake/stripelake/schemas"
)

// fit returns how an expression's value becomes a target's, or false when it
// does not fit without being told how.
func (e *expressions) fit(x expression, target schemas.Kind) (expression, bool) {
	if x.class == nothing {
		x.eval, x.sql = nothingThere, func(*query) string { return "NULL" }
		return x, true
	}
	switch target {
	case schemas.Short:
		return e.within(x, math.MinInt16, math.MaxInt16, "SMALLINT"), x.class == integer
	case schemas.Integer:
		return e.within(x, math.MinInt32, math.MaxInt32, "INTEGER"), x.class == integer
	case schemas.Long:
		return x, x.class == integer || x.class == unixTime
	case schemas.Number:
		if x.class == integer {
			return asNumber(x), true
		}
	case schemas.Decimal:
		switch x.class {
		case decimalText:
			return asDecimal(e, x, e.functions["decimal"].forms(x)), true
		case integer:
			return scaled(x), true
		}
	case schemas.String:
		if x.class == decimalText {
			return x, true
		}
	}
	return x, x.class == targetClass(target) && x.class.computable()
}

// within makes an integer out of range null, and drift.
func (e *expressions) within(x expression, low, high int64, duck string) expression {
	point, eval := e.pointOf(x), x.eval
	x.sql = templated("TRY_CAST($1 AS "+duck+")", x)
	x.eval = func(c *evaluation) value {
		v := eval(c)
		if v.state == set && (v.num < low || v.num > high) {
			return c.drifted(point, outOfRange, c.numberSample(v.num))
		}
		return v
	}
	return x
}

// scaled is an integer as a DECIMAL(38,12).
func scaled(x expression) expression {
	return made("decimal", exact, x, forms{sql: templated("CAST($1 AS DECIMAL(38,12))", x), prep: x.prep}, func(_ *evaluation, v value) value {
		m, negative := uint128{low: uint64(v.num)}, v.num < 0
		if negative {
			m.low = -m.low
		}
		for range decimalScale {
			m, _ = m.timesTenPlus(0) // 19 digits and 12 more fit 38
		}
		if negative {
			m = m.negated()
		}
		return value{state: set, num: int64(m.low), high: int64(m.high)}
	})
}

// readable holds for the classes whose values stand in a list as they are.
func readable(c class) bool { return reader(c) != nil }

// reader returns how one value of a class is read, or nil.
func reader(c class) func(*evaluation, slot, int) value {
	switch c {
	case text:
		return readText
	case decimalText:
		return readScalar
	case boolean:
		return readBoolean
	case integer, unixTime:
		return readInteger
	case number:
		return readNumber
	}
	return nil
}

// elementReader returns how an element of a list or map is read into a target's
// elements, or nil when it does not fit.
func elementReader(target schemas.Kind, elem class) func(*evaluation, slot, int) value {
	switch target {
	case schemas.String:
		switch elem {
		case text, reference:
			return readText
		case decimalText:
			return readScalar
		case anything, mapOf:
			return readLoosely
		}
	case schemas.JSON:
		return readJSON
	case schemas.Boolean:
		if elem == boolean || elem == anything {
			return readBoolean
		}
	case schemas.Long:
		if elem == integer || elem == unixTime || elem == anything {
			return readInteger
		}
	case schemas.Number:
		if elem == number || elem == integer || elem == anything {
			return readNumber
		}
	}
	return nil
}
