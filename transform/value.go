package transform

// state says whether an expression has a value.
type state uint8

const (
	stateNull     state = iota // missing or null in the source
	stateSet                   // there is a value
	stateWrong                 // it cannot be read: of the wrong type or out of range; everything but money treats it as null
	stateUnscaled              // an amount that is null because the exponent of its currency is not known, with minor units
)

// value is the result of an expression. Which members hold it follows from the
// expression's static type, so a value has no type of its own. It is small
// enough to be returned in registers.
type value struct {
	state state
	text  []byte // text or JSON; of a wrong value, its sample's text; of an unscaled amount, the currency
	num   int64  // integer, boolean, µs since 1970, day, float64 bits, amount × 1000, low half of a decimal, length of a list; of wrong money, the reason
	high  int64  // minor units beside an amount; high half of a decimal; of a wrong value, its sample's kind
}

func textValue(text []byte) value { return value{state: stateSet, text: text} }

func integerValue(n int64) value { return value{state: stateSet, num: n} }

func booleanValue(b bool) value {
	if b {
		return value{state: stateSet, num: 1}
	}
	return value{state: stateSet}
}

// isTrue reports whether a boolean is there and true. Null is not true.
func (v value) isTrue() bool { return v.state == stateSet && v.num != 0 }
