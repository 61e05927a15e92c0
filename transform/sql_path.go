package transform

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/stripelake/stripelake/internal/sqltext"
	"github.com/stripelake/stripelake/schemas"
)

// The SQL of reading a path: the same as the readers in read.go, which read
// bytes.

// forms returns the forms of a path that is read as its own type.
func (p sourcePath) forms() forms {
	f := forms{prep: p.prep}
	switch c := classOf(p.field); c {
	case classText, classBoolean, classInteger, classUnixTime, classNumber:
		f.sql = p.value(valueSQL(c), "", "")
		f.wrong = p.unreadable(f.sql)
	case classDecimalText:
		f.sql = p.scalar()
		f.wrong = p.unreadable(f.sql)
	case classObject, classMap:
		f.sql = p.inPlace("CASE WHEN " + isObjectSQL + " THEN true END")
	case classList:
		f.sql = p.inPlace("CASE json_type($object, $path) WHEN 'ARRAY' THEN true END")
	default:
		f.sql = p.inPlace("($object ->> $path)")
	}
	return f
}

// isObjectSQL is true for an object, and for the empty list that some encoders
// send instead.
const isObjectSQL = "(json_type($object, $path) = 'OBJECT' OR ($object -> $path)::VARCHAR = '[]')"

// scalarSQL reads a string, number or boolean as it was sent.
const scalarSQL = "CASE WHEN json_type($digits, $path) IN ('VARCHAR', 'BOOLEAN') THEN $digits ->> $path END"

// valueSQL returns the template that reads a value of one class. A value of
// another type is NULL.
func valueSQL(c class) string {
	switch c {
	case classBoolean:
		return "CASE json_type($object, $path) WHEN 'BOOLEAN' THEN ($object ->> $path)::BOOLEAN END"
	case classInteger, classUnixTime:
		return "CASE WHEN json_type($object, $path) IN ('BIGINT', 'UBIGINT') THEN TRY_CAST($object ->> $path AS BIGINT) END"
	case classNumber:
		return "CASE WHEN json_type($object, $path) IN ('BIGINT', 'UBIGINT', 'DOUBLE') AND isfinite(TRY_CAST($object ->> $path AS DOUBLE)) THEN ($object ->> $path)::DOUBLE END"
	case classDecimalText:
		return scalarSQL
	}
	return "CASE json_type($object, $path) WHEN 'VARCHAR' THEN $object ->> $path END"
}

// scalar reads a string, number or boolean as text.
func (p sourcePath) scalar() func(*query) string { return p.value(scalarSQL, "text", "") }

// value fills a path into a template. A whole query reads it once, under the
// name of the path or of a function of it.
func (p sourcePath) value(template, function, below string) func(*query) string {
	return func(q *query) string {
		name := p.columnName() + below
		if function != "" {
			name = function + "(" + name + ")"
		}
		return q.once(p.scope, name, p.substitute(q, template, below))
	}
}

// inPlace fills a path into a template that is not read once.
func (p sourcePath) inPlace(template string) func(*query) string {
	return func(q *query) string { return p.substitute(q, template, "") }
}

// substitute replaces $object and $path, and $digits and $path, by the SQL that
// finds the value of the path. below is added to the path, for an element.
func (p sourcePath) substitute(q *query, template, below string) string {
	if strings.Contains(template, "$id") {
		template = strings.NewReplacer("$object, $id", "$below, $path", "$object ->> $id", "$below ->> $path").Replace(template)
		template = p.idBelow().substituteOne(q, template, "$below", p.scope.sql(), "")
	}
	if strings.Contains(template, "$digits") {
		template = p.substituteOne(q, template, "$digits", q.digitsOf(p.scope), below)
	}
	return p.substituteOne(q, template, "$object", p.scope.sql(), below)
}

// idBelow returns the path of the id below a path. It adds nothing to the trie,
// so that rendering SQL does not change the compiled mapping.
func (p sourcePath) idBelow() sourcePath {
	return sourcePath{scope: p.scope, node: &node{list: -1, steps: append(slices.Clip(p.node.steps), pathStep{name: "id"})}}
}

// substituteOne replaces one variable and the $path behind it.
func (p sourcePath) substituteOne(q *query, template, variable, in, below string) string {
	path := jsonPath(p.node.steps)
	if below != "" && !strings.HasPrefix(path, "$") {
		in, path = "json_extract("+in+", "+sqltext.Literal(path)+")", "$" // nothing can be appended to a JSON pointer
	}
	behind := in + ", " + sqltext.Literal(path+below)
	if f := q.find(p.scope, in, path+below); f != "" {
		in, path, below, behind = f, "$", "", f
	}
	at := in + " -> " + sqltext.Literal(path+below)
	return strings.NewReplacer(variable+", $path", behind, variable+" ->> $path", strings.Replace(at, "->", "->>", 1), variable+" -> $path", at).Replace(template)
}

// unreadable renders a condition that is true where a value stands at the path
// and is not of its type.
func (p sourcePath) unreadable(sql func(*query) string) func(*query) string {
	return func(q *query) string {
		return "(" + p.substitute(q, "json_type($object, $path) <> 'NULL'", "") + " AND " + sql(q) + " IS NULL)"
	}
}

// functionForms returns the forms of a function of a path.
func (p sourcePath) functionForms(f *Function) forms {
	out := forms{sql: p.value(f.SQL, f.Name, ""), prep: f.prep(expression{forms: forms{prep: p.prep}})}
	if f.Name == "ref" {
		id := p.idBelow()
		out.wrong = anyOf(p.inPlace("(json_type($object, $path) NOT IN ('NULL', 'VARCHAR', 'OBJECT'))"),
			func(q *query) string {
				return id.substitute(q, "(json_type($object, $path) NOT IN ('NULL', 'VARCHAR'))", "")
			})
	}
	return out
}

// endForms returns the forms of a list's first or last element.
func (p sourcePath) endForms(f *Function, c class) forms {
	at := "[0]"
	if f.Name == "last" {
		at = "[#-1]"
	}
	sql := p.value(valueSQL(c), "", at)
	return forms{sql: sql, prep: f.prep(expression{forms: forms{prep: p.prep}}), wrong: func(q *query) string {
		return "(" + p.substitute(q, "json_type($object, $path) <> 'NULL'", at) + " AND " + sql(q) + " IS NULL)"
	}}
}

// elements renders the elements of the list at a path, as a list of JSON
// values.
func (p sourcePath) elements(q *query) string {
	return p.list(q, p.scope.sql(), "[*]")
}

// list renders the elements of a list or the values of a map, as a list of JSON
// values. It does not use the operator ->, because DuckDB reads that as a
// lambda's arrow when a lambda is another argument of the same function.
func (p sourcePath) list(q *query, in, inside string) string {
	path := jsonPath(p.node.steps)
	if f := q.find(p.scope, in, path); f != "" {
		in, path = f, "$"
	} else if !strings.HasPrefix(path, "$") {
		in, path = "json_extract("+in+", "+sqltext.Literal(path)+")", "$"
	}
	return "json_extract(" + in + ", " + sqltext.Literal(path+inside) + ")"
}

// sql returns the name of a scope's value in SQL.
func (s *scope) sql() string {
	switch {
	case s.list == nil:
		return "raw.object"
	case s.label != "":
		return sqltext.Ident(s.label)
	}
	return s.variable("element")
}

// variable returns a name that no enclosing iteration uses.
func (s *scope) variable(name string) string {
	if s.nested > 1 {
		return fmt.Sprintf("%s_%d", name, s.nested)
	}
	return name
}

// digitsOf is scope.sql for raw.digits.
func (q *query) digitsOf(s *scope) string {
	switch {
	case s.list == nil:
		return "raw.digits"
	case s.label != "":
		return sqltext.Ident(s.label + "_digits")
	}
	q.indexed[s] = true
	return s.list.list(q, q.digitsOf(s.list.scope), "[*]") + "[" + s.variable("i") + "]"
}

// digitsSQL puts every number of a JSON text between quotes, so that its digits
// stay as they were sent. It splits the text into strings and the parts between
// them.
const digitsSQL = `array_to_string(list_transform(
      regexp_extract_all(object, '"(?:[^"\\]|\\.)*"|[^"]+'),
      lambda part: CASE WHEN starts_with(part, '"') THEN part ELSE regexp_replace(part, '(-?[0-9][-+.0-9eE]*)', '"\1"', 'g') END
    ), '')`

var plainKey = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// jsonPath renders a path in DuckDB's syntax. A key of one asterisk would be a
// wildcard in it, so such a path is rendered as a JSON pointer.
func jsonPath(steps []pathStep) string {
	var out strings.Builder
	out.WriteString("$")
	for _, s := range steps {
		switch {
		case s.name == "*":
			return jsonPointer(steps)
		case s.name == "":
			out.WriteString(indexStep(s.item))
		case plainKey.MatchString(s.name):
			out.WriteString("." + s.name)
		default:
			out.WriteString(`."` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s.name) + `"`)
		}
	}
	return out.String()
}

func jsonPointer(steps []pathStep) string {
	var out strings.Builder
	for _, s := range steps {
		if s.name == "" {
			out.WriteString(fmt.Sprintf("/%d", s.item))
			continue
		}
		out.WriteString("/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(s.name))
	}
	return out.String()
}

// columnName returns the name of the column that holds the path's value in a
// whole query.
func (p sourcePath) columnName() string {
	path := jsonPath(p.node.steps)
	if p.scope.label != "" {
		return p.scope.label + strings.TrimPrefix(path, "$")
	}
	return path
}

// elementForm returns the template that reads an element of a list or map, as
// elementReader does.
func elementForm(target schemas.Kind, elem class) string {
	switch {
	case target == schemas.JSON:
		return "CASE WHEN json_type($1) <> 'NULL' THEN $1 END"
	case elem == classReference:
		return "CASE 'VARCHAR' WHEN json_type($1) THEN $1 ->> '$' WHEN json_type($1, '$.id') THEN $1 ->> '$.id' END"
	case target == schemas.String && elem == classText:
		return "CASE json_type($1) WHEN 'VARCHAR' THEN $1 ->> '$' END"
	case target == schemas.String && elem == classDecimalText:
		return "CASE WHEN json_type($2) IN ('VARCHAR', 'BOOLEAN') THEN $2 ->> '$' END"
	case target == schemas.String:
		return "CASE WHEN json_type($1) IN ('OBJECT', 'ARRAY') THEN $1::VARCHAR ELSE $2 ->> '$' END"
	}
	value := valueSQL(map[schemas.Kind]class{schemas.Boolean: classBoolean, schemas.Long: classInteger, schemas.Number: classNumber}[target])
	return strings.NewReplacer("$object, $path", "$1", "$object ->> $path", "$1 ->> '$'").Replace(value)
}
