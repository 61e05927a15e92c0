package pipeline

import (
	"bytes"
	"encoding/json"
	"regexp"
)

// forgottenID replaces ids that may not be kept. No object has it.
const forgottenID = "forgotten"

// jsonString matches a string of JSON, with the colon after it if it is a key.
var jsonString = regexp.MustCompile(`"(?:[^"\\]|\\.)*"(?:\s*:)?`)

// withoutIDs replaces ids in a cursor by one that no object has. For Stripe
// that is a cursor whose object is gone; extraction then continues by
// `created`.
func withoutIDs(cursor string, gone func(id string) bool) string {
	return jsonString.ReplaceAllStringFunc(cursor, func(text string) string {
		var id string
		if json.Unmarshal([]byte(text), &id) != nil || !gone(id) { // a key with its colon is not valid JSON
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
	words  idSet    // of letters, digits and _, as Stripe makes them; matched as whole words
	others []string // customers' ids in a user's own form; matched anywhere, so rather too often
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
