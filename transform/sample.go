package transform

import (
	"bytes"
	"fmt"
	"strconv"
	"unicode/utf8"
)

// sample is a value that drifts or is refused, for people who look for the
// cause. Its text is the JSON that was sent, without the quotes of a string. It
// is valid until the next object.
type sample struct {
	kind kind
	text []byte
}

// sampleOf returns the sample of a slot.
func (c *evaluation) sampleOf(s slot) sample {
	text := c.raw[s.start:s.end]
	if s.kind == jsonText || s.kind == jsonEscaped {
		text = text[1 : len(text)-1]
	}
	return sample{s.kind, text}
}

// numberSample returns the sample of an integer.
func (c *evaluation) numberSample(n int64) sample {
	start := len(c.scratch)
	c.scratch = strconv.AppendInt(c.scratch, n, 10)
	return sample{jsonNumber, c.scratch[start:len(c.scratch):len(c.scratch)]}
}

// wrong returns the wrong value that an expression has because of the sample.
func (s sample) wrong() value { return value{state: stateWrong, text: s.text, high: int64(s.kind)} }

// sampleIn returns the sample of a value that rejects a row.
func sampleIn(v value) sample {
	switch {
	case v.state == stateWrong:
		return sample{kind(v.high), v.text}
	case v.text != nil:
		return sample{jsonText, v.text}
	}
	return sample{}
}

// maxSample is the number of characters of a value that are shown.
const maxSample = 40

// example formats a sample as it may be shown. Where the policy keeps all
// personal data that is the value itself, truncated and safe for a terminal;
// else it is the JSON type and the length. The content of a list or an object
// is never shown.
func (c *evaluation) example(s sample) string {
	switch {
	case s.kind == jsonAbsent:
		return ""
	case s.kind == jsonNull:
		return "null"
	case s.kind == jsonList || s.kind == jsonObject:
		return s.kind.String() + ", " + counted(len(s.text), "byte")
	}
	text := s.text
	if s.kind == jsonEscaped {
		if plain, ok := unescape(nil, s.text); ok {
			text = plain
		}
	}
	isText := s.kind == jsonText || s.kind == jsonEscaped
	switch {
	case !c.mayShow && s.kind == jsonBoolean:
		return s.kind.String()
	case !c.mayShow:
		return s.kind.String() + ", " + counted(utf8.RuneCount(text), "character")
	case isText:
		return quoted(text)
	}
	return truncate(bytes.ToValidUTF8(text, []byte("\ufffd")))
}

func (k kind) String() string { return kindNames[k] }

func counted(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// quoted quotes a text, truncated and safe for a terminal.
func quoted(text []byte) string { return strconv.Quote(truncate(text)) }

func truncate(text []byte) string {
	if len(text) <= maxSample || utf8.RuneCount(text) <= maxSample {
		return string(text)
	}
	return string([]rune(string(text[:min(len(text), 4*maxSample)]))[:maxSample]) + "…"
}
