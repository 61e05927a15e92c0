package main

import (
	"math/big"
	"strings"
)

// decimalText writes unscaled × 10^-scale exactly.
func decimalText(unscaled *big.Int, scale int) string {
	digits := new(big.Int).Abs(unscaled).String()
	if pad := scale + 1 - len(digits); pad > 0 {
		digits = strings.Repeat("0", pad) + digits
	}
	text := digits
	if scale > 0 {
		whole := len(digits) - scale
		text = digits[:whole] + "." + digits[whole:]
	}
	if unscaled.Sign() < 0 {
		text = "-" + text
	}
	return text
}

// bigEndian reads a two's complement number, the form of a decimal in bytes.
func bigEndian(bytes string) *big.Int {
	n := new(big.Int).SetBytes([]byte(bytes))
	if len(bytes) > 0 && bytes[0]&0x80 != 0 {
		n.Sub(n, new(big.Int).Lsh(big.NewInt(1), uint(8*len(bytes))))
	}
	return n
}
