package schemas

import (
	"regexp"
	"slices"
	"strings"

	"github.com/stripelake/stripelake/internal/strictyaml"
)

var (
	// A name that ends in one of these is mostly personal.
	personalEnds = []string{
		"email", "emails", "phone", "phones", "mobile", "surname", "street", "line1", "line2", "postal code", "zip code",
		"last4", "ip", "ip address", "tax id", "ssn", "iban", "passport", "dob", "birthday", "birthdate",
		"first name", "middle name", "last name", "full name", "given name", "family name", "maiden name",
	}
	// A name directly behind one of these is a person's: customer_name, shipping.name.
	people = []string{
		"customer", "client", "buyer", "payer", "owner", "holder", "cardholder", "recipient", "person", "contact",
		"user", "guest", "member", "patient", "employee", "billing", "shipping", "address", "verified", "customers", "persons", "contacts", "users",
	}
	words = regexp.MustCompile(`[A-Z]?[a-z0-9]+|[A-Z]+`)
)

// LooksPersonal reports whether a field is personal data by its name. The path shows
// whose it is: "customers.name" is a person's, "prices.name" is not. The result only
// suggests a second look.
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

// lint collects warnings. sound reports that the set has no mistakes: otherwise a
// mapping may only seem to be missing.
func lint(set *Set, sound bool) Problems {
	r := &strictyaml.Reporter{}
	for _, s := range set.Schemas {
		unlabelled(s.Fields, s.Table, func(_ string, f *Field) { r.Problems = append(r.Problems, looksUnlabelled(f)) })
		flatCollisions(r, s)
		if sound && !slices.ContainsFunc(set.Mappings, func(m *Mapping) bool { return m.Schema == s }) {
			r.Report(s.Pos, "S13", "no mapping fills %s: it gets no rows; add one under mappings/stripe, or remove the schema", s.Table)
		}
	}
	for _, m := range set.Mappings {
		if one, known := set.Resources.Of(m.Source.Object); sound && (!known || one.List.Path == "") {
			r.Report(m.Pos, "S13", "no resource lists objects of the kind %s: %s gets no rows; add one under resources, or remove the mapping", m.Source.Object, m.Name)
		}
	}
	return r.InFileOrder()
}

// unlabelled calls f for each field that looks personal and has no label, neither of
// its own nor of an object around it. Counts, flags and amounts are not personal.
func unlabelled(fields []*Field, path string, f func(path string, field *Field)) {
	// A name is a person's if the object also has an address or a phone number.
	somebody := slices.ContainsFunc(fields, func(f *Field) bool { return f.Name == "email" || f.Name == "phone" || f.Name == "address" })
	for _, field := range fields {
		switch field.Type.Kind {
		case "", Boolean, Money, Decimal, Number, Map:
			continue
		}
		at := path + "." + field.Name
		personal := LooksPersonal(at) || somebody && field.Name == "name"
		switch {
		case field.Label != "", field.NotPersonal != "", field.FormerOf != "": // applies to its members, too
		case personal:
			f(at, field)
		default:
			unlabelled(field.Type.Inner(), at, f)
		}
	}
}

// looksUnlabelled returns the warning S4 about a field.
func looksUnlabelled(f *Field) Problem {
	return strictyaml.NewProblem(f.Pos, "S4", "%s looks like personal data :: add label: pii, label: sensitive, or not_personal with the reason", f.Name)
}

// Unlabelled divides the set's warnings. If its policy does not keep personal data, a
// column is a mistake if it looks personal, has no label and no reason, and is not in
// the lake's present set: nobody decided about it.
func (s *Set) Unlabelled(present *Set) (mistakes, warnings Problems) {
	if s.Privacy.KeepsAll() {
		return nil, s.Warnings()
	}
	known := map[string]bool{}
	for _, table := range present.Schemas {
		unlabelled(table.Fields, table.Table, func(path string, _ *Field) { known[path] = true })
	}
	r := &strictyaml.Reporter{}
	for _, table := range s.Schemas {
		unlabelled(table.Fields, table.Table, func(path string, f *Field) {
			if !known[path] {
				r.Problems = append(r.Problems, looksUnlabelled(f))
			}
		})
	}
	mistakes = r.InFileOrder()
	return mistakes, slices.DeleteFunc(s.Warnings(), func(p Problem) bool { return slices.Contains(mistakes, p) })
}
