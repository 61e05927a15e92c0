package main

import (
	"io"
	"strconv"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

// visibleWriter escapes characters that would control a terminal or reverse
// text. A name, an id or a path may come from anybody who filled in a form, and
// a library may repeat it. All output of the program passes through here,
// except the forms that use environment.raw. JSON stays JSON with the same
// values, because only characters inside its strings are escaped.
type visibleWriter struct {
	to io.Writer

	mu   sync.Mutex // guards rest
	rest []byte     // the first bytes of a character whose other bytes follow
}

func (v *visibleWriter) Write(p []byte) (int, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	text := append(v.rest, p...)
	whole := len(text) - incompleteBytes(text)
	v.rest = append([]byte(nil), text[whole:]...)
	if _, err := io.WriteString(v.to, visible(string(text[:whole]))); err != nil {
		return 0, err
	}
	return len(p), nil
}

// incompleteBytes counts the bytes at the end of a text that begin a character.
func incompleteBytes(text []byte) int {
	for n := 1; n < utf8.UTFMax && n <= len(text); n++ {
		if last := text[len(text)-n:]; utf8.RuneStart(last[0]) {
			if utf8.FullRune(last) {
				return 0
			}
			return n
		}
	}
	return 0
}

// visible escapes control characters, characters that change the direction of
// text, and invalid UTF-8. Line ends and tabs stay.
func visible(text string) string {
	if utf8.ValidString(text) && strings.IndexFunc(text, isControl) < 0 {
		return text
	}
	var b strings.Builder
	for len(text) > 0 {
		r, size := utf8.DecodeRuneInString(text)
		switch {
		case r == utf8.RuneError && size == 1:
			b.WriteString(`\x` + strconv.FormatUint(uint64(text[0]), 16))
		case isControl(r):
			b.WriteString(escaped(r))
		default:
			b.WriteRune(r)
		}
		text = text[size:]
	}
	return b.String()
}

// visibleCell is visible for a text that has to stay in its line and column.
func visibleCell(text string) string {
	return strings.NewReplacer("\n", `\n`, "\t", `\t`).Replace(visible(text))
}

// isControl reports whether a character controls a terminal, or the direction
// or the lines of a text, and is not itself text.
func isControl(r rune) bool {
	return unicode.IsControl(r) && r != '\n' && r != '\t' || unicode.Is(unicode.Bidi_Control, r) || unicode.In(r, unicode.Zl, unicode.Zp)
}

// escaped writes a character as Go and JSON escape it. In JSON strings no
// character below the space is allowed.
func escaped(r rune) string {
	if r < ' ' {
		quoted := strconv.QuoteRune(r)
		return quoted[1 : len(quoted)-1]
	}
	return `\u` + strconv.FormatInt(1<<16|int64(r), 16)[1:]
}
