package transform

import (
	"cmp"
	"slices"
)

// Drift is what a source sends that the catalog or the schema does not expect.
// The rows are made all the same: an unreadable value is null, an unexpected
// one is kept as it is.
type Drift struct {
	Path    string // source path ("charge.outcome.risk_score") or, for the schema's own rules, table and column ("charges.status")
	Found   string // what was there instead: "string", "an unknown value", …
	Count   int64  // objects it was seen in
	FirstID string // the first of them
}

// cause is what was found at a drift point. The first ones are JSON types.
type cause uint8

const (
	badEscape cause = cause(kinds) + iota
	notUTF8
	outOfRange
	notReadable
	unknownValue
	noMatch
	tooLong
	repeatedKey
	causes
)

var causeNames = [causes - cause(kinds)]string{
	"an escape that JSON does not have", "bytes that are not UTF-8",
	"a value out of range", "a value that cannot be read as its type", "an unknown value", "a value that does not match the pattern",
	"a value that is too long", "a key that is repeated",
}

func (c cause) String() string {
	if c < cause(kinds) {
		return kindNames[c]
	}
	return causeNames[c-cause(kinds)]
}

// counter counts the objects in which one point drifted in one way.
type counter struct {
	count   int64
	firstID string
	object  uint64 // number of the last object counted, so that each counts once
}

// drifted counts and returns a wrong value.
func (c *evaluation) drifted(point int, found cause) value {
	c.note(point, found)
	return value{state: wrong}
}

func (c *evaluation) note(point int, found cause) {
	n := &c.drift[point][found]
	if n.object == c.number {
		return
	}
	if n.count == 0 {
		n.firstID = c.object.ID
	}
	n.count++
	n.object = c.number
}

// Drift returns what has drifted since the Mapper was made, ordered by path
// and by what was found.
func (m *Mapper) Drift() []Drift {
	var out []Drift
	for point, counters := range m.drift {
		for found, n := range counters {
			if n.count > 0 {
				out = append(out, Drift{Path: m.program.points[point], Found: cause(found).String(), Count: n.count, FirstID: n.firstID})
			}
		}
	}
	slices.SortFunc(out, func(a, b Drift) int {
		return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Found, b.Found))
	})
	return out
}
