package transform

import (
	"encoding/binary"
	"math/bits"
)

// isNumberByte is true for the bytes that a JSON number consists of.
var isNumberByte = [256]bool{
	'0': true, '1': true, '2': true, '3': true, '4': true, '5': true, '6': true, '7': true,
	'8': true, '9': true, '-': true, '+': true, '.': true, 'e': true, 'E': true,
}

// kindOf returns the type of a value that has been scanned.
func kindOf(raw []byte) kind {
	switch raw[0] {
	case '"':
		if indexSpecial(raw, 1) < len(raw)-1 {
			return jsonEscaped
		}
		return jsonText
	case '{':
		return jsonObject
	case '[':
		return jsonList
	case 't', 'f':
		return jsonBoolean
	case 'n':
		return jsonNull
	}
	return jsonNumber
}

// byteAt returns raw[i], or 0 behind the end. No token begins with 0.
func byteAt(raw []byte, i int) byte {
	if i < len(raw) {
		return raw[i]
	}
	return 0
}

const (
	ones      = 0x0101010101010101
	tops      = 0x8080808080808080
	spaces    = 0x2020202020202020
	quotes    = 0x2222222222222222
	backslash = 0x5c5c5c5c5c5c5c5c
)

// skipSpace skips white space. The check for a byte that is none is here, so
// that the compiler can inline it.
func skipSpace(raw []byte, i int) int {
	if i < len(raw) && raw[i] > ' ' {
		return i
	}
	return skipBlanks(raw, i)
}

// skipBlanks skips white space eight bytes at a time: half of the bytes of
// Stripe's pretty-printed JSON are indentation.
func skipBlanks(raw []byte, i int) int {
	for i < len(raw) && (raw[i] == ' ' || raw[i] == '\n' || raw[i] == '\r' || raw[i] == '\t') {
		for i++; i+8 <= len(raw); i += 8 {
			if other := binary.LittleEndian.Uint64(raw[i:]) ^ spaces; other != 0 {
				i += bits.TrailingZeros64(other) >> 3
				break
			}
		}
	}
	return i
}

// indexSpecial returns the offset of the next quote or backslash, or len(raw).
// It looks at eight bytes at a time: a byte is zero where the subtraction from
// word ^ pattern borrows.
func indexSpecial(raw []byte, i int) int {
	for ; i+8 <= len(raw); i += 8 {
		word := binary.LittleEndian.Uint64(raw[i:])
		q, b := word^quotes, word^backslash
		if found := ((q-ones) & ^q | (b-ones) & ^b) & tops; found != 0 {
			return i + bits.TrailingZeros64(found)>>3
		}
	}
	for ; i < len(raw) && raw[i] != '"' && raw[i] != '\\'; i++ {
	}
	return min(i, len(raw))
}
