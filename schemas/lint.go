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
		unlabelled(s.Fields, s.Table, func(_ string, f *Field) { r.problems = append(r.problems, looksUnlabelled(f)) })
		if sound && !slices.ContainsFunc(set.Mappings, func(m *Mapping) bool { return m.Schema == s }) {
			r.report(s.Pos, "S13", "no mapping fills %s: it gets no rows; add one under mappings/stripe, or remove the schema", s.Table)
		}
	}
	return r.inFileOrder()
}

// unlabelled calls f for each field that looks personal and has no label, neither
// of its own nor of an object around it. Counts, flags and amounts are nobody's.
func unlabelled(fields []*Field, path string, f func(path string, field *Field)) {
	// A name is somebody's where an address or a phone number stands beside it.
	somebody := slices.ContainsFunc(fields, func(f *Field) bool { return f.Name == "email" || f.Name == "phone" || f.Name == "address" })
	for _, field := range fields {
		switch field.Type.Kind {
		case "", Boolean, Money, Decimal, Number, Map:
			continue
		}
		at := path + "." + field.Name
		personal := LooksPersonal(at) || somebody && field.Name == "name"
		switch {
		case field.Label != "", field.NotPersonal != "", field.FormerOf != "": // and so are its members
		case personal:
			f(at, field)
		default:
			unlabelled(field.Type.Inner(), at, f)
		}
	}
}

// looksUnlabelled is what the warning S4 says of a field.
func looksUnlabelled(f *Field) Problem {
	return Problem{f.Pos, "S4", f.Name + " looks like personal data: add label: pii, label: sensitive, or not_personal with the reason"}
}

// Unlabelled parts the set's warnings. Where its policy does not keep personal
// data, a column that looks personal, has no label and no reason, and is not in
// the other set, the lake's, is a mistake: nobody decided about it.
func (s *Set) Unlabelled(present *Set) (mistakes, warnings Problems) {
	if s.Privacy.KeepsAll() {
		return nil, s.Warnings()
	}
	known := map[string]bool{}
	for _, table := range present.Schemas {
		unlabelled(table.Fields, table.Table, func(path string, _ *Field) { known[path] = true })
	}
	r := &reporter{}
	for _, table := range s.Schemas {
		unlabelled(table.Fields, table.Table, func(path string, f *Field) {
			if !known[path] {
				r.problems = append(r.problems, looksUnlabelled(f))
			}
		})
	}
	mistakes = r.inFileOrder()
	return mistakes, slices.DeleteFunc(s.Warnings(), func(p Problem) bool { return slices.Contains(mistakes, p) })
}
