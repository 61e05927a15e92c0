package schemas

import "slices"

// CurrencyExponents is the lookup for money(…): the decimal places of Stripe's integer
// amounts by lower-case currency code, if not 2.
const CurrencyExponents = "currency_exponent"

// Value returns the value of a key, or false if there is none.
func (l *Lookup) Value(key string) (string, bool) {
	i := slices.IndexFunc(l.Rows, func(r LookupRow) bool { return r.Key == key })
	if i < 0 {
		return "", false
	}
	return l.Rows[i].Value, true
}

// parseLookups reads a file with one lookup or a list of them.
func (l *loader) parseLookups(n *yamlNode) []*Lookup {
	items := []*yamlNode{n}
	if n.kind == listNode {
		items = n.items
	}
	var out []*Lookup
	for _, item := range items {
		if lookup := l.lookup(item); lookup != nil {
			out = append(out, lookup)
		}
	}
	return out
}

func (l *loader) lookup(n *yamlNode) *Lookup {
	o := l.yamlObject(n, "a lookup")
	if o == nil {
		return nil
	}
	name := o.required("lookup", "S2", "write the name that expressions use, for example bnpl_provider")
	lookup := &Lookup{Name: name.Value, Pos: n.pos}
	lookup.Title = o.required("title", "S1", "say in a few words what it translates").Value
	lookup.Description = o.text("description").Value
	rows := o.get("rows")
	o.reportUnasked()
	if name.Value != "" && !snakeName.MatchString(name.Value) {
		l.report(name.Pos, "S2", "lookup %q must be lower case letters, digits and underscores", name.Value)
	}
	if rows == nil || rows.kind != mappingNode || len(rows.members) == 0 {
		l.report(n.pos, "L1", "rows must map keys to values, for example rows: {klarna: klarna}")
		return lookup
	}
	for _, m := range rows.members {
		if m.value.kind != scalarNode {
			l.report(m.pos, "L1", "the value of %q must be text, is %s", m.key, m.value.kind)
			continue
		}
		if lookup.Name == CurrencyExponents {
			l.checkExponent(m)
		}
		lookup.Rows = append(lookup.Rows, LookupRow{Key: m.key, Value: m.value.text})
	}
	return lookup
}

// checkExponent guards Invariant 10: an unreadable exponent would scale every
// amount of that currency wrongly. Money holds three decimal places.
func (l *loader) checkExponent(m yamlMember) {
	if !slices.Contains([]string{"0", "1", "2", "3"}, m.value.text) {
		l.report(m.value.pos, "L2", "the exponent of %s must be 0, 1, 2 or 3, is %q", m.key, m.value.text)
	}
	if len(m.key) != 3 || m.key[0] < 'a' || m.key[0] > 'z' {
		l.report(m.pos, "L2", "%q must be a three-letter currency code in lower case, as Stripe sends it", m.key)
	}
}
