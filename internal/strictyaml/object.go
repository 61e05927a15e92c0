package strictyaml

import (
	"slices"
	"strconv"
	"strings"

	"github.com/stripelake/stripelake/internal/spelling"
)

// Object reads the members of one YAML mapping by name. A key that nobody
// asked for is unknown; the names asked for are suggested for it.
type Object struct {
	*Reporter
	Node     *Node
	asked    []string
	reported []string // keys whose absence has been reported
	meant    []string // keys that unknown ones were probably meant to be
}

// Object returns nil, after it has reported it, when n is not a mapping.
func (r *Reporter) Object(n *Node, what string) *Object {
	if n.Kind != Mapping {
		r.Report(n.Pos, "Y4", "%s must be a mapping of keys to values, is %s", what, n.Kind)
		return nil
	}
	return &Object{Reporter: r, Node: n}
}

// Get returns the value of a key. A key without a value counts as absent here;
// [Object.ReportUnasked] reports it.
func (o *Object) Get(key string) *Node {
	o.asked = append(o.asked, key)
	if m := o.Member(key); m != nil && m.Value.Kind != Null {
		return m.Value
	}
	return nil
}

// IsMissing reports that a key is not there at all. A key with an unreadable
// value is there, and after [Object.ReportUnasked] so is a misspelt one.
func (o *Object) IsMissing(key string) bool {
	return o.Member(key) == nil && !slices.Contains(o.Node.unreadable, key) && !slices.Contains(o.meant, key)
}

// Member returns a key with its value, or nil where the key is not there or its value
// is unreadable.
func (o *Object) Member(key string) *Member {
	if i := slices.IndexFunc(o.Node.Members, func(m Member) bool { return m.Key == key }); i >= 0 {
		return &o.Node.Members[i]
	}
	return nil
}

// Text returns a scalar, or the zero Text.
func (o *Object) Text(key string) Text {
	n := o.Get(key)
	if n == nil {
		return Text{}
	}
	if n.Kind != Scalar {
		o.Report(n.Pos, "Y4", "%s must be text, is %s", key, n.Kind)
		return Text{}
	}
	return Text{Value: strings.TrimSpace(n.Text), Pos: n.Pos}
}

// Required returns the text of a key that must be there.
func (o *Object) Required(key, code, hint string) Text {
	t := o.Text(key)
	m := o.Member(key)
	switch {
	case t.Value != "":
	case o.IsMissing(key):
		o.Problems = append(o.Problems, lacking(o.Node.Pos, code, key, hint))
	case m != nil && (m.Value.Kind == Null || m.Value.Kind == Scalar):
		o.reported = append(o.reported, key)
		o.Report(m.Pos, code, "%s is empty :: %s", key, hint)
	}
	return t
}

// Choice returns text that must be one of the allowed words. The first is the
// default.
func (o *Object) Choice(key string, allowed ...string) string {
	t := o.Text(key)
	if t.Value == "" {
		return allowed[0]
	}
	if !slices.Contains(allowed, t.Value) {
		o.Report(t.Pos, "S12", "%s must be %s, is %q%s", key, OrList(allowed), t.Value, spelling.Suggestion(t.Value, allowed))
		return allowed[0]
	}
	return t.Value
}

// Boolean returns true or false, or absent where there is no such key.
func (o *Object) Boolean(key string, absent bool) bool {
	t := o.Text(key)
	switch t.Value {
	case "":
		return absent
	case "true", "false":
		return t.Value == "true"
	}
	o.Report(t.Pos, "S12", "%s must be true or false, is %q", key, t.Value)
	return absent
}

// Positive returns a whole number above 0, or 0 where there is no such key.
func (o *Object) Positive(key string) int {
	t := o.Text(key)
	if t.Value == "" {
		return 0
	}
	n, err := strconv.Atoi(t.Value)
	if err != nil || n < 1 {
		o.Report(t.Pos, "S12", "%s must be a whole number above 0, is %q", key, t.Value)
		return 0
	}
	return n
}

// Texts returns the scalars of a list. A single scalar counts as a list of one.
func (o *Object) Texts(key string) []Text {
	n := o.Get(key)
	if n == nil {
		return nil
	}
	if n.Kind == Scalar && n.Text != "" {
		return []Text{{Value: n.Text, Pos: n.Pos}}
	}
	if n.Kind != List {
		o.Report(n.Pos, "Y4", "%s must be a list of names, is %s", key, n.Kind)
		return nil
	}
	if len(n.Items) == 0 {
		o.Report(n.Pos, "Y4", "%s lists nothing :: name one, or leave it out", key)
	}
	var out []Text
	for _, item := range n.Items {
		if item.Kind != Scalar || item.Text == "" {
			o.Report(item.Pos, "Y4", "%s must list names, holds %s", key, item.Kind)
			continue
		}
		if slices.ContainsFunc(out, func(t Text) bool { return t.Value == item.Text }) {
			o.Report(item.Pos, "Y2", "%q is listed twice in %s :: keep one", item.Text, key)
			continue
		}
		out = append(out, Text{Value: item.Text, Pos: item.Pos})
	}
	return out
}

// ReportUnasked reports the keys that nobody asked for and those without a
// value. A key that is misspelt is one mistake: that it is missing is not reported.
func (o *Object) ReportUnasked() {
	for _, m := range o.Node.Members {
		if slices.Contains(o.asked, m.Key) {
			if m.Value.Kind == Null && !slices.Contains(o.reported, m.Key) {
				o.Report(m.Pos, "Y4", "%s has no value", m.Key)
			}
			continue
		}
		hint := ""
		if near := spelling.Nearest(m.Key, o.asked); near != "" {
			o.takeForMisspelt(near)
			hint = spelling.Question + near + "?"
		}
		if m.Value.Kind == Null && hint == "" {
			hint = "; inside {…} an unquoted comma begins a new key: quote the text before it"
		}
		o.Report(m.Pos, "Y5", "unknown key %q%s", m.Key, hint)
	}
}

// takeForMisspelt notes that a missing key is there under another name.
func (o *Object) takeForMisspelt(key string) {
	if o.IsMissing(key) {
		o.meant = append(o.meant, key)
		o.Problems = slices.DeleteFunc(o.Problems, func(p Problem) bool { return p.Pos == o.Node.Pos && p.lacks == key })
	}
}

// Values returns texts without their places.
func Values(texts []Text) []string {
	var out []string
	for _, t := range texts {
		out = append(out, t.Value)
	}
	return out
}

// OrList joins words for a message: "a, b or c".
func OrList(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " or " + words[len(words)-1]
}
