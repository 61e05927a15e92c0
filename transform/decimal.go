package transform

import (
	"bytes"
	"math"
	"math/bits"
)

// decimalScale is the number of digits that a decimal column has behind the
// point: DECIMAL(38,12). Stripe's unit_amount_decimal has at most twelve.
const decimalScale = 12

// uint128 is an unsigned magnitude.
type uint128 struct{ high, low uint64 }

// maxDecimal is 10^38 - 1, the largest magnitude of 38 digits.
var maxDecimal = uint128{high: 0x4b3b4ca85a86c47a, low: 0x098a223fffffffff}

// parseDecimal reads a number in JSON's grammar as a DECIMAL(38,12): the value
// × 10^12 as a two's complement in two halves. It returns false when the text
// is not a number, has more than twelve digits behind the point, or is out of
// range. No float is involved (Invariant 10).
func parseDecimal(text []byte) (high, low int64, ok bool) {
	if !isNumber(text) {
		return 0, 0, false
	}
	negative := text[0] == '-'
	if negative {
		text = text[1:]
	}
	var m uint128
	scale, fraction, i := decimalScale, false, 0
	for ; i < len(text) && text[i] != 'e' && text[i] != 'E'; i++ {
		if text[i] == '.' {
			fraction = true
			continue
		}
		if text[i] == '0' && fraction && onlyZeros(text[i:]) {
			continue
		}
		if m, ok = m.timesTenPlus(uint64(text[i] - '0')); !ok {
			return 0, 0, false
		}
		if fraction {
			scale--
		}
	}
	if m, ok = m.shift(scale, text[i:]); !ok {
		return 0, 0, false
	}
	if negative {
		m = m.negated()
	}
	return int64(m.high), int64(m.low), true
}

// onlyZeros reports whether only zeros remain before the exponent. Behind the
// point they do not change the value.
func onlyZeros(text []byte) bool {
	for _, c := range text {
		if c != '0' {
			return c == 'e' || c == 'E'
		}
	}
	return true
}

// shift multiplies by 10^(scale + exponent), exactly.
func (m uint128) shift(scale int, exponent []byte) (uint128, bool) {
	if m == (uint128{}) {
		return m, true
	}
	e, ok := parseExponent(exponent)
	scale += e
	for ; scale > 0 && ok; scale-- {
		m, ok = m.timesTenPlus(0)
	}
	for ; scale < 0 && ok; scale++ {
		m, ok = m.tenth()
	}
	return m, ok
}

// parseExponent reads e+07, E-7 or nothing. It returns false where the exponent
// is too large for any decimal.
func parseExponent(text []byte) (int, bool) {
	if len(text) == 0 {
		return 0, true
	}
	text = text[1:]
	negative := text[0] == '-'
	text = bytes.TrimLeft(text, "+-0")
	if len(text) == 0 {
		return 0, true
	}
	n, ok := parseInteger(text)
	if negative {
		n = -n
	}
	return int(n), ok && n > -100 && n < 100
}

func (m uint128) timesTenPlus(digit uint64) (uint128, bool) {
	carry, low := bits.Mul64(m.low, 10)
	over, high := bits.Mul64(m.high, 10)
	low, c := bits.Add64(low, digit, 0)
	high, c = bits.Add64(high, carry, c)
	r := uint128{high, low}
	return r, over == 0 && c == 0 && !r.above(maxDecimal)
}

func (m uint128) tenth() (uint128, bool) {
	high, rest := m.high/10, m.high%10
	low, rest := bits.Div64(rest, m.low, 10)
	return uint128{high, low}, rest == 0
}

func (m uint128) above(n uint128) bool {
	return m.high > n.high || m.high == n.high && m.low > n.low
}

// wholeOf turns a value × 10^12 back into an integer. It returns false when the
// value has a fraction or does not fit into 64 bits.
func wholeOf(high, low int64) (int64, bool) {
	m, negative := uint128{uint64(high), uint64(low)}, high < 0
	if negative {
		m = m.negated()
	}
	var ok bool
	for range decimalScale {
		if m, ok = m.tenth(); !ok {
			return 0, false
		}
	}
	if m.high != 0 || m.low > math.MaxInt64 {
		return math.MinInt64, negative && m == uint128{low: 1 << 63}
	}
	if negative {
		return -int64(m.low), true
	}
	return int64(m.low), true
}

func (m uint128) negated() uint128 {
	low, borrow := bits.Sub64(0, m.low, 0)
	high, _ := bits.Sub64(0, m.high, borrow)
	return uint128{high, low}
}
