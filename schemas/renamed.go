package schemas

import (
	"slices"
	"strings"

	"github.com/stripelake/stripelake/internal/spelling"
	"github.com/stripelake/stripelake/internal/strictyaml"
)

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

// UnknownFormerNames returns a warning S15 for each former name that is no column of
// the present set, which a lake was built with. The column that was meant would be
// removed, and one that nobody asks for would be there. Tables that are new are left
// out.
func (s *Set) UnknownFormerNames(present *Set) Problems {
	r := &strictyaml.Reporter{}
	for _, table := range s.Schemas {
		if before := present.Table(table.Table); before != nil {
			present.unknownFormer(r, table.Table, before.Fields, table.Fields)
		}
	}
	return r.InFileOrder()
}

// unknownFormer compares the fields of one object, and of those inside it, with the
// present ones. A field that the present policy drops was a column of the set.
func (s *Set) unknownFormer(r *strictyaml.Reporter, path string, before, fields []*Field) {
	var gone []string
	for _, f := range before {
		if named(fields, f.Name) == nil {
			gone = append(gone, f.Name)
		}
	}
	for _, f := range fields {
		if f.FormerOf != "" {
			continue
		}
		old := named(before, f.Name)
		for _, name := range f.RenamedFrom {
			if was := named(before, name); was != nil {
				old = was
			} else if !slices.Contains(s.labelled, path+"."+name) {
				reportFormer(r, f, path, name, gone)
			}
		}
		if old != nil {
			s.unknownFormer(r, path+"."+old.Name, old.Type.Inner(), f.Type.Inner())
		}
	}
}

// reportFormer says what a field was probably renamed from: a column that is gone.
func reportFormer(r *strictyaml.Reporter, f *Field, path, name string, gone []string) {
	const wrong = "%s is renamed from %s, and in the lake %s has no such column"
	switch near := spelling.Suggestion(name, gone); {
	case near != "":
		r.Report(f.Pos, "S15", wrong+"%s", f.Name, name, path, near)
	case len(gone) > 0:
		r.Report(f.Pos, "S15", wrong+" :: write one of those that would be removed (%s), or leave renamed_from out", f.Name, name, path, strings.Join(gone, ", "))
	default:
		r.Report(f.Pos, "S15", wrong+" :: leave renamed_from out", f.Name, name, path)
	}
}

// named returns the field of a name, which the warehouse reads in any case.
func named(fields []*Field, name string) *Field {
	return find(fields, func(f *Field) bool { return strings.EqualFold(f.Name, name) })
}
