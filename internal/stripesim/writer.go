package stripesim

import (
	"slices"
	"strconv"
)

// A writer appends JSON that is pretty-printed as Stripe does it: two spaces a
// level, one space after a colon, {} and [] when empty.
type writer struct {
	buf   []byte
	depth int
	empty bool // nothing yet in the innermost object or list
	view
	moment   moment
	expanded []string // the references that the request wants as objects
}

// A view is the state of an object that is written, and the form.
type view struct {
	at      int64  // the state is as of this time
	version string // of the API
	edits   int    // the number of explicit updates that have happened; allEdits for all until at
	newborn bool   // a subscription before its first payment, in the second of its creation
	tiers   bool   // Stripe: a price shows its tiers only if asked to
	options bool   // and its amounts in further currencies too
	refunds bool   // and a charge its refunds
}

const allEdits = -1

func viewOf(at int64) view { return view{at: at, version: Version, edits: allEdits} }

func newWriter(v view) *writer { return &writer{empty: true, view: v} }

func (w *writer) reset(v view) {
	w.buf, w.depth, w.empty, w.view, w.expanded = w.buf[:0], 0, true, v, nil
}

const indentation = "                                "

// expand makes the view show the members that a request asked for.
func (w *writer) expand(names []string) {
	w.tiers = slices.Contains(names, "tiers")
	w.options = slices.Contains(names, "currency_options")
	w.refunds = slices.Contains(names, "refunds")
	w.expanded = names
}

// line begins a new line for the next member or element.
func (w *writer) line() {
	if !w.empty {
		w.buf = append(w.buf, ',')
	}
	w.empty = false
	w.newline()
}

func (w *writer) newline() {
	w.buf = append(w.buf, '\n')
	w.buf = append(w.buf, indentation[:2*w.depth]...)
}

// key begins a member of an object. The package chooses all keys, so they need
// no escaping.
func (w *writer) key(k string) {
	w.line()
	w.buf = append(w.buf, '"')
	w.buf = append(w.buf, k...)
	w.buf = append(w.buf, `": `...)
}

func (w *writer) open(c byte) {
	w.buf = append(w.buf, c)
	w.depth++
	w.empty = true
}

func (w *writer) close(c byte) {
	w.depth--
	if !w.empty {
		w.newline()
	}
	w.empty = false
	w.buf = append(w.buf, c)
}

func (w *writer) object(k string) { w.key(k); w.open('{') }
func (w *writer) list(k string)   { w.key(k); w.open('[') }
func (w *writer) end()            { w.close('}') }
func (w *writer) endList()        { w.close(']') }

func (w *writer) null(k string)         { w.key(k); w.buf = append(w.buf, "null"...) }
func (w *writer) bool(k string, v bool) { w.key(k); w.buf = strconv.AppendBool(w.buf, v) }
func (w *writer) int(k string, v int64) { w.key(k); w.buf = appendInt(w.buf, v) }
func (w *writer) str(k, v string)       { w.key(k); w.buf = appendQuoted(w.buf, v) }
func (w *writer) emptyObject(k string)  { w.object(k); w.end() }
func (w *writer) emptyList(k string)    { w.list(k); w.endList() }
func (w *writer) nulls(keys ...string) {
	for _, k := range keys {
		w.null(k)
	}
}

// strOrNull writes null for "".
func (w *writer) strOrNull(k, v string) {
	if v == "" {
		w.null(k)
		return
	}
	w.str(k, v)
}

// timeOrNull writes null for 0.
func (w *writer) timeOrNull(k string, at int64) {
	if at == 0 {
		w.null(k)
		return
	}
	w.int(k, at)
}

// quote begins a string value that the caller appends and ends with unquote.
func (w *writer) quote(k string) { w.key(k); w.buf = append(w.buf, '"') }
func (w *writer) unquote()       { w.buf = append(w.buf, '"') }

// pair writes a member whose key may contain anything, as in metadata.
func (w *writer) pair(k, v string) {
	w.line()
	w.buf = appendQuoted(w.buf, k)
	w.buf = append(w.buf, ": "...)
	w.buf = appendQuoted(w.buf, v)
}

func appendInt(b []byte, v int64) []byte { return strconv.AppendInt(b, v, 10) }

// appendMillionths appends n/1,000,000 exactly, without zeros at the end.
func appendMillionths(b []byte, n int64) []byte {
	b = appendInt(b, n/1_000_000)
	rest := n % 1_000_000
	if rest > 0 {
		b = append(b, '.')
	}
	for unit := int64(100_000); rest > 0; unit /= 10 {
		b = append(b, '0'+byte(rest/unit))
		rest %= unit
	}
	return b
}

const hexDigits = "0123456789abcdef"

// appendQuoted appends a quoted string of valid UTF-8. Characters that are not
// ASCII stay as they are.
func appendQuoted(b []byte, s string) []byte {
	b = append(b, '"')
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		case c == '\n':
			b = append(b, '\\', 'n')
		case c < ' ':
			b = append(b, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		default:
			b = append(b, c)
		}
	}
	return append(b, '"')
}
