package schemas

import (
	"slices"

	"github.com/stripelake/stripelake/internal/strictyaml"
)

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
func (l *loader) parseLookups(n *strictyaml.Node) []*Lookup {
	items := []*strictyaml.Node{n}
	if n.Kind == strictyaml.List {
		items = n.Items
	}
	var out []*Lookup
	for _, item := range items {
		if lookup := l.lookup(item); lookup != nil {
			out = append(out, lookup)
		}
	}
	return out
}

func (l *loader) lookup(n *strictyaml.Node) *Lookup {
	o := l.Object(n, "a lookup")
	if o == nil {
		return nil
	}
	name := o.Required("lookup", "S2", "write the name that expressions use, for example bnpl_provider")
	lookup := &Lookup{Name: name.Value, Pos: n.Pos}
	lookup.Title = o.Required("title", "S1", "say in a few words what it translates").Value
	lookup.Description = o.Text("description").Value
	rows := o.Get("rows")
	o.ReportUnasked()
	if name.Value != "" && !snakeName.MatchString(name.Value) {
		l.Report(name.Pos, "S2", "lookup %q must be lower case letters, digits and underscores", name.Value)
	}
	if rows == nil || rows.Kind != strictyaml.Mapping || len(rows.Members) == 0 {
		l.Report(n.Pos, "L1", "rows must map keys to values, for example rows: {klarna: klarna}")
		return lookup
	}
	for _, m := range rows.Members {
		if m.Value.Kind != strictyaml.Scalar {
			l.Report(m.Pos, "L1", "the value of %q must be text, is %s", m.Key, m.Value.Kind)
			continue
		}
		if lookup.Name == CurrencyExponents {
			l.checkExponent(m)
		}
		lookup.Rows = append(lookup.Rows, LookupRow{Key: m.Key, Value: m.Value.Text})
	}
	return lookup
}

// checkExponent guards Invariant 10: an unreadable exponent would scale every
// amount of that currency wrongly. Money holds three decimal places.
func (l *loader) checkExponent(m strictyaml.Member) {
	if !slices.Contains([]string{"0", "1", "2", "3"}, m.Value.Text) {
		l.Report(m.Value.Pos, "L2", "the exponent of %s must be 0, 1, 2 or 3, is %q", m.Key, m.Value.Text)
	}
	if len(m.Key) != 3 || m.Key[0] < 'a' || m.Key[0] > 'z' {
		l.Report(m.Pos, "L2", "%q must be a three-letter currency code in lower case, as Stripe sends it", m.Key)
	}
}
