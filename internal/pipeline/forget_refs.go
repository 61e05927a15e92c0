package pipeline

import (
	"bytes"
	"encoding/json"
	"regexp"

	"github.com/stripelake/stripelake/extract"
)

// personal are the streams whose objects can belong to a person, in the order
// in which one leads to the next.
var personal = []string{"customers", "charges", "subscriptions", "refunds", "balance_transactions", "events"}

// impersonal are the streams whose objects belong to nobody.
var impersonal = []string{"prices"}

// subject is what an object says of whom it belongs to. Every field is there
// for some kinds of object only.
type subject struct {
	ID                 extract.Reference `json:"id"`
	Object             any               `json:"object"` // its kind
	Customer           extract.Reference `json:"customer"`
	Charge             extract.Reference `json:"charge"`
	Source             extract.Reference `json:"source"`
	PaymentIntent      extract.Reference `json:"payment_intent"`
	Dispute            extract.Reference `json:"dispute"`
	BalanceTransaction extract.Reference `json:"balance_transaction"`
	FailureBalance     extract.Reference `json:"failure_balance_transaction"`
	Refunds            struct {
		Data []struct {
			ID extract.Reference `json:"id"`
		} `json:"data"`
	} `json:"refunds"`
	Data struct {
		Object *subject `json:"object"`
	} `json:"data"` // of an event
}

// readSubject reads what it can. A field of another shape than Stripe documents
// says nothing; the others still do.
func readSubject(object []byte) subject {
	var s subject
	_ = json.Unmarshal(object, &s)
	return s
}

// belongsTo returns the ids of which an object of a stream is a part: it goes
// where one of them goes. The object's own id is not among them.
func (s *subject) belongsTo(stream string) []extract.Reference {
	switch stream {
	case "charges", "subscriptions":
		return []extract.Reference{s.Customer}
	case "refunds":
		return []extract.Reference{s.Charge, s.PaymentIntent, s.Customer}
	case "balance_transactions":
		return []extract.Reference{s.Source}
	case "events":
		if o := s.Data.Object; o != nil {
			return []extract.Reference{o.ID, o.Customer, o.Charge, o.Source, o.PaymentIntent}
		}
	}
	return nil
}

// brings returns the ids of what belongs to the object and to nothing else,
// which may be in another stream or in none.
func (s *subject) brings(stream string) []extract.Reference {
	switch stream {
	case "charges":
		ids := []extract.Reference{s.BalanceTransaction, s.FailureBalance, s.PaymentIntent, s.Dispute}
		for _, refund := range s.Refunds.Data {
			ids = append(ids, refund.ID)
		}
		return ids
	case "refunds":
		return []extract.Reference{s.BalanceTransaction, s.FailureBalance}
	case "events":
		// A charge names the newest of its disputes, and no stream has the others:
		// events tell of them.
		switch o := s.Data.Object; {
		case o == nil:
		case o.Object == "dispute":
			return []extract.Reference{o.ID}
		case o.Object == "charge":
			return []extract.Reference{o.ID, o.Dispute}
		}
	}
	return nil
}

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

// mentions finds ids of a set anywhere in a text: in a URL, in a description.
type mentions struct {
	plain idSet    // letters, digits and _, as Stripe makes them; found as whole words
	odd   []string // customers' ids of a user's own making; found anywhere, so rather too often
}

var word = regexp.MustCompile(`[A-Za-z0-9_]+`)

func (m *mentions) add(id string) {
	if word.FindString(id) == id {
		m.plain.add(id)
	} else {
		m.odd = append(m.odd, id)
	}
}

func (m *mentions) in(text []byte) bool {
	for _, id := range m.odd {
		if bytes.Contains(text, []byte(id)) {
			return true
		}
	}
	for start := 0; start < len(text); {
		if !isWord(text[start]) {
			start++
			continue
		}
		end := start
		for end < len(text) && isWord(text[end]) {
			end++
		}
		if _, found := m.plain[string(text[start:end])]; found { // this form does not allocate
			return true
		}
		start = end
	}
	return false
}

func isWord(c byte) bool {
	return c == '_' || '0' <= c && c <= '9' || 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z'
}
