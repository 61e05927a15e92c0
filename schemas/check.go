package schemas

import "github.com/stripelake/stripelake/internal/spelling"

// checkSet checks the rules between files.
func (l *loader) checkSet(set *Set) {
	if len(set.Schemas) == 0 && len(l.Problems) == 0 {
		l.Report(Pos{File: schemasDir, Line: 1, Col: 1}, "Y6", "no schema files: a set has at least one file under %s/", schemasDir)
	}
	l.checkNames(set)
	names := schemaNames(set)
	for _, s := range set.Schemas {
		l.checkRefs(set, names, s.Fields)
	}
	for _, t := range l.targets {
		l.resolveTarget(set, names, t)
	}
	for _, m := range set.Mappings {
		l.checkSeenAt(m)
	}
	l.checkLateColumns(set)
	l.checkExponents(set)
}

// checkLateColumns reports columns that the table of a resource lacks. The shipped
// resources may go with other tables.
func (l *loader) checkLateColumns(set *Set) {
	if !set.OwnResources {
		return
	}
	for _, r := range set.Resources.all {
		table := set.Table(r.Name)
		for _, column := range r.places.late {
			if table != nil && table.Fields != nil && FieldAt(table.Fields, column.Value) == nil {
				l.Report(column.Pos, "R6", "%s has no column %s%s", r.Name, column.Value, spelling.Suggestion(column.Value, fieldNames(table.Fields)))
			}
		}
	}
}

// checkNames reports names that are declared twice.
func (l *loader) checkNames(set *Set) {
	first := map[string]Pos{}
	once := func(what, name string, at Pos) {
		key := what + " " + name
		if before, ok := first[key]; ok && name != "" {
			l.Report(at, "S11", "%s is declared twice (also in %s)", key, before.File)
			return
		}
		first[key] = at
	}
	for _, s := range set.Schemas {
		once("schema", s.Name, s.Pos)
		once("table", s.Table, s.Pos)
	}
	for _, s := range set.Schemas {
		if taken := set.Table(s.HistoryTable()); s.History && taken != nil {
			l.Report(s.Pos, "S14", "the history of %s would be called %s, as is the table in %s :: give that another name, or take history out",
				s.Table, taken.Table, taken.Pos.File)
		}
	}
	for _, lookup := range set.Lookups {
		once("lookup", lookup.Name, lookup.Pos)
	}
	for _, m := range set.Mappings {
		once("mapping", m.Name, m.Pos)
	}
}

// checkRefs checks that references name a schema of the set.
func (l *loader) checkRefs(set *Set, names []string, fields []*Field) {
	for _, f := range fields {
		if f.Ref != "" && set.Schema(f.Ref) == nil {
			l.reportUnknown(names, f.Ref, f.Pos, "S5", "%s refers to %q, which is not a schema%s", f.Name, f.Ref)
		}
		if f.ReplacedBy != "" && find(fields, func(o *Field) bool { return o.Name == f.ReplacedBy }) == nil {
			l.Report(f.Pos, "S5", "%s is replaced by %q, which is not a field beside it%s", f.Name, f.ReplacedBy, spelling.Suggestion(f.ReplacedBy, fieldNames(fields)))
		}
		l.checkRefs(set, names, f.Type.Inner())
	}
}

// reportUnknown reports a name that is not among the known ones. Where a schema could not
// be read, the name may be of that: then that mistake alone is reported.
func (l *loader) reportUnknown(known []string, name string, at Pos, code, format string, args ...any) {
	near := spelling.Suggestion(name, known)
	if near != "" || !l.unknown {
		l.Report(at, code, format, append(args, near)...)
	}
}

func (l *loader) resolveTarget(set *Set, names []string, t targetRef) {
	if t.mapping.Target == "" {
		return
	}
	parts := targetName.FindStringSubmatch(t.mapping.Target)
	if parts == nil {
		l.Report(t.at, "M11", "target %q must be a schema and its major version, for example stripe.charge@1", t.mapping.Target)
		return
	}
	s := set.Schema(parts[1])
	if s == nil {
		l.reportUnknown(names, parts[1], t.at, "M11", "target %s is not a schema%s", parts[1])
		return
	}
	if major := majorOf(s.Version); major != parts[2] {
		l.Report(t.at, "M11", "%s is at version %s :: write %s@%s, and check what changed", s.Name, s.Version, s.Name, major)
		return
	}
	t.mapping.Schema = s
}

// checkExponents guards Invariant 10: without the lookup every currency would count as
// one with two decimal places.
func (l *loader) checkExponents(set *Set) {
	if set.Lookup(CurrencyExponents) != nil {
		return
	}
	for _, s := range set.Schemas {
		if f := firstMoney(s.Fields); f != nil {
			l.Report(f.Pos, "L2", "%s is money, and the set has no lookup %s :: copy lookups/%s.yaml from the shipped set", f.Name, CurrencyExponents, CurrencyExponents)
			return
		}
	}
}

func firstMoney(fields []*Field) *Field {
	for _, f := range fields {
		if f.Type.Kind == Money {
			return f
		}
		if m := firstMoney(f.Type.Inner()); m != nil {
			return m
		}
	}
	return nil
}

func schemaNames(set *Set) []string {
	names := make([]string, len(set.Schemas))
	for i, s := range set.Schemas {
		names[i] = s.Name
	}
	return names
}
