package transform

import (
	"unicode/utf16"
	"unicode/utf8"
)

// unescape appends the text of a JSON string to dst, without escapes. Half of a
// surrogate pair becomes U+FFFD, as in encoding/json. It returns false when an
// escape is not one of JSON's.
func unescape(dst, text []byte) ([]byte, bool) {
	for i := 0; i < len(text); {
		if text[i] != '\\' {
			end := min(indexSpecial(text, i), len(text))
			if end < len(text) && text[end] == '"' {
				return dst, false
			}
			dst = append(dst, text[i:end]...)
			i = end
			continue
		}
		if i+1 >= len(text) {
			return dst, false
		}
		if text[i+1] == 'u' {
			r, n := codePoint(text[i:])
			if n == 0 {
				return dst, false
			}
			dst = utf8.AppendRune(dst, r)
			i += n
			continue
		}
		c := escapeLetters[text[i+1]]
		if c == 0 {
			return dst, false
		}
		dst = append(dst, c)
		i += 2
	}
	return dst, true
}

// escapeLetters maps the letter of a one-letter escape to its character.
var escapeLetters = [256]byte{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}

// codePoint reads \uXXXX, or two of them that are a surrogate pair. It returns
// the number of bytes read; 0 when the digits are not hexadecimal.
func codePoint(text []byte) (rune, int) {
	first, ok := hex4(text)
	if !ok {
		return 0, 0
	}
	if !utf16.IsSurrogate(first) {
		return first, 6
	}
	if second, ok := hex4(text[6:]); ok {
		if r := utf16.DecodeRune(first, second); r != utf8.RuneError {
			return r, 12
		}
	}
	return utf8.RuneError, 6
}

// hex4 reads \uXXXX.
func hex4(text []byte) (rune, bool) {
	if len(text) < 6 || text[0] != '\\' || text[1] != 'u' {
		return 0, false
	}
	var r rune
	for _, c := range text[2:6] {
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c >= 'a' && c <= 'f':
			c -= 'a' - 10
		case c >= 'A' && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	return r, true
}
