package main

import (
	"fmt"
	"math"
	"math/big"
)

// cell is one entry of a column: a value, or the level at which the path to
// it ends in a null or an empty list. With the repetition level it says
// exactly where in a row the entry stands, so equal cells mean equal rows
// without either reader assembling structs, lists or maps.
type cell struct {
	repetition int
	definition int
	value      any // nil, bool, int64, double or string
}

// String cuts long text: a cell may hold a whole object as JSON.
func (c cell) String() string {
	text := fmt.Sprint(c.value)
	switch v := c.value.(type) {
	case nil:
		text = "null"
	case string:
		text = fmt.Sprintf("%.200q", v)
	}
	return fmt.Sprintf("%s at levels %d/%d", text, c.repetition, c.definition)
}

// double holds a floating-point number by its bits, so that NaN equals NaN.
type double uint64

func (d double) String() string { return fmt.Sprint(math.Float64frombits(uint64(d))) }

// canonical gives both readers' values one form: integers as int64, floats as
// double, bytes as string, and decimals, whatever holds them, as text.
func (l leaf) canonical(value any) any {
	switch v := value.(type) {
	case int32:
		return l.integer(int64(v))
	case int64:
		return l.integer(v)
	case float32:
		return double(math.Float64bits(float64(v)))
	case float64:
		return double(math.Float64bits(v))
	case string:
		if l.converted == decimalType {
			return decimalText(bigEndian(v), l.scale)
		}
	}
	return value
}

func (l leaf) integer(n int64) any {
	if l.converted == decimalType {
		return decimalText(big.NewInt(n), l.scale)
	}
	return n
}
