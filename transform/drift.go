package transform

import (
	"cmp"
	"slices"
	"strconv"
	"time"
)

// Drift is something in the source's objects that the catalog or the schema
// does not expect. It rejects no row: an unreadable value becomes null, an
// unexpected one is kept.
type Drift struct {
	Path    string // source path ("charge.outcome.risk_score") or, for the schema's own rules, table and column ("charges.status")
	Found   string // what the objects had there: "string", "an unknown value", …
	Count   int64  // of the objects that have it
	FirstID string // the first of them

	Example string // the value in the first object, or only its JSON type and length if the set's privacy hides personal data; "" for none

	FirstSeen, LastSeen time.Time // when the first and the last of them were observed
}

// cause says what was found at a drift point. The first causes are the JSON
// types.
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

// counter counts the objects that have one cause at one drift point.
type counter struct {
	count       int64
	firstID     string
	example     string
	first, last time.Time
	object      uint64 // number of the last object counted: each object counts once
}

// drifted counts a cause at a drift point and returns the value as wrong.
func (c *evaluation) drifted(point int, found cause, what sample) value {
	c.note(point, found, what)
	return what.wrong()
}

func (c *evaluation) note(point int, found cause, what sample) { c.drift[point][found].add(c, what) }

// add counts the current object, once.
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

// unlistedValue is a value of an open enum that the schema does not list, or a
// currency whose exponent is not known.
type unlistedValue struct {
	point int
	found cause
	value string
}

// Unknown values are counted one by one up to a number of values a point and a
// length in bytes. The others are counted together.
const (
	maxUnlisted       = 50
	maxUnlistedLength = 64
)

// unlisted counts an unknown value of an open enum by itself. Where the value
// may be personal data, or the policy hides some of that, it counts it with the
// others.
func (c *evaluation) unlisted(r *constraint, text []byte) {
	if r.private || !c.mayShow || len(text) > maxUnlistedLength {
		c.note(r.point, unknownValue, sample{jsonText, text})
		return
	}
	c.noteValue(r.point, unknownValue, text)
}

// unknownCurrency counts a currency without a known exponent by itself if it
// looks like a code. Anything else in its place is counted with the others.
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

// noteValue counts a cause at a point, separately for each value.
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

// Drift returns the drift since the last call, ordered by path and by what was
// found. It resets the counters.
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
