package transform

import (
	"math"

	"github.com/stripelake/stripelake/schemas"
)

// coerce converts an expression to the type of a target field. It returns false
// where the types need a conversion that the author has to write.
func (e *expressionCompiler) coerce(x expression, target schemas.Kind) (expression, bool) {
	if x.class == classNil {
		x.eval, x.sql = alwaysNull, func(*query) string { return "NULL" }
		return x, true
	}
	switch target {
	case schemas.Short:
		return e.inRange(x, math.MinInt16, math.MaxInt16, "SMALLINT"), x.class == classInteger
	case schemas.Integer:
		return e.inRange(x, math.MinInt32, math.MaxInt32, "INTEGER"), x.class == classInteger
	case schemas.Long:
		return x, x.class == classInteger || x.class == classUnixTime
	case schemas.Number:
		if x.class == classInteger {
			return integerAsNumber(x), true
		}
	case schemas.Decimal:
		switch x.class {
		case classDecimalText:
			return textAsDecimal(e, x, e.functions["decimal"].forms(x)), true
		case classInteger:
			return integerAsDecimal(x), true
		}
	case schemas.String:
		if x.class == classDecimalText {
			return x, true
		}
	}
	return x, x.class == targetClass(target) && x.class.computable()
}

// inRange makes an integer outside [low, high] null and counts it as drift.
func (e *expressionCompiler) inRange(x expression, low, high int64, duck string) expression {
	point, eval := e.pointOf(x), x.eval
	x.sql = sqlTemplate("TRY_CAST($1 AS "+duck+")", x)
	x.eval = func(c *evaluation) value {
		v := eval(c)
		if v.state == stateSet && (v.num < low || v.num > high) {
			return c.drifted(point, outOfRange, c.numberSample(v.num))
		}
		return v
	}
	return x
}

// integerAsDecimal converts an integer to DECIMAL(38,12).
func integerAsDecimal(x expression) expression {
	return unaryResult("decimal", classDecimal, x, forms{sql: sqlTemplate("CAST($1 AS DECIMAL(38,12))", x), prep: x.prep}, func(_ *evaluation, v value) value {
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
		return value{state: stateSet, num: int64(m.low), high: int64(m.high)}
	})
}

// isReadable reports whether values of a class can be read as elements of a
// list.
func isReadable(c class) bool { return valueReader(c) != nil }

// valueReader returns the function that reads one value of a class, or nil.
func valueReader(c class) func(*evaluation, slot, int) value {
	switch c {
	case classText:
		return readText
	case classDecimalText:
		return readScalar
	case classBoolean:
		return readBoolean
	case classInteger, classUnixTime:
		return readInteger
	case classNumber:
		return readNumber
	}
	return nil
}

// elementReader returns the function that reads an element of a source list or
// map as an element of the target. It returns nil where the types do not fit.
func elementReader(target schemas.Kind, elem class) func(*evaluation, slot, int) value {
	switch target {
	case schemas.String:
		switch elem {
		case classText, classReference:
			return readText
		case classDecimalText:
			return readScalar
		case classUnknown, classMap:
			return readLoosely
		}
	case schemas.JSON:
		return readJSON
	case schemas.Boolean:
		if elem == classBoolean || elem == classUnknown {
			return readBoolean
		}
	case schemas.Long:
		if elem == classInteger || elem == classUnixTime || elem == classUnknown {
			return readInteger
		}
	case schemas.Number:
		if elem == classNumber || elem == classInteger || elem == classUnknown {
			return readNumber
		}
	}
	return nil
}
