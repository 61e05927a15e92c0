package schemas

import (
	"regexp"
	"strings"

	"github.com/stripelake/stripelake/internal/strictyaml"
)

// fields reads the members of a fields: mapping, in file order.
func (l *loader) fields(n *strictyaml.Node, naming string) []*Field {
	if n.Kind != strictyaml.Mapping || len(n.Members) == 0 {
		l.Report(n.Pos, "Y4", "fields must map names to declarations, for example id: {type: string, title: Id}")
		return nil
	}
	var fields []*Field
	taken := map[string]string{} // by lower-case name, since DuckDB ignores case
	for _, m := range n.Members {
		f := l.field(m, naming)
		if f == nil {
			continue
		}
		lower := strings.ToLower(f.Name)
		if before, ok := taken[lower]; ok {
			l.Report(m.Pos, "S2", "%s and %s are one name to the warehouse, which ignores case :: rename one", f.Name, before)
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
				l.Report(f.Pos, "S2", "%s is money and brings a column %s_minor, which is declared too :: rename that, or set minor: false", name, name)
			}
		}
	}
}

func (l *loader) field(m strictyaml.Member, naming string) *Field {
	o := l.Object(m.Value, m.Key)
	l.checkName(m, naming)
	if o == nil {
		return nil
	}
	f := &Field{Name: m.Key, Pos: m.Pos}
	typ, members := o.Required("type", "S9", "write one of "+strictyaml.OrList(kindNames)+", or the name of a file under types/"), o.Get("fields")
	f.Title = o.Required("title", "S1", "say in a few words what the field is").Value
	f.Description = o.Text("description").Value
	f.Required = o.Boolean("required", false)
	f.Pattern = l.pattern(o.Text("pattern"))
	f.MaxLength = o.Positive("maxLength")
	f.Enum = l.enum(o.Get("enum"))
	f.Closed = o.Boolean("closed", false)
	f.Unit = o.Text("unit").Value
	f.Minor = o.Boolean("minor", typ.Value == string(Money))
	f.Ref = o.Text("ref").Value
	f.Identity = l.identity(o.Get("identity"))
	f.Label = o.Text("label").Value
	f.NotPersonal = o.Text("not_personal").Value
	f.XDM = strictyaml.Values(o.Texts("xdm"))
	f.Status = o.Choice("status", "stable", "experimental", "deprecated")
	f.ReplacedBy = o.Text("replaced_by").Value
	f.RenamedFrom = strictyaml.Values(o.Texts("renamed_from"))
	f.Since = o.Text("since").Value
	o.ReportUnasked()
	f.Type = l.fieldType(typ, members, naming)
	l.checkField(f, o)
	return f
}

func (l *loader) checkName(m strictyaml.Member, naming string) {
	switch {
	case !fieldName.MatchString(m.Key):
		l.Report(m.Pos, "S2", "field %q must be at most 63 letters, digits and underscores, and not begin with a digit", m.Key)
	case naming == "snake" && !snakeName.MatchString(m.Key):
		l.Report(m.Pos, "S2", "field %q must be lower_case; tables that follow another system's names say naming: salesforce or sfcc", m.Key)
	}
}

// checkField checks the rules between the keys of one declaration.
func (l *loader) checkField(f *Field, o *strictyaml.Object) {
	at := func(key string) Pos {
		if m := o.Member(key); m != nil {
			return m.Value.Pos
		}
		return f.Pos
	}
	money := f.Type.Kind == Money
	if money && f.Unit == "" {
		l.Report(f.Pos, "S6", "%s is money without a unit :: name the field that holds its currency, for example unit: currency", f.Name)
	}
	if !money && f.Type.Kind != "" && (f.Unit != "" || f.Minor) {
		l.Report(f.Pos, "S6", "unit and minor belong to money, and %s is %s", f.Name, f.Type.Kind)
	}
	if f.Closed && len(f.Enum) == 0 {
		l.Report(at("closed"), "S3", "closed needs an enum :: list the values that a row may have")
	}
	if f.Type.Kind != String && (f.Pattern != "" || f.MaxLength > 0) && f.Type.Kind != "" {
		l.Report(f.Pos, "S12", "pattern and maxLength are for strings, and %s is %s", f.Name, f.Type.Kind)
	}
	if f.Label != "" && f.Label != "pii" && f.Label != "sensitive" {
		l.Report(at("label"), "S12", "label must be pii or sensitive, is %q", f.Label)
	}
	if f.Label != "" && f.NotPersonal != "" {
		l.Report(at("not_personal"), "S12", "%s is labelled %s and said not to be personal :: take one of them out", f.Name, f.Label)
	}
	if f.Status == "deprecated" && f.Description == "" {
		l.Report(at("status"), "S1", "a deprecated field needs a description that says why")
	}
}

func (l *loader) pattern(t Text) string {
	if t.Value == "" {
		return ""
	}
	if _, err := regexp.Compile(t.Value); err != nil {
		l.Report(t.Pos, "S12", "pattern is not a regular expression: %s", strings.TrimPrefix(err.Error(), "error parsing regexp: "))
	}
	return t.Value
}

func (l *loader) enum(n *strictyaml.Node) []EnumValue {
	if n == nil {
		return nil
	}
	if n.Kind != strictyaml.Mapping {
		l.Report(n.Pos, "S3", "enum must map each value to the label people read, for example {succeeded: Succeeded}, is %s", n.Kind)
		return nil
	}
	var out []EnumValue
	for _, m := range n.Members {
		if m.Value.Kind != strictyaml.Scalar || m.Value.Text == "" {
			l.Report(m.Pos, "S3", "the value %q needs a label", m.Key)
			continue
		}
		out = append(out, EnumValue{Value: m.Key, Label: m.Value.Text})
	}
	return out
}

func (l *loader) identity(n *strictyaml.Node) string {
	if n == nil {
		return ""
	}
	o := l.Object(n, "identity")
	if o == nil {
		return ""
	}
	namespace := o.Required("namespace", "S12", "name the identity namespace, for example Email").Value
	o.ReportUnasked()
	return namespace
}
