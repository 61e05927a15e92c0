package schemas

import (
	"regexp"
	"slices"
	"strings"
)

var (
	// What ends in one of these is somebody's more often than not.
	personalEnds = []string{
		"email", "emails", "phone", "phones", "mobile", "surname", "street", "line1", "line2", "postal code", "zip code",
		"last4", "ip", "ip address", "tax id", "ssn", "iban", "passport", "dob", "birthday", "birthdate",
		"first name", "middle name", "last name", "full name", "given name", "family name", "maiden name",
	}
	// A name right behind one of these is a person's: customer_name, shipping.name.
	people = []string{
		"customer", "client", "buyer", "payer", "owner", "holder", "cardholder", "recipient", "person", "contact",
		"user", "guest", "member", "patient", "employee", "billing", "shipping", "address", "verified", "customers", "persons", "contacts", "users",
	}
	words = regexp.MustCompile(`[A-Z]?[a-z0-9]+|[A-Z]+`)
)

// LooksPersonal reports whether a field is personal data by its name, of which
// the path shows whose it is: "customers.name" is a person's, "prices.name" is
// not. It asks for a second look and decides nothing.
func LooksPersonal(path string) bool {
	said := words.FindAllString(path, -1)
	for i := range said {
		said[i] = strings.ToLower(said[i])
	}
	if len(said) == 0 {
		return false
	}
	own := path[strings.LastIndexByte(path, '.')+1:]
	for _, word := range words.FindAllString(own, -1) {
		if strings.HasPrefix(strings.ToLower(word), "birth") {
			return true
		}
	}
	text := " " + strings.Join(said, " ")
	if slices.ContainsFunc(personalEnds, func(end string) bool { return strings.HasSuffix(text, " "+end) }) {
		return true
	}
	before := said[:len(said)-1]
	if n := len(before); n > 0 && (before[n-1] == "details" || before[n-1] == "info") {
		before = before[:n-1]
	}
	return said[len(said)-1] == "name" && len(before) > 0 && slices.Contains(people, before[len(before)-1])
}

// lint collects what is worth a look. In a set with mistakes a mapping may only
// seem to be missing.
func lint(set *Set, sound bool) Problems {
	r := &reporter{}
	for _, s := range set.Schemas {
		r.unlabelled(s.Fields, s.Table)
		if sound && !slices.ContainsFunc(set.Mappings, func(m *Mapping) bool { return m.Schema == s }) {
			r.report(s.Pos, "S13", "no mapping fills %s: it gets no rows; add one under mappings/stripe, or remove the schema", s.Table)
		}
	}
	return r.inFileOrder()
}

// unlabelled warns of fields that look personal and have no label, neither of
// their own nor of an object around them (S4). Counts, flags and amounts are
// nobody's.
func (r *reporter) unlabelled(fields []*Field, path string) {
	// A name is somebody's where an address or a phone number stands beside it.
	somebody := slices.ContainsFunc(fields, func(f *Field) bool { return f.Name == "email" || f.Name == "phone" || f.Name == "address" })
	for _, f := range fields {
		switch f.Type.Kind {
		case "", Boolean, Money, Decimal, Number, Map:
			continue
		}
		at := path + "." + f.Name
		personal := LooksPersonal(at) || somebody && f.Name == "name"
		switch {
		case f.Label != "": // and so are its members
		case personal:
			r.report(f.Pos, "S4", "%s looks like personal data: add label: pii, or label: sensitive if it is none", f.Name)
		default:
			r.unlabelled(members(f.Type), at)
		}
	}
}

// members are the fields inside an object or the elements of a list.
func members(t Type) []*Field {
	if t.Elem != nil {
		return t.Elem.Fields
	}
	return t.Fields
}
