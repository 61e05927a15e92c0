package schemas

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// No documented field is lost silently: every field has a column or a written reason.
func TestDocumentedFieldsAreMappedOrLeftOut(t *testing.T) {
	t.Parallel()
	for _, m := range embedded(t).Mappings {
		t.Run(m.Name, func(t *testing.T) {
			t.Parallel()
			data, err := os.ReadFile("testdata/documented/" + m.Source.Object + ".txt")
			if err != nil {
				t.Fatal(err)
			}
			c, err := LoadCatalog(m.Source.Object)
			if err != nil {
				t.Fatal(err)
			}
			var paths []string
			for path := range strings.FieldsSeq(string(data)) {
				f := at(c.Root(), path)
				if f == nil {
					t.Errorf("the catalog does not know %s", path)
					continue
				}
				paths = append(paths, leaves(f, path)...) // null objects need this for their members, too
			}
			for _, path := range missing(m, paths) {
				t.Errorf("%s is neither read nor in left_out", path)
			}
		})
	}
}

// The same for every field in the catalogs, recorded oddities included.
func TestCataloguedFieldsAreMappedOrLeftOut(t *testing.T) {
	t.Parallel()
	for _, m := range embedded(t).Mappings {
		t.Run(m.Name, func(t *testing.T) {
			t.Parallel()
			c, err := LoadCatalog(m.Source.Object)
			if err != nil {
				t.Fatal(err)
			}
			for _, path := range missing(m, leaves(c.Root(), "")) {
				t.Errorf("%s is neither read nor in left_out", path)
			}
		})
	}
}

// A path that is left out must exist; otherwise its reason is about nothing.
func TestLeftOutPathsExist(t *testing.T) {
	t.Parallel()
	for _, m := range embedded(t).Mappings {
		c, err := LoadCatalog(m.Source.Object)
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range m.LeftOut {
			if at(c.Root(), l.Path) == nil {
				t.Errorf("%s:%d: the source has no %s", l.Pos.File, l.Pos.Line, l.Path)
			}
		}
	}
}

// missing returns the paths that a mapping neither reads nor leaves out. For a mapping
// of a list's items it checks that list only.
func missing(m *Mapping, paths []string) []string {
	accounted := usedPaths(m)
	for _, l := range m.LeftOut {
		accounted = append(accounted, l.Path)
	}
	var out []string
	for _, path := range paths {
		if m.Source.Each != nil && !strings.HasPrefix(path, "items.") {
			continue
		}
		if !slices.ContainsFunc(accounted, func(a string) bool { return path == a || strings.HasPrefix(path, a+".") }) {
			out = append(out, path)
		}
	}
	return out
}

// leaves returns the paths below a source field, without list elements.
func leaves(f *SourceField, path string) []string {
	if f.Type == SourceList {
		f = f.Elem
	}
	if f.Expandable || len(f.Fields) == 0 {
		return []string{path}
	}
	var out []string
	for _, m := range f.Fields {
		out = append(out, leaves(m, joinPath(path, m.Name))...)
	}
	return out
}

func at(f *SourceField, path string) *SourceField {
	for name := range strings.SplitSeq(path, ".") {
		if f != nil && f.Type == SourceList {
			f = f.Elem
		}
		f = f.Member(name)
	}
	return f
}

func joinPath(parent, name string) string { return strings.TrimPrefix(parent+"."+name, ".") }

// eachExpression calls f with every expression of a mapping and the source path to
// which the expression's paths are relative.
func eachExpression(m *Mapping, f func(base string, x Text)) {
	for _, l := range m.Let {
		f("", l.Expr)
	}
	for _, x := range []*Text{m.Where, m.Source.Each} {
		if x != nil {
			f("", *x)
		}
	}
	base := ""
	if m.Source.Each != nil {
		base = m.Source.Each.Value
	}
	for _, s := range m.Root.Same {
		f(base, s)
	}
	eachLeaf(&Node{Fields: m.Root.Fields}, "", f)
}

func eachLeaf(n *Node, base string, f func(base string, x Text)) {
	if n.When != nil {
		f(base, *n.When)
	}
	inner := base
	for _, x := range []*Text{n.From, n.Each} {
		if x != nil {
			f(base, *x)
			inner = joinPath(base, x.Value)
		}
	}
	for _, s := range n.Same {
		f(inner, s)
	}
	for _, l := range n.Fields {
		if l.Expr != nil {
			f(inner, *l.Expr)
		} else {
			eachLeaf(l.Node, inner, f)
		}
	}
}

var (
	quoted      = regexp.MustCompile(`"[^"]*"`)
	subscript   = regexp.MustCompile(`\[[^\]]*\]`)
	wordPattern = regexp.MustCompile(`\$?[A-Za-z_][A-Za-z0-9_.]*\(?`)
)

// usedPaths returns the source paths that occur in a mapping's expressions. It only
// searches the text; package transform parses it.
func usedPaths(m *Mapping) []string {
	short := map[string]string{m.Source.As: ""}
	if m.Source.Each != nil {
		short[m.Source.As] = m.Source.Each.Value
	}
	expand := func(path string) string {
		head, rest, _ := strings.Cut(path, ".")
		if long, ok := short[head]; ok {
			return strings.TrimSuffix(long+"."+rest, ".")
		}
		return path
	}
	for _, l := range m.Let {
		short[l.Name] = expand(l.Expr.Value)
	}
	var used []string
	eachExpression(m, func(base string, x Text) {
		text := subscript.ReplaceAllString(quoted.ReplaceAllString(x.Value, ""), "")
		for _, w := range wordPattern.FindAllString(text, -1) {
			if strings.HasSuffix(w, "(") || strings.HasPrefix(w, "$") && !strings.HasPrefix(w, "$root.") {
				continue
			}
			path := expand(strings.TrimPrefix(w, "$root."))
			if base != "" && !strings.HasPrefix(w, "$root.") {
				path = joinPath(expand(base), path)
			}
			// A let names an object; only the paths read from it count.
			if !slices.ContainsFunc(m.Let, func(l Let) bool { return l.Expr == x }) && x != orEmpty(m.Source.Each) {
				used = append(used, path)
			}
		}
	})
	return used
}

func orEmpty(t *Text) Text {
	if t == nil {
		return Text{}
	}
	return *t
}
