package schemas

import "strings"

// reserveFormerNames reserves the former names of fields, because each is a column too.
func (l *loader) reserveFormerNames(f *Field, taken map[string]string) {
	for _, name := range f.RenamedFrom {
		lower := strings.ToLower(name)
		before, there := taken[lower]
		switch {
		case !fieldName.MatchString(name):
			l.Report(f.Pos, "S2", "%s is renamed from %q, which no field can be called", f.Name, name)
		case there && before == f.Name:
			l.Report(f.Pos, "S2", "%s is renamed from %s, which is one name to the warehouse :: leave renamed_from out", f.Name, name)
		case there:
			l.Report(f.Pos, "S2", "%s is renamed from %s, and that name is taken by %s :: take one of them out", f.Name, name, before)
		default:
			taken[lower] = f.Name
		}
	}
}

// withFormerNames adds, behind each field that was renamed, a field under each
// of its former names. A query with the old name works until the next major
// version, in which the author removes renamed_from. It runs after the privacy
// rules, so that a column that they drop or hash has no second copy in the
// clear.
func withFormerNames(fields []*Field) []*Field {
	var out []*Field
	for _, f := range fields {
		if inner := f.Type.Inner(); len(inner) > 0 {
			f = f.with(withFormerNames(inner))
		}
		out = append(out, f)
		for _, name := range f.RenamedFrom {
			out = append(out, f.underFormerName(name))
		}
	}
	return out
}

func (f *Field) underFormerName(name string) *Field {
	old := *f
	old.Name, old.FormerOf, old.Status, old.ReplacedBy = name, f.Name, "deprecated", f.Name
	old.Description = strings.TrimSpace("Former name of " + f.Name + ". " + f.Description)
	// Only the field itself has these.
	old.RenamedFrom, old.XDM, old.Identity, old.Ref = nil, nil, "", ""
	return &old
}
