package transform

import (
	"strconv"

	"github.com/stripelake/stripelake/schemas"
)

// moneyScale is the number of digits that a money column has behind the point:
// DECIMAL(18,3), exact for each of Stripe's currencies (0, 2 or 3 digits).
const moneyScale = 3

// maxMoney is 10^18 - 1, the largest magnitude of DECIMAL(18,3), × 1000.
const maxMoney = 999_999_999_999_999_999

// defaultExponent is the decimal places of Stripe's integer amounts for a
// currency that the lookup currency_exponent does not list.
const defaultExponent = 2

// exponents holds the decimal places of the currencies that the lookup lists,
// by lower-case code.
type exponents map[[3]byte]int

// Why an amount is unreadable. The number is in num of the wrong value.
const (
	notAnInteger = iota
	noCurrency
	notACurrency
	amountTooLarge
)

var moneyFaults = [...]string{
	notAnInteger:   "the amount is not an integer of minor units",
	noCurrency:     "the amount has no currency",
	notACurrency:   "the currency is not a text",
	amountTooLarge: "the amount is out of the range of DECIMAL(18,3)",
}

// money turns an integer of minor units into an exact amount of major units,
// and keeps the integer beside it (Invariant 10: integers only). A missing
// amount is null, whatever the currency is. A zero without a currency is zero,
// because Stripe sends customers' balances so. A currency that is not three
// letters, such as the stablecoin usdc, may have any exponent: the amount is
// unscaled and has only its minor units, even for zero. Anything else that
// cannot be read is wrong, and the row that needs it is rejected.
func (e exponents) money(amount, currency value) value {
	switch {
	case amount.state == stateNull:
		return value{}
	case amount.state == stateWrong:
		return amount // num is 0, which is notAnInteger
	case currency.state == stateNull && amount.num == 0:
		return value{state: stateSet}
	case currency.state == stateNull:
		return value{state: stateWrong, num: noCurrency}
	case currency.state == stateWrong:
		currency.num = notACurrency
		return currency
	}
	exponent, ok := e.of(currency.text)
	if !ok {
		return value{state: stateUnscaled, text: currency.text, high: amount.num}
	}
	scaled := amount.num
	for range moneyScale - exponent {
		if scaled, ok = multiply(scaled, 10); !ok {
			return tooLarge(amount.num)
		}
	}
	if scaled > maxMoney || scaled < -maxMoney {
		return tooLarge(amount.num)
	}
	return value{state: stateSet, num: scaled, high: amount.num}
}

func tooLarge(amount int64) value {
	return value{state: stateWrong, num: amountTooLarge, text: strconv.AppendInt(nil, amount, 10), high: int64(jsonNumber)}
}

// DecimalPlaces returns a function that knows the decimal places of a
// currency's amounts, from the lookup of a set. That function returns false
// where they are not known.
func DecimalPlaces(set *schemas.Set) func(currency string) (places int, known bool) {
	e := exponentsOf(set)
	return func(currency string) (int, bool) { return e.of([]byte(currency)) }
}

// of returns a currency's decimal places. It returns false when they are not
// known, because the code is not three letters.
func (e exponents) of(code []byte) (int, bool) {
	if len(code) != 3 {
		return 0, false
	}
	var lower [3]byte
	for i, c := range code {
		if c |= 0x20; c < 'a' || c > 'z' {
			return 0, false
		}
		lower[i] = c | 0x20
	}
	if exponent, ok := e[lower]; ok {
		return exponent, true
	}
	return defaultExponent, true
}
