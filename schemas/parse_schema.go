package schemas

import (
	"slices"
	"strings"

	"github.com/stripelake/stripelake/internal/spelling"
	"github.com/stripelake/stripelake/internal/strictyaml"
)

// NamedType is one file under types/: an object that many fields share.
type NamedType struct {
	Name        string
	Title       string
	Description string
	XDM         string // the XDM data type it corresponds to
	Fields      []*Field
	Pos         Pos
}

// typeFile is a NamedType whose fields may not be read yet: types may use each other,
// in any file order.
type typeFile struct {
	named  *NamedType
	fields *strictyaml.Node
	state  typeState
}

type typeState int

const (
	unread typeState = iota
	reading
	read
)

// typeHead reads a types/ file except its fields, which readType reads on first use.
func (l *loader) typeHead(n *strictyaml.Node) *typeFile {
	o := l.Object(n, "a type file")
	if o == nil {
		return nil
	}
	name := o.Required("type", "S2", "write the name that fields use, for example address")
	t := &typeFile{named: &NamedType{Name: name.Value, Pos: n.Pos}}
	t.named.Title = o.Required("title", "S1", "say in a few words what it is").Value
	t.named.Description = o.Required("description", "S1", "say in a sentence what it holds").Value
	t.named.XDM = o.Text("xdm").Value
	t.fields = o.Get("fields")
	o.ReportUnasked()
	if o.IsMissing("fields") {
		l.Report(n.Pos, "S9", "fields is missing :: declare the members of the type under fields")
	}
	if name.Value == "" {
		return nil
	}
	if !snakeName.MatchString(name.Value) || slices.Contains(kindNames, name.Value) {
		l.Report(name.Pos, "S2", "type name %q must be lower case words and none of the built-in types", name.Value)
		return nil
	}
	if other, ok := l.types[name.Value]; ok {
		l.Report(name.Pos, "S11", "type %s is declared twice (also in %s)", name.Value, other.named.Pos.File)
		return nil
	}
	l.types[name.Value] = t
	return t
}

func (l *loader) parseSchema(n *strictyaml.Node) *Schema {
	o := l.Object(n, "a schema file")
	if o == nil {
		return nil
	}
	s := &Schema{Pos: n.Pos}
	s.Name = qualified(o, "schema").Value
	s.Version = version(o)
	s.Title = o.Required("title", "S1", "say in a few words what a row is").Value
	s.Description = o.Required("description", "S1", "say what one row is and which state of it is kept").Value
	table := o.Required("table", "S2", "write the table's name in the plural, for example charges")
	if table.Value != "" && !snakeName.MatchString(table.Value) {
		l.Report(table.Pos, "S2", "table %q must be lower case letters, digits and underscores", table.Value)
	}
	s.Table = table.Value
	s.Behavior = o.Choice("behavior", "record", "time-series")
	s.VersionBy = o.Choice("version_by", "$seq")
	s.Partition = o.Choice("partition", "month", "day", "year")
	s.History = o.Boolean("history", false)
	history := o.Text("history")
	naming := o.Choice("naming", "snake", "salesforce", "sfcc")
	key, timestamp := o.Texts("primary_key"), o.Required("timestamp", "S10", "name the date-time field that holds the source object's created")
	fields := o.Get("fields")
	o.ReportUnasked()
	if o.IsMissing("fields") {
		l.Report(n.Pos, "S9", "fields is missing :: declare the columns of the table under fields")
	}
	if fields == nil {
		return s
	}
	s.Fields = l.fields(fields, naming)
	l.checkColumns(s)
	l.checkUnits(s.Fields, nil)
	if o.IsMissing("primary_key") {
		l.Report(n.Pos, "S10", "primary_key is missing :: list the fields that tell rows of one account apart, for example [id]")
	}
	l.checkKey(s, key, timestamp)
	l.checkFolders(s)
	if s.History {
		l.checkHistory(s, history.Pos)
	}
	return s
}

// checkColumns checks that declared names differ from the columns that Columns adds.
// Like DuckDB it ignores case.
func (l *loader) checkColumns(s *Schema) {
	for _, f := range s.Fields {
		for _, name := range append([]string{f.Name}, f.RenamedFrom...) {
			if slices.Contains(reserved, strings.ToLower(name)) {
				l.Report(f.Pos, "S2", "%s is a column that every table has :: choose another name", name)
			}
		}
	}
}

// checkFolders checks that declared names differ from the keys in the names of the
// table's folders: readers make columns of them, and pandas refuses two columns of one
// name.
func (l *loader) checkFolders(s *Schema) {
	for _, f := range s.Fields {
		for _, name := range append([]string{f.Name}, f.RenamedFrom...) {
			if own := s.Timestamp + "_" + s.Partition; slices.Contains(folderKeys, strings.ToLower(name)) || strings.EqualFold(name, own) {
				l.Report(f.Pos, "S2", "%s is the key of folders that the table's files lie in :: choose another name", name)
			}
		}
	}
}

func (l *loader) checkKey(s *Schema, key []Text, timestamp Text) {
	s.PrimaryKey, s.Timestamp = strictyaml.Values(key), timestamp.Value
	for _, k := range key {
		l.requiredField(s, k, "primary_key")
	}
	if timestamp.Value == "" {
		return
	}
	if f := l.requiredField(s, timestamp, "timestamp"); f != nil && f.Type.Kind != DateTime {
		l.Report(timestamp.Pos, "S10", "timestamp %s must be a date-time, is %s", f.Name, f.Type.Kind)
	}
}

// requiredField returns a field that a key or the partitions depend on. It must be
// required: without its value the row has no place.
func (l *loader) requiredField(s *Schema, name Text, use string) *Field {
	for _, f := range s.Fields {
		if f.Name != name.Value {
			continue
		}
		if !f.Required {
			l.Report(name.Pos, "S10", "%s names %s, which must be required: true", use, f.Name)
		}
		return f
	}
	l.Report(name.Pos, "S10", "%s names %q, which is not a field%s", use, name.Value, spelling.Suggestion(name.Value, fieldNames(s.Fields)))
	return nil
}

func fieldNames(fields []*Field) []string {
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = f.Name
	}
	return names
}
