package schemas

import (
	"regexp"
	"strings"
)

// fields reads the members of a fields: mapping, in file order.
func (l *loader) fields(n *yamlNode, naming string) []*Field {
	if n.kind != mappingNode || len(n.members) == 0 {
		l.report(n.pos, "Y4", "fields must map names to declarations, for example id: {type: string, title: Id}")
		return nil
	}
	var fields []*Field
	taken := map[string]string{} // by lower-case name, since DuckDB ignores case
	for _, m := range n.members {
		f := l.field(m, naming)
		if f == nil {
			continue
		}
		lower := strings.ToLower(f.Name)
		if before, ok := taken[lower]; ok {
			l.report(m.pos, "S2", "%s and %s are one name to the warehouse, which ignores case: rename one", f.Name, before)
		}
		taken[lower] = f.Name
		fields = append(fields, f)
	}
	for _, f := range fields {
		l.reserveFormerNames(f, taken)
	}
	l.checkMinor(fields, taken)
	return fields
}

// checkMinor checks that no declared field has the name of a money field's minor units.
func (l *loader) checkMinor(fields []*Field, taken map[string]string) {
	for _, f := range fields {
		for _, name := range append([]string{f.Name}, f.RenamedFrom...) {
			if f.Type.Kind == Money && f.Minor && taken[strings.ToLower(name)+"_minor"] != "" {
				l.report(f.Pos, "S2", "%s is money and brings a column %s_minor, which is declared too: rename that, or set minor: false", name, name)
			}
		}
	}
}

func (l *loader) field(m yamlMember, naming string) *Field {
	o := l.yamlObject(m.value, m.key)
	l.checkName(m, naming)
	if o == nil {
		return nil
	}
	f := &Field{Name: m.key, Pos: m.pos}
	typ, members := o.required("type", "S9", "write one of "+orList(kindNames)+", or the name of a file under types/"), o.get("fields")
	f.Title = o.required("title", "S1", "say in a few words what the field is").Value
	f.Description = o.text("description").Value
	f.Required = o.boolean("required", false)
	f.Pattern = l.pattern(o.text("pattern"))
	f.MaxLength = o.positive("maxLength")
	f.Enum = l.enum(o.get("enum"))
	f.Closed = o.boolean("closed", false)
	f.Unit = o.text("unit").Value
	f.Minor = o.boolean("minor", typ.Value == string(Money))
	f.Ref = o.text("ref").Value
	f.Identity = l.identity(o.get("identity"))
	f.Label = o.text("label").Value
	f.NotPersonal = o.text("not_personal").Value
	f.XDM = textValues(o.texts("xdm"))
	f.Status = o.choice("status", "stable", "experimental", "deprecated")
	f.ReplacedBy = o.text("replaced_by").Value
	f.RenamedFrom = textValues(o.texts("renamed_from"))
	f.Since = o.text("since").Value
	o.reportUnasked()
	f.Type = l.fieldType(typ, members, naming)
	l.checkField(f, o)
	return f
}

func (l *loader) checkName(m yamlMember, naming string) {
	switch {
	case !fieldName.MatchString(m.key):
		l.report(m.pos, "S2", "field %q must be at most 63 letters, digits and underscores, and not begin with a digit", m.key)
	case naming == "snake" && !snakeName.MatchString(m.key):
		l.report(m.pos, "S2", "field %q must be lower_case; tables that follow another system's names say naming: salesforce or sfcc", m.key)
	}
}

// checkField checks the rules between the keys of one declaration.
func (l *loader) checkField(f *Field, o *yamlObject) {
	at := func(key string) Pos {
		if m := o.member(key); m != nil {
			return m.value.pos
		}
		return f.Pos
	}
	money := f.Type.Kind == Money
	if money && f.Unit == "" {
		l.report(f.Pos, "S6", "%s is money without a unit: name the field that holds its currency, for example unit: currency", f.Name)
	}
	if !money && f.Type.Kind != "" && (f.Unit != "" || f.Minor) {
		l.report(f.Pos, "S6", "unit and minor belong to money, and %s is %s", f.Name, f.Type.Kind)
	}
	if f.Closed && len(f.Enum) == 0 {
		l.report(at("closed"), "S3", "closed needs an enum: list the values that a row may have")
	}
	if f.Type.Kind != String && (f.Pattern != "" || f.MaxLength > 0) && f.Type.Kind != "" {
		l.report(f.Pos, "S12", "pattern and maxLength are for strings, and %s is %s", f.Name, f.Type.Kind)
	}
	if f.Label != "" && f.Label != "pii" && f.Label != "sensitive" {
		l.report(at("label"), "S12", "label must be pii or sensitive, is %q", f.Label)
	}
	if f.Label != "" && f.NotPersonal != "" {
		l.report(at("not_personal"), "S12", "%s is labelled %s and said not to be personal: take one of them out", f.Name, f.Label)
	}
	if f.Status == "deprecated" && f.Description == "" {
		l.report(at("status"), "S1", "a deprecated field needs a description that says why")
	}
}

func (l *loader) pattern(t Text) string {
	if t.Value == "" {
		return ""
	}
	if _, err := regexp.Compile(t.Value); err != nil {
		l.report(t.Pos, "S12", "pattern is not a regular expression: %s", strings.TrimPrefix(err.Error(), "error parsing regexp: "))
	}
	return t.Value
}

func (l *loader) enum(n *yamlNode) []EnumValue {
	if n == nil {
		return nil
	}
	if n.kind != mappingNode {
		l.report(n.pos, "S3", "enum must map each value to the label people read, for example {succeeded: Succeeded}, is %s", n.kind)
		return nil
	}
	var out []EnumValue
	for _, m := range n.members {
		if m.value.kind != scalarNode || m.value.text == "" {
			l.report(m.pos, "S3", "the value %q needs a label", m.key)
			continue
		}
		out = append(out, EnumValue{Value: m.key, Label: m.value.text})
	}
	return out
}

func (l *loader) identity(n *yamlNode) string {
	if n == nil {
		return ""
	}
	o := l.yamlObject(n, "identity")
	if o == nil {
		return ""
	}
	namespace := o.required("namespace", "S12", "name the identity namespace, for example Email").Value
	o.reportUnasked()
	return namespace
}
