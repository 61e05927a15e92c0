package transform

import (
	"math"
	"strconv"
	"unicode/utf8"
)

// The readers turn a slot of the scanner into a value of one type. A missing
// value and null are null. A value of another type is wrong and counts as drift
// at the given point.

func readText(c *evaluation, s slot, point int) value {
	switch s.kind {
	case jsonText:
		text := c.raw[s.start+1 : s.end-1]
		if !c.utf8 {
			return textValue(c.repaired(text, point))
		}
		return textValue(text)
	case jsonEscaped:
		return c.unescaped(s, point)
	case jsonAbsent, jsonNull:
		return value{}
	}
	return c.drifted(point, cause(s.kind), c.sampleOf(s))
}

func readInteger(c *evaluation, s slot, point int) value {
	switch s.kind {
	case jsonNumber:
		n, ok := parseInteger(c.raw[s.start:s.end])
		if !ok {
			return c.drifted(point, notReadable, c.sampleOf(s))
		}
		return integerValue(n)
	case jsonAbsent, jsonNull:
		return value{}
	}
	return c.drifted(point, cause(s.kind), c.sampleOf(s))
}

func readBoolean(c *evaluation, s slot, point int) value {
	switch s.kind {
	case jsonBoolean:
		return booleanValue(c.raw[s.start] == 't')
	case jsonAbsent, jsonNull:
		return value{}
	}
	return c.drifted(point, cause(s.kind), c.sampleOf(s))
}

func readNumber(c *evaluation, s slot, point int) value {
	switch s.kind {
	case jsonNumber:
		text := c.raw[s.start:s.end]
		if !isNumber(text) {
			return c.drifted(point, notReadable, c.sampleOf(s))
		}
		f, err := strconv.ParseFloat(string(text), 64)
		if err != nil {
			return c.drifted(point, outOfRange, c.sampleOf(s))
		}
		return integerValue(int64(math.Float64bits(f)))
	case jsonAbsent, jsonNull:
		return value{}
	}
	return c.drifted(point, cause(s.kind), c.sampleOf(s))
}

// readScalar reads a string, number or boolean as text; a number with the
// characters that were sent.
func readScalar(c *evaluation, s slot, point int) value {
	switch s.kind {
	case jsonNumber:
		text := c.raw[s.start:s.end]
		if !isNumber(text) {
			return c.drifted(point, notReadable, c.sampleOf(s))
		}
		return textValue(text)
	case jsonBoolean:
		return textValue(c.raw[s.start:s.end])
	}
	return readText(c, s, point)
}

// readJSON reads any value but null as the JSON that was sent.
func readJSON(c *evaluation, s slot, point int) value {
	if s.kind <= jsonNull {
		return value{}
	}
	text := c.raw[s.start:s.end]
	if !c.utf8 {
		text = c.repaired(text, point)
	}
	return textValue(text)
}

// readLoosely reads anything as text: a scalar as readScalar does, an object or
// a list as the JSON that was sent.
func readLoosely(c *evaluation, s slot, point int) value {
	if s.kind == jsonObject || s.kind == jsonList {
		return readJSON(c, s, point)
	}
	return readScalar(c, s, point)
}

// readAny reports whether there is a value.
func readAny(s slot) value {
	if s.kind <= jsonNull {
		return value{}
	}
	return value{state: stateSet}
}

// readObject reports whether there is an object. An empty list counts as an
// object without members, because some of Stripe's encoders write it so
// (fraud_details: []).
func readObject(c *evaluation, s slot, point int) value {
	switch {
	case s.kind <= jsonNull:
		return value{}
	case s.kind == jsonObject || c.isEmptyList(s):
		return value{state: stateSet}
	}
	return c.drifted(point, cause(s.kind), c.sampleOf(s))
}

// readList reports whether there is a list.
func readList(c *evaluation, s slot, point int) value {
	switch s.kind {
	case jsonList:
		return value{state: stateSet}
	case jsonAbsent, jsonNull:
		return value{}
	}
	return c.drifted(point, cause(s.kind), c.sampleOf(s))
}

func (c *evaluation) isEmptyList(s slot) bool {
	return s.kind == jsonList && skipSpace(c.raw, int(s.start)+1) == int(s.end)-1
}

// unescaped returns a string without its escapes, in the scratch buffer.
func (c *evaluation) unescaped(s slot, point int) value {
	start := len(c.scratch)
	scratch, ok := unescape(c.scratch, c.raw[s.start+1:s.end-1])
	if !ok {
		return c.drifted(point, badEscape, c.sampleOf(s))
	}
	c.scratch = scratch
	text := scratch[start:len(scratch):len(scratch)]
	if !c.utf8 {
		text = c.repaired(text, point)
	}
	return textValue(text)
}

// repaired replaces each byte that is not UTF-8 by U+FFFD, as encoding/json
// does, because no column may hold such bytes.
func (c *evaluation) repaired(text []byte, point int) []byte {
	if utf8.Valid(text) {
		return text
	}
	c.note(point, notUTF8, sample{jsonText, text})
	start := len(c.scratch)
	for len(text) > 0 {
		r, size := utf8.DecodeRune(text)
		c.scratch = utf8.AppendRune(c.scratch, r)
		text = text[size:]
	}
	return c.scratch[start:len(c.scratch):len(c.scratch)]
}

// copyText copies text into the scratch buffer, where it is valid until the
// next object.
func (c *evaluation) copyText(text []byte) []byte {
	start := len(c.scratch)
	c.scratch = append(c.scratch, text...)
	return c.scratch[start:len(c.scratch):len(c.scratch)]
}
