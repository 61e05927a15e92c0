package pipeline

import (
	"bytes"
	"encoding/json"
	"regexp"
)

// forgottenID stands for ids that may not be kept. No object has it.
const forgottenID = "forgotten"

// jsonString is a string of a JSON text, with the colon behind it if it is a key.
var jsonString = regexp.MustCompile(`"(?:[^"\\]|\\.)*"(?:\s*:)?`)

// withoutIDs replaces ids in a cursor's text by one that no object has. To
// Stripe it is then a cursor whose object is gone, which extraction goes on from
// by `created`.
func withoutIDs(cursor string, gone func(id string) bool) string {
	return jsonString.ReplaceAllStringFunc(cursor, func(text string) string {
		var id string
		if json.Unmarshal([]byte(text), &id) != nil || !gone(id) { // a key is no JSON with its colon
			return text
		}
		return `"` + forgottenID + `"`
	})
}

// idSet is a set of ids.
type idSet map[string]struct{}

func (s idSet) add(id string) { s[id] = struct{}{} }

func (s idSet) has(id string) bool {
	_, found := s[id]
	return found
}

// idMatcher finds ids of a set anywhere in a text: in a URL, in a description.
type idMatcher struct {
	words  idSet    // letters, digits and _, as Stripe makes them; found as whole words
	others []string // customers' ids of a user's own making; found anywhere, so rather too often
}

var wordPattern = regexp.MustCompile(`[A-Za-z0-9_]+`)

func (m *idMatcher) add(id string) {
	if wordPattern.FindString(id) == id {
		m.words.add(id)
	} else {
		m.others = append(m.others, id)
	}
}

func (m *idMatcher) in(text []byte) bool {
	for _, id := range m.others {
		if bytes.Contains(text, []byte(id)) {
			return true
		}
	}
	for start := 0; start < len(text); {
		if !isWordByte(text[start]) {
			start++
			continue
		}
		end := start
		for end < len(text) && isWordByte(text[end]) {
			end++
		}
		if _, found := m.words[string(text[start:end])]; found { // this form does not allocate
			return true
		}
		start = end
	}
	return false
}

func isWordByte(c byte) bool {
	return c == '_' || '0' <= c && c <= '9' || 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z'
}
