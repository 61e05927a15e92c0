package authoring

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"github.com/stripelake/stripelake/schemas"
	"github.com/stripelake/stripelake/transform"
)

// Preview shows the rows that one object becomes.
type Preview struct {
	Object string // its type, "charge"
	ID     string
	Tables []TablePreview
	Drift  []transform.Drift
}

// TablePreview shows the rows that one mapping makes of it for one table.
type TablePreview struct {
	Table   string
	Mapping string // name of the mapping, if several of the object's mappings fill the table; else ""
	Rows    [][]Cell
	Rejects []transform.Reject
	LeftOut int // number of rows left out by where
}

// Cell is one field of a row, with its value and the sources of it.
type Cell struct {
	Field, Value string // Value is "null" for a missing one
	Expression   string
	Sources      []Source
}

// Source is a path of the object and the text at this path, as sent; "" if there is
// none.
type Source struct{ Path, Text string }

// Parse makes an object from the JSON of a file.
func Parse(raw []byte) (transform.Object, error) {
	var head struct{ ID string }
	var syntax *json.SyntaxError
	switch err := json.Unmarshal(raw, &head); {
	case errors.As(err, &syntax):
		return transform.Object{}, fmt.Errorf("not JSON, from byte %d on: %w", syntax.Offset, err)
	case err != nil:
		return transform.Object{}, errors.New("not one JSON object with a text as its id")
	}
	return transform.Object{Raw: raw, ID: head.ID, Account: "acct_preview", ObservedAt: now(), Seq: 1}, nil
}

// PreviewOf maps one object and returns each field of the resulting rows.
func PreviewOf(set *schemas.Set, mappings *transform.Mappings, o transform.Object) (Preview, error) {
	var head struct{ Object string }
	if err := json.Unmarshal(o.Raw, &head); err != nil || head.Object == "" {
		return Preview{}, errors.Join(errors.New(`the JSON has no member "object" that says what it is, such as "charge"`), err)
	}
	mapper := mappings.Mapper(head.Object)
	if mapper == nil {
		return Preview{}, fmt.Errorf("no mapping reads %s objects", head.Object)
	}
	p := Preview{Object: head.Object, ID: o.ID}
	all := set.MappingsOf(head.Object)
	// Run each mapping alone: otherwise nobody could tell which of several mappings for
	// one table made a row.
	for _, m := range all {
		for _, b := range mappings.Only(m).Mapper(head.Object).Map([]transform.Object{o}) {
			if b.Schema == m.Schema {
				p.Tables = append(p.Tables, tablePreview(b, m, mappings.Lineage(m), o.Raw))
			}
			b.Rows.Release()
		}
		if several(all, m.Schema) {
			p.Tables[len(p.Tables)-1].Mapping = m.Name
		}
	}
	for _, b := range mapper.Map([]transform.Object{o}) {
		b.Rows.Release()
	}
	p.Drift = mapper.Drift()
	return p, nil
}

// several reports whether more than one mapping fills a table.
func several(all []*schemas.Mapping, s *schemas.Schema) bool {
	first := slices.IndexFunc(all, func(m *schemas.Mapping) bool { return m.Schema == s })
	return slices.ContainsFunc(all[first+1:], func(m *schemas.Mapping) bool { return m.Schema == s })
}

func tablePreview(b transform.Batch, m *schemas.Mapping, leaves []transform.ColumnLineage, raw []byte) TablePreview {
	t := TablePreview{Table: b.Schema.Table, Rejects: b.Rejects, LeftOut: b.LeftOut}
	for row := range int(b.Rows.NumRows()) {
		t.Rows = append(t.Rows, cells(b.Rows, row, itemOf(b, m, row, raw), leaves, raw))
	}
	return t
}

// The list element of a row, if it is not an index.
const (
	everyItem = -1 // the whole object
	someItem  = -2 // one of the elements, but it is unknown which
)

// itemOf returns the element of the mapping's list that a row was made from. It is
// known only if each element made a row: a rejected one, or one that was left out,
// shifts those behind it.
func itemOf(b transform.Batch, m *schemas.Mapping, row int, raw []byte) int {
	if m.Source.Each == nil {
		return everyItem
	}
	if int(b.Rows.NumRows()) != len(valuesAt(raw, m.Source.Each.Value+"[]", everyItem)) {
		return someItem
	}
	return row
}

func cells(rows arrow.RecordBatch, row, item int, leaves []transform.ColumnLineage, raw []byte) []Cell {
	var out []Cell
	for _, leaf := range leaves {
		if strings.Contains(leaf.Target, "[]") {
			continue // the list is shown as a whole
		}
		c := Cell{Field: leaf.Target, Value: valueAt(rows, leaf.Target, row), Expression: leaf.Expression}
		for _, path := range leaf.Sources {
			text := textAt(raw, path, item)
			if text != "" && leaf.Field.Hashed {
				text = "hidden by privacy.yaml"
			}
			c.Sources = append(c.Sources, Source{path, text})
		}
		out = append(out, c)
	}
	return out
}

// valueAt formats one value of a row.
func valueAt(rows arrow.RecordBatch, target string, row int) string {
	names := strings.Split(target, ".")
	at := rows.Schema().FieldIndices(names[0])
	if len(at) == 0 {
		return "null"
	}
	column := rows.Column(at[0])
	for _, name := range names[1:] {
		s, ok := column.(*array.Struct)
		if !ok || s.IsNull(row) {
			return "null"
		}
		i, ok := s.DataType().(*arrow.StructType).FieldIdx(name)
		if !ok {
			return "null"
		}
		column = s.Field(i)
	}
	if column.IsNull(row) {
		return "null"
	}
	if text, ok := column.(*array.String); ok {
		return strconv.Quote(text.Value(row))
	}
	return column.ValueStr(row)
}

// textAt returns the text at a source path, as sent, without the blanks of pretty
// printing. For the list that makes rows it returns the row's element; for other lists
// it returns all elements.
func textAt(raw []byte, path string, item int) string {
	var texts []string
	for _, v := range valuesAt(raw, path, item) {
		var compact bytes.Buffer
		if json.Compact(&compact, v) == nil {
			texts = append(texts, compact.String())
		}
	}
	return strings.Join(texts, ", ")
}

func valuesAt(raw []byte, path string, item int) []json.RawMessage {
	values := []json.RawMessage{raw}
	for _, step := range steps(path) {
		var next []json.RawMessage
		for _, v := range values {
			next = append(next, into(v, step, item)...)
		}
		values = next
	}
	return values
}

func into(v json.RawMessage, step string, item int) []json.RawMessage {
	if strings.HasPrefix(step, "[") {
		var list []json.RawMessage
		if json.Unmarshal(v, &list) != nil {
			return nil
		}
		switch {
		case step == "[]" && item == everyItem:
			return list
		case step == "[]" && item == someItem:
			return nil
		}
		if n, err := strconv.Atoi(strings.Trim(step, "[]")); err == nil {
			item = n
		}
		if item >= len(list) {
			return nil
		}
		return list[item : item+1]
	}
	var object map[string]json.RawMessage
	if json.Unmarshal(v, &object) != nil || object[step] == nil {
		return nil
	}
	return []json.RawMessage{object[step]}
}

// steps splits a source path into names, "[]" and "[0]".
func steps(path string) []string {
	var out []string
	for path != "" {
		switch {
		case path[0] == '.':
			path = path[1:]
		case strings.HasPrefix(path, `["`):
			end := strings.Index(path, `"]`)
			if end < 0 {
				return out
			}
			name, err := strconv.Unquote(path[1 : end+1])
			if err != nil {
				return out
			}
			out, path = append(out, name), path[end+2:]
		case path[0] == '[':
			end := strings.IndexByte(path, ']')
			if end < 0 {
				return out
			}
			out, path = append(out, path[:end+1]), path[end+1:]
		default:
			end := strings.IndexAny(path, ".[")
			if end < 0 {
				end = len(path)
			}
			out, path = append(out, path[:end]), path[end:]
		}
	}
	return out
}
