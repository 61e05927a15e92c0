package schemas

// Column is one physical column of a table. It is the same in the state, the Parquet
// files and the warehouse.
type Column struct {
	Name     string
	Type     Type
	Required bool
	Field    *Field // nil for system columns
	Comment  string // for a system column; Field describes a declared one
}

// Columns returns the physical columns in order: account first, then the declared
// fields, each money field followed by its exact "<name>_minor", then the system
// columns that every table has.
func (s *Schema) Columns() []Column {
	columns := []Column{{
		Name: "account", Type: Type{Kind: String}, Required: true,
		Comment: "Stripe account the row belongs to; part of every key.",
	}}
	columns = append(columns, Members(s.Fields)...)
	return append(columns,
		Column{
			Name: "deleted", Type: Type{Kind: Boolean}, Required: true,
			Comment: "True once Stripe reported the object deleted; the other columns keep its last known state.",
		},
		Column{
			Name: "deleted_seen_at", Type: Type{Kind: DateTime},
			Comment: "When the deletion was first seen (UTC).",
		},
		Column{
			Name: "_source_id", Type: Type{Kind: String}, Required: true,
			Comment: "Id of the Stripe object the row was made from; with account and _seq it joins to the raw log.",
		},
		Column{
			Name: "_seq", Type: Type{Kind: Long}, Required: true,
			Comment: "Sequence number of that version of the object in its stream of the raw log; the highest wins.",
		})
}

// Members returns the physical columns of a list of fields, in order. It works for a
// table's own fields and for the fields of a nested object, so that a money field has
// its minor units at every depth.
func Members(fields []*Field) []Column {
	var columns []Column
	for _, f := range fields {
		minor := f.Type.Kind == Money && f.Minor
		// Only the minor units of a required amount are required: the amount is null in
		// a currency without a known exponent.
		columns = append(columns, Column{Name: f.Name, Type: f.Type, Required: f.Required && !minor, Field: f})
		if minor {
			columns = append(columns, Column{Name: f.Name + "_minor", Type: Type{Kind: Long}, Field: f})
		}
	}
	return columns
}
