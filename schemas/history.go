package schemas

import "slices"

// The columns that a history has in addition to those of its table.
const (
	ValidFrom = "valid_from"
	ValidTo   = "valid_to"
)

// SeenAt is the field by which a history dates its rows: the time at which the object
// was read.
const SeenAt = "synced_at"

// HistoryTable returns the name of the view in the warehouse with all versions of a
// table's rows.
func (s *Schema) HistoryTable() string { return s.Table + "_history" }

// HistoryColumns returns the columns of the history: its own two, then the table's.
func (s *Schema) HistoryColumns() []Column {
	return append([]Column{
		{
			Name: ValidFrom, Type: Type{Kind: DateTime},
			Comment: "When this state was first seen (UTC). The change itself was at some time since the look before.",
		},
		{
			Name: ValidTo, Type: Type{Kind: DateTime},
			Comment: "When the next state was seen (UTC); null for the present one.",
		},
	}, s.Columns()...)
}

// HistoryComment describes the rows of a history, and their limits.
func (s *Schema) HistoryComment() string {
	return s.Title + ": every state that was seen. A row held from valid_from until valid_to; what an object was like before it was " +
		"first seen, and between two looks, is unknown."
}

// checkHistory checks the requirements for a table with a history.
func (l *loader) checkHistory(s *Schema, at Pos) {
	seen := slices.IndexFunc(s.Fields, func(f *Field) bool { return f.Name == SeenAt })
	if seen < 0 || s.Fields[seen].Type.Kind != DateTime || !s.Fields[seen].Required {
		l.Report(at, "S14", "history needs a field %s of type date-time, required, that the mapping fills with $synced_at :: add it, or take history out", SeenAt)
	}
	for _, f := range s.Fields {
		for _, name := range append([]string{f.Name}, f.RenamedFrom...) {
			if name == ValidFrom || name == ValidTo {
				l.Report(f.Pos, "S14", "%s is a column of the history :: choose another name, or take history out", name)
			}
		}
	}
}

// checkSeenAt checks that a mapping fills the field that dates a history's rows.
func (l *loader) checkSeenAt(m *Mapping) {
	if m.Schema == nil || !m.Schema.History || m.Root == nil {
		return
	}
	for _, leaf := range m.Root.Fields {
		if leaf.Name == SeenAt && leaf.Expr != nil && leaf.Expr.Value != "$"+SeenAt {
			l.Report(leaf.Expr.Pos, "S14", "%s dates the rows of %s :: write $%s", SeenAt, m.Schema.HistoryTable(), SeenAt)
		}
	}
}

// keepsHistory reports whether a name is that of a table's history.
func (s *Set) keepsHistory(name string) bool {
	return slices.ContainsFunc(s.Schemas, func(t *Schema) bool { return t.History && t.HistoryTable() == name })
}
