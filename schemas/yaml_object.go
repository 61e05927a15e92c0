package schemas

import (
	"slices"
	"strconv"
	"strings"
)

// yamlObject reads the members of one YAML mapping by name. A key that nobody
// asked for is unknown; the names asked for are suggested for it.
type yamlObject struct {
	*reporter
	node     *yamlNode
	asked    []string
	reported []string // keys whose absence has been reported
}

// yamlObject returns nil, after it has reported it, when n is not a mapping.
func (r *reporter) yamlObject(n *yamlNode, what string) *yamlObject {
	if n.kind != mappingNode {
		r.report(n.pos, "Y4", "%s must be a mapping of keys to values, is %s", what, n.kind)
		return nil
	}
	return &yamlObject{reporter: r, node: n}
}

// get returns the value of a key. A key without a value counts as absent here;
// reportUnasked reports it.
func (o *yamlObject) get(key string) *yamlNode {
	o.asked = append(o.asked, key)
	if m := o.member(key); m != nil && m.value.kind != nullNode {
		return m.value
	}
	return nil
}

// isMissing reports that a key is not there at all. A key with an unreadable
// value is there.
func (o *yamlObject) isMissing(key string) bool {
	return o.member(key) == nil && !slices.Contains(o.node.unreadable, key)
}

func (o *yamlObject) member(key string) *yamlMember {
	if i := slices.IndexFunc(o.node.members, func(m yamlMember) bool { return m.key == key }); i >= 0 {
		return &o.node.members[i]
	}
	return nil
}

// text returns a scalar, or the zero Text.
func (o *yamlObject) text(key string) Text {
	n := o.get(key)
	if n == nil {
		return Text{}
	}
	if n.kind != scalarNode {
		o.report(n.pos, "Y4", "%s must be text, is %s", key, n.kind)
		return Text{}
	}
	return Text{Value: strings.TrimSpace(n.text), Pos: n.pos}
}

// required returns the text of a key that must be there.
func (o *yamlObject) required(key, code, hint string) Text {
	t := o.text(key)
	m := o.member(key)
	switch {
	case t.Value != "":
	case o.isMissing(key):
		o.report(o.node.pos, code, "%s is missing: %s", key, hint)
	case m != nil && (m.value.kind == nullNode || m.value.kind == scalarNode):
		o.reported = append(o.reported, key)
		o.report(m.pos, code, "%s is empty: %s", key, hint)
	}
	return t
}

// choice returns text that must be one of the allowed words. The first is the
// default.
func (o *yamlObject) choice(key string, allowed ...string) string {
	t := o.text(key)
	if t.Value == "" {
		return allowed[0]
	}
	if !slices.Contains(allowed, t.Value) {
		o.report(t.Pos, "S12", "%s must be %s, is %q%s", key, orList(allowed), t.Value, suggestion(t.Value, allowed))
		return allowed[0]
	}
	return t.Value
}

func (o *yamlObject) boolean(key string, absent bool) bool {
	t := o.text(key)
	switch t.Value {
	case "":
		return absent
	case "true", "false":
		return t.Value == "true"
	}
	o.report(t.Pos, "S12", "%s must be true or false, is %q", key, t.Value)
	return absent
}

func (o *yamlObject) positive(key string) int {
	t := o.text(key)
	if t.Value == "" {
		return 0
	}
	n, err := strconv.Atoi(t.Value)
	if err != nil || n < 1 {
		o.report(t.Pos, "S12", "%s must be a whole number above 0, is %q", key, t.Value)
		return 0
	}
	return n
}

// texts returns the scalars of a list. A single scalar counts as a list of one.
func (o *yamlObject) texts(key string) []Text {
	n := o.get(key)
	if n == nil {
		return nil
	}
	if n.kind == scalarNode && n.text != "" {
		return []Text{{Value: n.text, Pos: n.pos}}
	}
	if n.kind != listNode {
		o.report(n.pos, "Y4", "%s must be a list of names, is %s", key, n.kind)
		return nil
	}
	if len(n.items) == 0 {
		o.report(n.pos, "Y4", "%s lists nothing: name one, or leave it out", key)
	}
	var out []Text
	for _, item := range n.items {
		if item.kind != scalarNode || item.text == "" {
			o.report(item.pos, "Y4", "%s must list names, holds %s", key, item.kind)
			continue
		}
		if slices.ContainsFunc(out, func(t Text) bool { return t.Value == item.text }) {
			o.report(item.pos, "Y2", "%q is listed twice in %s: keep one", item.text, key)
			continue
		}
		out = append(out, Text{Value: item.text, Pos: item.pos})
	}
	return out
}

// reportUnasked reports the keys that nobody asked for and those without a
// value.
func (o *yamlObject) reportUnasked() {
	for _, m := range o.node.members {
		if slices.Contains(o.asked, m.key) {
			if m.value.kind == nullNode && !slices.Contains(o.reported, m.key) {
				o.report(m.pos, "Y4", "%s has no value", m.key)
			}
			continue
		}
		hint := suggestion(m.key, o.asked)
		if m.value.kind == nullNode && hint == "" {
			hint = "; inside {…} an unquoted comma begins a new key: quote the text before it"
		}
		o.report(m.pos, "Y5", "unknown key %q%s", m.key, hint)
	}
}

func textValues(texts []Text) []string {
	var out []string
	for _, t := range texts {
		out = append(out, t.Value)
	}
	return out
}

// orList joins words for a message: "a, b or c".
func orList(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " or " + words[len(words)-1]
}
