package main

import (
	"io"
	"strconv"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

// visibleWriter writes out what would command a terminal or turn its text around:
// a name, an id or a path may come from anybody who once typed into a form, and so
// may the words of a library that repeats it. All that the program prints passes
// through here; only the forms of environment.raw do not. JSON stays JSON with the
// same values: what is escaped of it stands in its texts.
type visibleWriter struct {
	to io.Writer

	mu   sync.Mutex // guards rest
	rest []byte     // the beginning of a character whose other bytes are to come
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

// incompleteBytes is how many bytes at the end of a text are a character's first ones.
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

// visible writes out what a terminal obeys, what turns text around and what is no
// text, and leaves lines and tabs as they are.
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

// visibleCell is visible for a text that is to stay in its line and column.
func visibleCell(text string) string {
	return strings.NewReplacer("\n", `\n`, "\t", `\t`).Replace(visible(text))
}

// isControl reports whether a character is for a terminal, or for the direction or
// the lines of a text, and not itself text.
func isControl(r rune) bool {
	return unicode.IsControl(r) && r != '\n' && r != '\t' || unicode.Is(unicode.Bidi_Control, r) || unicode.In(r, unicode.Zl, unicode.Zp)
}

// escaped is a character as Go has it, and JSON too, in whose texts none below
// the space can stand.
func escaped(r rune) string {
	if r < ' ' {
		quoted := strconv.QuoteRune(r)
		return quoted[1 : len(quoted)-1]
	}
	return `\u` + strconv.FormatInt(1<<16|int64(r), 16)[1:]
}
