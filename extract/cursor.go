package extract

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Cursor says what of a stream has been read. It is opaque text to everybody
// else; "" is the cursor of a stream that was never read.
type Cursor string

// cursorVersion changes when an older reader would misunderstand.
const cursorVersion = 1

// progress is a cursor, decoded. Times are Unix seconds of `created`.
type progress struct {
	V       int      `json:"v"`
	From    *int64   `json:"from,omitempty"`    // where the stream begins; nil: at the beginning
	Windows []window `json:"windows,omitempty"` // planned and not fully read, disjoint within a variant
	High    int64    `json:"high,omitempty"`    // everything in [From, High) is read, but for older Windows
	Goal    int64    `json:"goal,omitempty"`    // what High becomes once no window is open
}

// window is a part of a list that is still to be read: [GTE, LT), and of that
// what is listed after the object After.
type window struct {
	GTE     *int64 `json:"gte,omitempty"` // nil: no lower bound, so that objects without created are listed too
	LT      int64  `json:"lt"`
	Variant string `json:"variant,omitempty"`
	After   string `json:"after,omitempty"`
	Last    *int64 `json:"last,omitempty"` // the oldest created read so far, to go on by if After vanishes
}

func (c Cursor) decode() (progress, error) {
	p := progress{V: cursorVersion}
	if c == "" {
		return p, nil
	}
	var version struct{ V *int }
	if err := json.Unmarshal([]byte(c), &version); err != nil || version.V == nil {
		return p, errors.New("the cursor is damaged: restore the one stored before it, or read the stream again from the start")
	}
	if *version.V != cursorVersion {
		return p, fmt.Errorf("the cursor has version %d, this program reads version %d: use the newer program that wrote it", *version.V, cursorVersion)
	}
	dec := json.NewDecoder(bytes.NewReader([]byte(c)))
	dec.DisallowUnknownFields() // dropping what we don't know would lose it at the next write
	if err := dec.Decode(&p); err != nil {
		return p, fmt.Errorf("the cursor is damaged (%s): restore the one stored before it, or read the stream again from the start", oneLine(err.Error()))
	}
	return p, p.check()
}

// check refuses what encode never wrote, before it can turn into odd requests.
func (p *progress) check() error {
	for _, w := range p.Windows {
		if w.LT <= 0 || w.GTE != nil && *w.GTE >= w.LT || p.Goal < w.LT {
			return fmt.Errorf("the cursor is damaged (window up to %d): restore the one stored before it, or read the stream again from the start", w.LT)
		}
	}
	if p.High < 0 || p.High == 0 && len(p.Windows) == 0 {
		return errors.New("the cursor is damaged (it covers nothing): restore the one stored before it, or read the stream again from the start")
	}
	return nil
}

func (p *progress) encode() (Cursor, error) {
	text, err := json.Marshal(p)
	return Cursor(text), err
}

// advance replaces the window at i by what is left of it.
//
// Invariant 9: High moves only when no window is open any more.
func (p *progress) advance(i int, left window, done bool) {
	if !done {
		p.Windows[i] = left
		return
	}
	p.Windows = slices.Delete(p.Windows, i, i+1)
	if len(p.Windows) == 0 {
		p.High, p.Goal = max(p.High, p.Goal), 0
	}
}

// Interval is [From, To) in created, UTC. A zero From is the beginning.
type Interval struct{ From, To time.Time }

// Coverage says which part of a stream has been read: [From, Through) less Gaps.
type Coverage struct {
	From    time.Time  // UTC; zero: since the beginning
	Through time.Time  // UTC, exclusive; zero: nothing has been read
	Gaps    []Interval // still open, oldest first, not overlapping
}

// Coverage reports what has been read up to this cursor. The error is that of a
// cursor which is damaged or of a newer program.
func (c Cursor) Coverage() (Coverage, error) {
	p, err := c.decode()
	if err != nil {
		return Coverage{}, err
	}
	var v Coverage
	if through := max(p.High, p.Goal); through > 0 {
		v.Through = time.Unix(through, 0).UTC()
	}
	if p.From != nil {
		v.From = time.Unix(*p.From, 0).UTC()
	}
	for _, w := range p.Windows {
		if gap, open := p.unread(w); open {
			v.Gaps = append(v.Gaps, gap)
		}
	}
	v.Gaps = merged(v.Gaps)
	return v, nil
}

// unread is the part of w of which nothing has been read in full yet.
func (p *progress) unread(w window) (Interval, bool) {
	from, to := w.GTE, w.LT
	if w.Last != nil {
		to = min(to, *w.Last+1) // newest first: what is above has been read
	}
	if p.High > 0 && w.LT > p.High && (from == nil || *from < p.High) {
		from = &p.High // below that the window only looks back
	}
	if from == nil {
		return Interval{To: time.Unix(to, 0).UTC()}, true
	}
	return Interval{time.Unix(*from, 0).UTC(), time.Unix(to, 0).UTC()}, *from < to
}

// merged sorts intervals and joins those that touch: the variants of a resource
// leave the same gap twice.
func merged(in []Interval) []Interval {
	slices.SortFunc(in, func(a, b Interval) int { return a.From.Compare(b.From) })
	var out []Interval
	for _, next := range in {
		if n := len(out); n > 0 && !next.From.After(out[n-1].To) {
			if next.To.After(out[n-1].To) {
				out[n-1].To = next.To
			}
			continue
		}
		out = append(out, next)
	}
	return out
}
