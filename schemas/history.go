package schemas

import "slices"

// The columns that a history has beside those of its table.
const (
	ValidFrom = "valid_from"
	ValidTo   = "valid_to"
)

// SeenAt is the field that a history dates its rows by: when the state of the
// object was read.
const SeenAt = "synced_at"

// HistoryTable is the name under which the warehouse shows every state of a
// table's rows that was seen.
func (s *Schema) HistoryTable() string { return s.Table + "_history" }

// HistoryColumns returns the columns of the history: its two, then the table's.
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

// HistoryComment says what the rows of a history are, and what they are not.
func (s *Schema) HistoryComment() string {
	return s.Title + ": every state that was seen. A row held from valid_from until valid_to; what an object was like before it was " +
		"first seen, and between two looks, is unknown."
}

// checkHistory holds what a table needs to keep a history.
func (l *loader) checkHistory(s *Schema, at Pos) {
	seen := slices.IndexFunc(s.Fields, func(f *Field) bool { return f.Name == SeenAt })
	if seen < 0 || s.Fields[seen].Type.Kind != DateTime || !s.Fields[seen].Required {
		l.report(at, "S14", "history needs a field %s of type date-time, required, that the mapping fills with $synced_at: add it, or take history out", SeenAt)
	}
	for _, f := range s.Fields {
		for _, name := range append([]string{f.Name}, f.RenamedFrom...) {
			if name == ValidFrom || name == ValidTo {
				l.report(f.Pos, "S14", "%s is a column of the history: choose another name, or take history out", name)
			}
		}
	}
}

// checkSeenAt holds that a mapping says of a history's rows when they were read.
func (l *loader) checkSeenAt(m *Mapping) {
	if m.Schema == nil || !m.Schema.History || m.Root == nil {
		return
	}
	for _, leaf := range m.Root.Fields {
		if leaf.Name == SeenAt && leaf.Expr != nil && leaf.Expr.Value != "$"+SeenAt {
			l.report(leaf.Expr.Pos, "S14", "%s dates the rows of %s: write $%s", SeenAt, m.Schema.HistoryTable(), SeenAt)
		}
	}
}

// keepsHistory reports whether a name is that of a table's history.
func (s *Set) keepsHistory(name string) bool {
	return slices.ContainsFunc(s.Schemas, func(t *Schema) bool { return t.History && t.HistoryTable() == name })
}
