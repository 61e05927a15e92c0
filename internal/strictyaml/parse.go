// Package strictyaml reads the YAML files that people write: schemas, mappings and
// settings. It keeps the place of every value, reports all mistakes of a file at once,
// and takes no key that nobody asked for. It reads plain YAML only: anchors, tags and
// second documents are mistakes, and no file makes it take much time or stack.
package strictyaml

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// The limits keep a hostile or damaged file from taking much time or stack: the YAML
// parser recurses, and its time is quadratic in depth and in lines.
const (
	MaxFileBytes = 128 << 10 // of one file
	maxLines     = 8000
	maxDepth     = 32
	maxOpen      = 200 // open brackets, including those in texts
)

// Node is one YAML value with its position in the file. Anchors, tags and
// styles of the parser's tree are gone.
type Node struct {
	Kind       Kind
	Text       string // of a scalar; numbers and booleans as written
	Pos        Pos    // of the first character of the text, past any quote
	Members    []Member
	unreadable []string // keys whose value was unreadable; that has been reported
	Items      []*Node
}

// Member is one key of a mapping, with its value.
type Member struct {
	Key   string
	Pos   Pos
	Value *Node
}

// Kind is the kind of a value, as messages call it.
type Kind string

// The kinds of values.
const (
	Scalar  Kind = "text" // also a number or a boolean
	Null    Kind = "nothing"
	Mapping Kind = "a mapping"
	List    Kind = "a list"
)

// yamlReader turns the bytes of one file into nodes and reports what it cannot
// read.
type yamlReader struct {
	*Reporter
	path  string
	lines []string
}

// Parse returns the top value of a file, which path names in messages. It returns nil
// after it has reported why there is none.
func Parse(r *Reporter, path string, data []byte) *Node {
	d := &yamlReader{Reporter: r, path: path, lines: strings.Split(string(data), "\n")}
	start := Pos{File: path, Line: 1, Col: 1}
	if len(data) > MaxFileBytes {
		d.Report(start, "Y1", "the file has over %d bytes :: split it", MaxFileBytes)
		return nil
	}
	if len(d.lines) > maxLines {
		d.Report(start, "Y1", "the file has %d lines and may have %d :: split it", len(d.lines), maxLines)
		return nil
	}
	if strings.HasPrefix(string(data), "\ufeff") {
		d.Report(start, "Y1", "the file begins with a byte order mark :: save it as UTF-8 without one")
		return nil
	}
	if at, ok := tooDeep(d.lines); ok {
		at.File = path
		d.Report(at, "Y1", "nested more than %d deep", maxDepth)
		return nil
	}
	tree, err := parseYAML(data)
	if err != nil {
		d.syntax(start, err)
		return nil
	}
	var bodies []ast.Node
	for _, doc := range tree.Docs {
		if doc.Body != nil && doc.Body.Type() != ast.CommentType {
			bodies = append(bodies, doc.Body)
		}
	}
	switch len(bodies) {
	case 0:
		d.Report(start, "Y1", "the file is empty")
		return nil
	case 1:
		return d.node(bodies[0], 0)
	default:
		d.Report(d.at(bodies[1].GetToken()), "Y1", "one document a file :: put what follows --- in a file of its own")
		return nil
	}
}

// tooDeep finds the position where brackets, or the dashes and question marks
// that begin a line, nest so deep that the parser would take minutes to refuse
// them.
func tooDeep(lines []string) (Pos, bool) {
	open := 0
	for i, line := range lines {
		marks := 0
		for rest := line; marks <= maxDepth; marks++ {
			rest = strings.TrimLeft(rest, " \t\r")
			if !strings.HasPrefix(rest, "- ") && !strings.HasPrefix(rest, "? ") {
				break
			}
			rest = rest[2:]
		}
		if marks > maxDepth {
			return Pos{Line: i + 1, Col: 1}, true
		}
		for j := range len(line) {
			switch line[j] {
			case '[', '{':
				open++
			case ']', '}':
				open = max(open-1, 0)
			}
			if open > maxOpen {
				return Pos{Line: i + 1, Col: j + 1}, true
			}
		}
	}
	return Pos{}, false
}

// parseYAML turns a panic of the parser into an error: a file is input, and
// input never ends the program.
func parseYAML(data []byte) (tree *ast.File, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("not readable as YAML: %v", p)
		}
	}()
	return parser.ParseBytes(data, 0, parser.AllowDuplicateMapKey())
}

func (d *yamlReader) syntax(start Pos, err error) {
	var se *yaml.SyntaxError
	if errors.As(err, &se) && se.Token != nil {
		d.Report(d.at(se.Token), "Y1", "not readable as YAML: %s%s", se.Message, d.hint(se))
		return
	}
	message, _, _ := strings.Cut(err.Error(), "\n")
	d.Report(start, "Y1", "%s", message)
}

// hint explains the mistakes that are made most often.
func (d *yamlReader) hint(err *yaml.SyntaxError) string {
	switch {
	case strings.Contains(err.Message, "found character '\t'"):
		return "; indent with spaces, not with a tab"
	case strings.Contains(err.Message, "mapping value is not allowed"):
		return "; text with \": \" in it, such as a ?: expression, goes between single quotes or after >-"
	case strings.Contains(err.Message, "value is not allowed"):
		return d.indentation(d.at(err.Token).Line)
	}
	return ""
}

// indentation explains a key that begins in a column of its own.
func (d *yamlReader) indentation(line int) string {
	indent := func(line string) int { return len(line) - len(strings.TrimLeft(line, " ")) }
	if line > len(d.lines) {
		return ""
	}
	own, least := indent(d.lines[line-1]), 1<<16
	var above []string
	for i := line - 2; i >= 0 && least > 0; i-- {
		text := strings.TrimSpace(d.lines[i])
		if in := indent(d.lines[i]); in < least && text != "" && text[0] != '#' {
			least, above = in, append(above, strconv.Itoa(in))
		}
	}
	if len(above) == 0 || slices.Contains(above, strconv.Itoa(own)) {
		return ""
	}
	slices.Reverse(above)
	return fmt.Sprintf("; the line is indented by %d, and here a key may be indented by %s", own, OrList(above))
}

func (d *yamlReader) at(t *token.Token) Pos {
	if t == nil || t.Position == nil {
		return Pos{File: d.path, Line: 1, Col: 1}
	}
	return Pos{File: d.path, Line: max(t.Position.Line, 1), Col: max(t.Position.Column, 1)}
}

// node converts a node of the parser's tree. It returns nil after it has
// reported a node that it cannot read.
func (d *yamlReader) node(n ast.Node, depth int) *Node {
	if n == nil {
		return &Node{Kind: Null, Pos: Pos{File: d.path, Line: 1, Col: 1}}
	}
	pos := d.at(n.GetToken())
	if depth > maxDepth {
		d.Report(pos, "Y1", "nested more than %d deep", maxDepth)
		return nil
	}
	switch n := n.(type) {
	case *ast.MappingNode:
		return d.mapping(n.Values, n.GetToken(), depth)
	case *ast.MappingValueNode:
		return d.mapping([]*ast.MappingValueNode{n}, n.GetToken(), depth)
	case *ast.SequenceNode:
		list := &Node{Kind: List, Pos: pos}
		for _, item := range n.Values {
			if v := d.node(item, depth+1); v != nil {
				list.Items = append(list.Items, v)
			}
		}
		return list
	case *ast.StringNode:
		if t := n.GetToken().Type; t == token.DoubleQuoteType || t == token.SingleQuoteType {
			pos.Col++
		}
		if strings.ContainsRune(n.Value, 0) { // for DuckDB this character ends a text
			d.Report(pos, "Y1", "a text must not hold the character NUL")
			return nil
		}
		return &Node{Kind: Scalar, Text: n.Value, Pos: pos}
	case *ast.LiteralNode:
		return &Node{Kind: Scalar, Text: strings.TrimSpace(n.Value.Value), Pos: d.blockText(pos)}
	case *ast.NullNode:
		return &Node{Kind: Null, Pos: pos}
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		return &Node{Kind: Scalar, Text: n.GetToken().Value, Pos: pos}
	case *ast.AnchorNode, *ast.AliasNode, *ast.MergeKeyNode:
		// Without aliases a small file cannot unfold into a large one.
		d.Report(pos, "Y3", "anchors and aliases are not read here :: write the value out")
	case *ast.TagNode:
		d.Report(pos, "Y3", "tags such as %s are not read here :: leave it out", n.GetToken().Value)
	default:
		d.Report(pos, "Y1", "a %s cannot stand here", strings.ToLower(n.Type().String()))
	}
	return nil
}

// mapping reports repeated keys and keeps the first of each.
func (d *yamlReader) mapping(values []*ast.MappingValueNode, at *token.Token, depth int) *Node {
	m := &Node{Kind: Mapping, Pos: d.at(at)}
	first := map[string]Pos{}
	for i, v := range values {
		key := d.node(v.Key, depth+1)
		if key == nil {
			continue
		}
		if i == 0 && m.Pos.Line == key.Pos.Line && m.Pos.Col > key.Pos.Col {
			m.Pos = key.Pos // a block mapping's own token is its first colon
		}
		if key.Kind != Scalar {
			d.Report(key.Pos, "Y1", "a key must be text, is %s", key.Kind)
			continue
		}
		if before, ok := first[key.Text]; ok {
			d.Report(key.Pos, "Y2", "%q is given twice (first on line %d) :: keep one", key.Text, before.Line)
			continue
		}
		first[key.Text] = key.Pos
		value := d.node(v.Value, depth+1)
		if value == nil {
			m.unreadable = append(m.unreadable, key.Text)
			continue
		}
		if value.Kind == Null {
			value.Pos = key.Pos
		}
		m.Members = append(m.Members, Member{Key: key.Text, Pos: key.Pos, Value: value})
	}
	return m
}

// blockText returns the position of the first character of a | or > scalar,
// which begins on a line after its header.
func (d *yamlReader) blockText(header Pos) Pos {
	for i := header.Line; i < len(d.lines); i++ {
		if text := strings.TrimLeft(d.lines[i], " \t\r"); text != "" {
			return Pos{File: d.path, Line: i + 1, Col: len(d.lines[i]) - len(text) + 1}
		}
	}
	return header
}
