package transform

import "math"

func moneyCall(e *expressionCompiler, c *call) expression {
	minor, ok := e.argument(c, 0, classInteger)
	currency, ok2 := e.argument(c, 1, classText)
	if !ok || !ok2 {
		return expression{}
	}
	exponents, point := e.exponents, e.currencyPoint(minor, currency)
	return expression{
		class: classMoney, key: cacheKey("money", minor, currency), scope: innermost(minor, currency), units: []currencyUnit{currency.unit},
		forms: e.moneyForms(c.function, minor, currency),
		eval: func(c *evaluation) value {
			v := exponents.money(minor.eval(c), currency.eval(c))
			if v.state == stateUnscaled {
				c.unknownCurrency(point, v.text)
			}
			return v
		},
	}
}

// currencyPoint returns the drift point for a currency whose exponent is not
// known: that of the currency's path or, if the currency is computed, of the
// amount's.
func (e *expressionCompiler) currencyPoint(minor, currency expression) int {
	if currency.path == nil && minor.path != nil {
		return e.pointOf(minor)
	}
	return e.pointOf(currency)
}

// Times are limited to the years 1 to 9999, the ones that partitions, readers
// of Parquet and people can name. One object of another year would keep its
// whole table from being published.
const (
	firstSecond = -62_135_596_800
	lastSecond  = 253_402_300_799
)

func unixCall(e *expressionCompiler, c *call) expression {
	x, ok := e.argument(c, 0, classInteger)
	if !ok {
		return expression{}
	}
	return unaryResult("unix", classDateTime, x, c.function.forms(x), func(c *evaluation, v value) value {
		if v.num < firstSecond || v.num > lastSecond {
			return c.numberSample(v.num).wrong()
		}
		return integerValue(v.num * 1_000_000)
	})
}

func dateCall(e *expressionCompiler, c *call) expression {
	x, ok := e.argument(c, 0, classDateTime)
	if !ok {
		return expression{}
	}
	const microsPerDay = 24 * 60 * 60 * 1_000_000
	return unaryResult("date", classDate, x, c.function.forms(x), func(_ *evaluation, v value) value {
		days := v.num / microsPerDay
		if v.num%microsPerDay < 0 {
			days-- // round down before 1970 too
		}
		return integerValue(days)
	})
}

func wholeCall(e *expressionCompiler, c *call) expression {
	x, ok := e.scalarArgument(c, 0)
	if !ok {
		return expression{}
	}
	point := e.pointOf(x)
	f := c.function.forms(x)
	f.wrong = wrongResult(x, f.sql)
	return unaryResult("whole", classInteger, x, f, func(c *evaluation, v value) value {
		high, low, ok := parseDecimal(v.text)
		if !ok {
			return c.drifted(point, notReadable, sampleIn(v))
		}
		n, ok := wholeOf(high, low)
		if !ok {
			return c.drifted(point, notReadable, sampleIn(v))
		}
		return integerValue(n)
	})
}

func decimalCall(e *expressionCompiler, c *call) expression {
	x, ok := e.scalarArgument(c, 0)
	if !ok {
		return expression{}
	}
	return textAsDecimal(e, x, c.function.forms(x))
}

func textAsDecimal(e *expressionCompiler, x expression, f forms) expression {
	point := e.pointOf(x)
	return unaryResult("decimal", classDecimal, x, f, func(c *evaluation, v value) value {
		high, low, ok := parseDecimal(v.text)
		if !ok {
			return c.drifted(point, notReadable, sampleIn(v))
		}
		return value{state: stateSet, num: low, high: high}
	})
}

// integerAsNumber converts an integer to a double.
func integerAsNumber(x expression) expression {
	return unaryResult("number", classNumber, x, forms{sql: sqlTemplate("CAST($1 AS DOUBLE)", x), prep: x.prep}, func(_ *evaluation, v value) value {
		return integerValue(int64(math.Float64bits(float64(v.num))))
	})
}
