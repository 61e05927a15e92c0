package transform

import (
	"cmp"
	"slices"
	"strconv"
	"time"
)

// Drift is what a source sends that the catalog or the schema does not expect.
// The rows are made all the same: an unreadable value is null, an unexpected
// one is kept as it is.
type Drift struct {
	Path    string // source path ("charge.outcome.risk_score") or, for the schema's own rules, table and column ("charges.status")
	Found   string // what was there instead: "string", "an unknown value", …
	Count   int64  // objects it was seen in
	FirstID string // the first of them

	Example string // what stood there in it, or the JSON type and length of that, as the set's privacy wants; "" for nothing

	FirstSeen, LastSeen time.Time // when the first and the last of them were observed
}

// cause is what was found at a drift point. The first ones are JSON types.
type cause uint8

const (
	badEscape cause = cause(jsonKinds) + iota
	notUTF8
	outOfRange
	notReadable
	unknownValue
	noMatch
	tooLong
	repeatedKey
	noExponent
	causes
)

var causeNames = [causes - cause(jsonKinds)]string{
	"an escape that JSON does not have", "bytes that are not UTF-8",
	"a value out of range", "a value that cannot be read as its type", "an unknown value", "a value that does not match the pattern",
	"a value that is too long", "a key that is repeated", "a currency without a known exponent",
}

func (c cause) String() string {
	if c < cause(jsonKinds) {
		return kindNames[c]
	}
	return causeNames[c-cause(jsonKinds)]
}

// counter counts the objects in which one point drifted in one way.
type counter struct {
	count       int64
	firstID     string
	example     string
	first, last time.Time
	object      uint64 // number of the last object counted, so that each counts once
}

// drifted counts and returns a wrong value.
func (c *evaluation) drifted(point int, found cause, what sample) value {
	c.note(point, found, what)
	return what.wrong()
}

func (c *evaluation) note(point int, found cause, what sample) { c.drift[point][found].add(c, what) }

// add counts the object under way, once.
func (n *counter) add(c *evaluation, what sample) {
	if n.object == c.number {
		return
	}
	if n.count == 0 {
		n.firstID, n.first, n.last = c.object.ID, c.object.ObservedAt, c.object.ObservedAt
		n.example = c.example(what)
	}
	if c.object.ObservedAt.After(n.last) {
		n.last = c.object.ObservedAt
	}
	n.count++
	n.object = c.number
}

// unlistedValue is a value of an open enum that nobody declared, or a currency
// that has no known exponent.
type unlistedValue struct {
	point int
	found cause
	value string
}

// Unknown values of a point are told apart up to so many, and up to so many
// bytes long; the others count as one.
const (
	maxUnlisted       = 50
	maxUnlistedLength = 64
)

// unlisted counts an unknown value of an open enum by itself, unless it may be
// personal data, or the policy keeps some of that back.
func (c *evaluation) unlisted(r *constraint, text []byte) {
	if r.private || !c.mayShow || len(text) > maxUnlistedLength {
		c.note(r.point, unknownValue, sample{jsonText, text})
		return
	}
	c.noteValue(r.point, unknownValue, text)
}

// unknownCurrency counts a currency without a known exponent by itself, if it
// looks like a code: what stands in its place may be anything.
func (c *evaluation) unknownCurrency(point int, code []byte) {
	if !c.mayShow || !isCode(code) {
		c.note(point, noExponent, sample{jsonText, code})
		return
	}
	c.noteValue(point, noExponent, code)
}

// maxCode is longer than any code of a currency.
const maxCode = 16

func isCode(text []byte) bool {
	for _, c := range text {
		if lower := c | 0x20; (lower < 'a' || lower > 'z') && (c < '0' || c > '9') {
			return false
		}
	}
	return len(text) > 0 && len(text) <= maxCode
}

// noteValue counts what was found at a point by its value.
func (c *evaluation) noteValue(point int, found cause, text []byte) {
	n := c.values[unlistedValue{point, found, string(text)}] // allocates nothing
	if n == nil {
		if c.listed[point] >= maxUnlisted {
			c.note(point, found, sample{jsonText, text})
			return
		}
		n = &counter{}
		c.values[unlistedValue{point, found, string(text)}] = n
		c.listed[point]++
	}
	n.add(c, sample{jsonText, text})
}

// Drift returns what has drifted since the last call, ordered by path and by
// what was found.
func (m *Mapper) Drift() []Drift {
	out := m.unknownFields(m.program.scopes[0].path)
	for v, n := range m.values {
		out = append(out, n.drift(m.program.points[v.point], v.found.String()+": "+strconv.Quote(v.value)))
	}
	for point, counters := range m.drift {
		for found := range counters {
			if n := &counters[found]; n.count > 0 {
				out = append(out, n.drift(m.program.points[point], cause(found).String()))
				*n = counter{}
			}
		}
	}
	clear(m.unknown)
	clear(m.values)
	clear(m.listed)
	slices.SortFunc(out, func(a, b Drift) int {
		return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Found, b.Found))
	})
	return out
}

func (n *counter) drift(path, found string) Drift {
	return Drift{Path: path, Found: found, Count: n.count, FirstID: n.firstID, Example: n.example, FirstSeen: n.first, LastSeen: n.last}
}
