package extract

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/stripelake/stripelake/internal/hint"
)

// Cursor records which part of a stream has been read. It is opaque text to other
// packages. "" is the cursor of a stream that was never read.
type Cursor string

// cursorVersion changes when an older reader would misunderstand a cursor. Version 1
// has no changes: it is read as a cursor that has followed none. Version 3 adds missing
// objects, version 4 the last look-back and the objects that were not found, version 5
// the objects that could not be read again. A cursor gets the lowest version that has
// all of its fields.
const cursorVersion = 5

// progress is a decoded cursor. Times are Unix seconds.
type progress struct {
	V       int      `json:"v"`
	From    *int64   `json:"from,omitempty"`    // created at which the stream begins; nil: at the beginning
	Windows []window `json:"windows,omitempty"` // planned and not completely read, disjoint within a variant
	High    int64    `json:"high,omitempty"`    // everything created in [From, High) is read, except for older Windows
	Goal    int64    `json:"goal,omitempty"`    // value of High once no window is open
	AsOf    int64    `json:"as_of,omitempty"`   // changes before this time are read; 0: no changes were followed yet
	Hints   uint64   `json:"hints,omitempty"`   // changes were followed up to this segment of the events log
	Relist  bool     `json:"relist,omitempty"`  // everything is listed again, and vanished objects must still be looked up

	Missing []missingObject `json:"missing,omitempty"` // objects with a 404 that is not confirmed yet, or with an unusable answer

	LookedBack int64            `json:"looked_back,omitempty"` // time of the last planned look-back; see lookAgain
	NotFound   []notFoundObject `json:"not_found,omitempty"`   // objects that others name, with a 404
}

// missingObject is an object with a 404 that no list shows, or one that is Unread.
type missingObject struct {
	ID      string `json:"id"`
	Created *int64 `json:"created,omitempty"` // nil: unknown
	Unread  bool   `json:"unread,omitempty"`  // it changed, and the answer to its id was unusable
}

// window is a part of a list that must still be read: [GTE, LT), and of that the
// objects listed after the object After.
type window struct {
	GTE     *int64 `json:"gte,omitempty"` // nil: no lower bound, so that objects without created are listed too
	LT      int64  `json:"lt"`
	Variant string `json:"variant,omitempty"`
	After   string `json:"after,omitempty"`
	Last    *int64 `json:"last,omitempty"`  // the oldest created read so far, to continue from if After vanishes
	Again   bool   `json:"again,omitempty"` // it was already read once
}

// damagedCursorError is the error for a cursor that cannot be read.
type damagedCursorError struct{ problem string }

const fixCursor = "run stripelake verify --stripe --repair, which goes on from an older one or lists the stream again"

func (e *damagedCursorError) Error() string { return e.Hint().Error() }

// Hint returns the problem and the advice for it.
func (e *damagedCursorError) Hint() *hint.Error { return hint.New(e.problem, fixCursor) }

// IsDamagedCursor reports whether err is about a cursor that cannot be read. A cursor
// of a newer program is not damaged.
func IsDamagedCursor(err error) bool {
	_, ok := errors.AsType[*damagedCursorError](err)
	return ok
}

// RelistAll returns the cursor of a stream that is partly known, but not how far it was
// read: everything created in [from, through) is listed again. A zero from is the
// beginning.
func RelistAll(res Resource, from, through time.Time) (Cursor, error) {
	p := progress{High: through.Unix()}
	if !from.IsZero() {
		p.From = new(from.Unix())
	}
	cursor, err := p.encode()
	if err != nil {
		return "", err
	}
	return cursor.Relist(res, Position{})
}

func (c Cursor) decode() (progress, error) {
	var p progress
	if c == "" {
		return p, nil
	}
	var version struct{ V *int }
	if err := json.Unmarshal([]byte(c), &version); err != nil || version.V == nil {
		return p, &damagedCursorError{"the cursor is damaged"}
	}
	if *version.V < 1 || *version.V > cursorVersion {
		return p, hint.New(fmt.Sprintf("the cursor has version %d, this program reads up to version %d", *version.V, cursorVersion), "use the newer program that wrote it")
	}
	dec := json.NewDecoder(bytes.NewReader([]byte(c)))
	dec.DisallowUnknownFields() // dropping unknown fields would lose them at the next write
	if err := dec.Decode(&p); err != nil {
		return p, &damagedCursorError{fmt.Sprintf("the cursor is damaged (%s)", oneLine(err.Error()))}
	}
	return p, p.check()
}

// check refuses values that encode never writes, before they cause wrong requests.
func (p *progress) check() error {
	for _, w := range p.Windows {
		if w.LT <= 0 || w.GTE != nil && *w.GTE >= w.LT || max(p.Goal, p.High) < w.LT {
			return &damagedCursorError{fmt.Sprintf("the cursor is damaged (window up to %d)", w.LT)}
		}
	}
	if p.High < 0 || p.High == 0 && len(p.Windows) == 0 && p.AsOf == 0 && p.Missing == nil {
		return &damagedCursorError{"the cursor is damaged (it covers nothing)"}
	}
	return nil
}

func (p *progress) encode() (Cursor, error) {
	switch { // the lowest version, for older programs
	case slices.ContainsFunc(p.Missing, func(m missingObject) bool { return m.Unread }):
		p.V = 5
	case p.LookedBack > 0 || len(p.NotFound) > 0:
		p.V = 4
	case len(p.Missing) > 0:
		p.V = 3
	default:
		p.V = 2
	}
	if err := p.check(); err != nil { // never write a cursor that cannot be read
		return "", fmt.Errorf("a cursor that could not be read again was not written, which is a bug in stripelake: %w", err)
	}
	text, err := json.Marshal(p)
	return Cursor(text), err
}

// advance replaces a window by what remains of it.
//
// Invariant 9: High moves only when no window is open any more.
func (p *progress) advance(old window, left []window) {
	i := slices.IndexFunc(p.Windows, old.same)
	p.Windows = slices.Replace(p.Windows, i, i+1, left...)
	if len(p.Windows) == 0 {
		p.Windows = nil
		p.High, p.Goal = max(p.High, p.Goal), 0
	}
}

// same reports whether two windows are the same. The windows of a variant are disjoint,
// so their upper ends differ. A window that continues by created has a lower end than
// before.
func (w window) same(v window) bool {
	return w.LT == v.LT && w.Variant == v.Variant && w.Again == v.Again && w.After == v.After
}

// Position says up to where a stream has followed the changes of its objects.
type Position struct {
	AsOf    int64  // Unix seconds by Stripe's clock: changes before it are read; 0: none
	Segment uint64 // segment of the events log: its hints are followed up to here
}

// Position returns the position up to which the changes of a stream's objects are read.
func (c Cursor) Position() (Position, error) {
	p, err := c.decode()
	return Position{p.AsOf, p.Hints}, err
}

// At returns the cursor of a stream that is read as of a position: a backfill that
// begins now needs no earlier changes.
func (c Cursor) At(at Position) (Cursor, error) {
	p, err := c.decode()
	if err != nil {
		return c, err
	}
	p.AsOf, p.Hints = at.AsOf, at.Segment
	return p.encode()
}

// Missing returns the objects with a 404 that no list showed: one counts as deleted
// once another run gets the same answer. It also returns the objects that are Unread.
func (c Cursor) Missing() ([]Item, error) {
	p, err := c.decode()
	items := make([]Item, len(p.Missing))
	for i, m := range p.Missing {
		items[i].ID, items[i].Unread = m.ID, m.Unread
		if m.Created != nil {
			items[i].Created = time.Unix(*m.Created, 0).UTC()
		}
	}
	return items, err
}

// WithMissing returns the cursor with these missing objects.
func (c Cursor) WithMissing(items []Item) (Cursor, error) {
	p, err := c.decode()
	if err != nil || len(items)+len(p.Missing) == 0 {
		return c, err
	}
	p.Missing = nil
	for _, i := range items {
		m := missingObject{ID: i.ID, Unread: i.Unread}
		if !i.Created.IsZero() {
			m.Created = new(i.Created.Unix())
		}
		p.Missing = append(p.Missing, m)
	}
	return p.encode()
}

// Beyond returns the time (UTC) up to which a cursor claims that its stream was read,
// if that is in the future: an answer had a wrong date. Otherwise it returns zero.
func (c Cursor) Beyond(now time.Time) (time.Time, error) {
	p, err := c.decode()
	furthest := max(p.High, p.Goal, p.AsOf)
	if err != nil || furthest <= now.Add(mostApart).Unix() {
		return time.Time{}, err
	}
	return time.Unix(furthest, 0).UTC(), nil
}

// Rewind returns the cursor of a stream that is read up to a time, in created and in
// changes. It drops what the cursor records about later times: that is listed again.
func (c Cursor) Rewind(to time.Time) (Cursor, error) {
	p, err := c.decode()
	if err != nil {
		return c, err
	}
	top := max(p.High, p.Goal) // below it everything but the windows is read
	if to.IsZero() {
		top = 0
	}
	top = min(top, to.Unix())
	for _, w := range slices.SortedFunc(slices.Values(p.Windows), func(a, b window) int { return cmp.Compare(b.LT, a.LT) }) {
		switch {
		case w.LT <= top || w.Again:
		case w.GTE == nil:
			top = 0
		default:
			top = min(top, *w.GTE)
		}
	}
	p.Windows = slices.DeleteFunc(p.Windows, func(w window) bool { return w.LT > top })
	p.AsOf, p.LookedBack = min(p.AsOf, top), 0
	switch {
	case len(p.Windows) > 0:
		p.High, p.Goal = min(p.High, top), top
	case top <= 0:
		return "", nil // nothing is known to be read
	default:
		p.High, p.Goal, p.Windows = top, 0, nil
	}
	return p.encode()
}

// Fresh reports whether nothing of the stream was ever read.
func (c Cursor) Fresh() (bool, error) {
	p, err := c.decode()
	return p.High == 0 && len(p.Windows) == 0, err
}

// Relisting reports whether a [Cursor.Relist] is under way: its windows are being read,
// or objects that vanished meanwhile must still be looked up.
func (c Cursor) Relisting() (bool, error) {
	p, err := c.decode()
	return p.Relist, err
}

// Relisted ends a [Cursor.Relist].
func (c Cursor) Relisted() (Cursor, error) {
	p, err := c.decode()
	if err != nil {
		return c, err
	}
	p.Relist = false
	return p.encode()
}

// Relist plans to list everything again that is covered, as of a position. It is for a
// stream whose changes were missed for longer than Stripe keeps events. The caller
// records the listed ids and looks up all others with [Client.Reread].
func (c Cursor) Relist(res Resource, at Position) (Cursor, error) {
	p, err := c.decode()
	if err != nil {
		return c, err
	}
	p.AsOf, p.Hints, p.Relist = at.AsOf, at.Segment, true
	p.relist(res.Variants)
	return p.encode()
}
