package transform

// state says whether an expression has a value.
type state uint8

const (
	stateNull     state = iota // missing or null in the source
	stateSet                   // there is a value
	stateWrong                 // there was one, of the wrong type or out of range; null to all but money
	stateUnscaled              // minor units of a currency whose exponent is not known: an amount that is null, with minor units that are not
)

// value is what an expression evaluates to. Which members hold it follows from
// the expression's static type, so a value carries no type of its own. It is
// small enough to be returned in registers.
type value struct {
	state state
	text  []byte // text and JSON; of a wrong value what was found, see sample; of an unscaled amount the currency
	num   int64  // integer, boolean, µs since 1970, day, float64 bits, amount × 1000, low half of a decimal, length of a list; of wrong money why
	high  int64  // minor units beside an amount; high half of a decimal; of a wrong value the kind of what was found
}

func textValue(text []byte) value { return value{state: stateSet, text: text} }

func integerValue(n int64) value { return value{state: stateSet, num: n} }

func booleanValue(b bool) value {
	if b {
		return value{state: stateSet, num: 1}
	}
	return value{state: stateSet}
}

// isTrue holds for a boolean that is there and true: null is not true.
func (v value) isTrue() bool { return v.state == stateSet && v.num != 0 }
