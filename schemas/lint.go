package schemas

import (
	"fmt"
	"slices"
	"strings"
)

// personalNames are names of fields that hold personal data more often than not.
var personalNames = map[string]bool{
	"email": true, "phone": true, "line1": true, "line2": true, "last4": true, "ip": true, "ip_address": true,
	"birthday": true, "date_of_birth": true, "dob": true, "tax_id": true, "ssn": true, "iban": true,
}

// lint collects what is worth a look.
func lint(set *Set) Problems {
	var found Problems
	seen := map[*Field]bool{}
	var walk func(fields []*Field, labelled bool)
	walk = func(fields []*Field, labelled bool) {
		// A name is somebody's where an address or a phone number stands beside it.
		somebody := slices.ContainsFunc(fields, func(f *Field) bool { return f.Name == "email" || f.Name == "phone" || f.Name == "address" })
		for _, f := range fields {
			name, covered := strings.ToLower(f.Name), labelled || f.Label != ""
			personal := personalNames[name] || somebody && name == "name" || strings.HasSuffix(name, "_email") || strings.HasSuffix(name, "_phone")
			if personal && !covered && f.Type.Kind == String && !seen[f] {
				found = append(found, Problem{f.Pos, "S4", fmt.Sprintf("%s looks like personal data: add label: pii, or label: sensitive if it is none", f.Name)})
			}
			seen[f] = true
			walk(f.Type.Fields, covered)
			if f.Type.Elem != nil {
				walk(f.Type.Elem.Fields, covered)
			}
		}
	}
	for _, s := range set.Schemas {
		walk(s.Fields, false)
	}
	return found
}
