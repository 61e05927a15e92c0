package authoring

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"github.com/stripelake/stripelake/schemas"
	"github.com/stripelake/stripelake/transform"
)

// RowDiff counts objects whose rows differ between two sets.
type RowDiff struct {
	Objects  int       `json:"objects,omitempty"` // number of objects compared
	Sample   bool      `json:"sample,omitempty"`  // not all objects were compared
	Changed  int       `json:"changed,omitempty"`
	Added    int       `json:"added,omitempty"` // rows that only the edited set makes
	Removed  int       `json:"removed,omitempty"`
	Examples []Example `json:"examples,omitempty"`

	Null []NullColumn `json:"null_columns,omitempty"`
}

// Example is one changed value.
type Example struct {
	ID, Column, Old, New string
}

// The number of examples: for each column those of the first ids, and in total.
const (
	columnExamples = 2
	mostExamples   = 6
)

// DiffRows maps the newest objects of a table with both compiled mappings and counts those
// whose rows differ.
func (l *Lake) DiffRows(ctx context.Context, old, edited *schemas.Set, oldMappings, newMappings *transform.Mappings, table string, most int) (RowDiff, error) {
	c := newRowComparison(old, edited, table)
	var err error
	if c.hidden, err = openedColumns(old, edited); err != nil {
		return c.RowDiff, err
	}
	nulls := newNullColumns(c, edited, newMappings, table)
	// A mapper of one type of object runs all mappings that read the type.
	var sources []string
	for _, set := range []*schemas.Set{edited, old} {
		if s := set.Table(table); s != nil {
			sources = append(sources, sourcesOf(set, s)...)
		}
	}
	for _, object := range sortedUnique(sources) {
		before, after := oldMappings.Mapper(object), newMappings.Mapper(object)
		all, err := l.count(ctx, l.streamOf(object))
		if err != nil {
			return c.RowDiff, err
		}
		c.Sample = c.Sample || all > most
		for objects, err := range l.Newest(ctx, l.streamOf(object), most) {
			if err != nil {
				return c.RowDiff, err
			}
			c.Objects += len(objects)
			rows := rowsIn(after, objects, table)
			nulls.look(rows, objects)
			c.compareBatch(rowsIn(before, objects, table), rows)
		}
	}
	c.Null = nulls.list()
	for _, l := range c.after {
		path, _, _ := strings.Cut(l.path, "[]")
		c.Examples = append(c.Examples, c.examples[path]...)
		delete(c.examples, path)
	}
	c.Examples = c.Examples[:min(len(c.Examples), mostExamples)]
	return c.RowDiff, nil
}

func sortedUnique(names []string) []string {
	slices.Sort(names)
	return slices.Compact(names)
}

// rowsIn returns the rows that objects make in one table; nil for none.
func rowsIn(mapper *transform.Mapper, objects []transform.Object, table string) arrow.RecordBatch {
	var out arrow.RecordBatch
	if mapper == nil {
		return nil
	}
	for _, b := range mapper.Map(objects) {
		if b.Schema.Table == table {
			out = b.Rows
		} else {
			b.Rows.Release()
		}
	}
	return out
}

// rowComparison compares the rows of one table that two sets make.
type rowComparison struct {
	RowDiff
	table          string
	before, after  []leafField
	oldKey, newKey []string // the columns of the key in the old and in the edited set
	examples       map[string][]Example
	hidden         map[string]bool // columns ("customers.email") whose values the old set's privacy hides
}

// openedColumns returns the columns in which the edited set shows what the old
// one hides. An example names its object; values that the lake hides stay
// hidden.
func openedColumns(old, edited *schemas.Set) (map[string]bool, error) {
	shown, err := transform.Opened(old, edited, nil)
	if err != nil {
		return nil, err
	}
	columns := map[string]bool{}
	for _, x := range shown {
		column, _, _ := strings.Cut(x.Column, "[]")
		columns[column] = true
	}
	return columns, nil
}

func newRowComparison(old, edited *schemas.Set, table string) *rowComparison {
	now := cmp.Or(edited.Table(table), old.Table(table))
	c := &rowComparison{table: table, after: leafFields(now.Fields), newKey: now.PrimaryKey, examples: map[string][]Example{}}
	if before := old.Table(table); before != nil {
		c.before, c.oldKey = leafFields(before.Fields), before.PrimaryKey
	}
	return c
}

// compareBatch compares the rows of the same objects, by their keys: an item
// that only moved in its list is no difference. It does not look into columns
// that are equal as a whole.
func (c *rowComparison) compareBatch(old, edited arrow.RecordBatch) {
	oldKeys, newKeys := keysOf(old, c.oldKey), keysOf(edited, c.newKey)
	oldRows, newRows := rowsByKey(oldKeys), rowsByKey(newKeys)
	inPlace := slices.Equal(oldKeys, newKeys)
	changed := map[string]bool{}
	for _, l := range c.after {
		if _, there := find(c.before, l.path); there && l.now != "" {
			continue // a former name: only the current one is compared
		}
		path, _, _ := strings.Cut(l.path, "[]")
		formerly, _, _ := strings.Cut(c.earlierLeaf(l).path, "[]")
		name, _, _ := strings.Cut(path, ".")
		if inPlace && sameColumn(old, edited, name) {
			continue
		}
		for row, key := range newKeys {
			before, there := oldRows[key]
			if !there {
				continue
			}
			was, is := valueAt(old, formerly, before), valueAt(edited, path, row)
			if was != is {
				changed[key.object] = true
				if is != "null" && c.hidden[c.table+"."+path] {
					is = "shown in the clear"
				}
				c.addExample(l, Example{key.object, path, was, is})
			}
		}
	}
	for _, key := range newKeys {
		if _, there := oldRows[key]; !there {
			c.Added++
		}
	}
	for _, key := range oldKeys {
		if _, there := newRows[key]; !there {
			c.Removed++
		}
	}
	c.Changed += len(changed)
	for _, rows := range []arrow.RecordBatch{old, edited} {
		if rows != nil {
			rows.Release()
		}
	}
}

// earlierLeaf returns a leaf in the old set, where a renamed one has its old
// name.
func (c *rowComparison) earlierLeaf(l leafField) leafField {
	if o, there := find(c.before, l.path); there {
		return o
	}
	o, _ := formerLeaf(c.before, c.after, l)
	return o
}

// addExample keeps a difference if it is among the first. It hides values that are
// personal in either set.
func (c *rowComparison) addExample(l leafField, e Example) {
	if l.label != "" || c.earlierLeaf(l).label != "" {
		e.Old, e.New = "(hidden)", "(hidden)"
	}
	kept := append(c.examples[e.Column], e)
	slices.SortStableFunc(kept, func(a, b Example) int { return cmp.Compare(a.ID, b.ID) })
	c.examples[e.Column] = kept[:min(len(kept), columnExamples)]
}

// rowKey identifies a row of a table, independently of the names of the key's
// columns.
type rowKey struct {
	account, object string
	values          string
	nth             int // number among the rows with the same key, which the mapping makes by mistake
}

// keysOf returns the keys of the rows, in order.
func keysOf(rows arrow.RecordBatch, columns []string) []rowKey {
	if rows == nil {
		return nil
	}
	keys, seen := make([]rowKey, rows.NumRows()), map[rowKey]int{}
	for row := range keys {
		key := rowKey{account: valueAt(rows, "account", row), object: sourceOf(rows, row)}
		for _, column := range columns {
			key.values += valueAt(rows, column, row) + "\n"
		}
		seen[key]++
		keys[row] = key
		keys[row].nth = seen[key]
	}
	return keys
}

// sourceOf returns the id of the object that a row was made from.
func sourceOf(rows arrow.RecordBatch, row int) string {
	return rows.Column(rows.Schema().FieldIndices("_source_id")[0]).(*array.String).Value(row)
}

func rowsByKey(keys []rowKey) map[rowKey]int {
	rows := make(map[rowKey]int, len(keys))
	for row, key := range keys {
		rows[key] = row
	}
	return rows
}

func sameColumn(old, edited arrow.RecordBatch, name string) bool {
	if old == nil || edited == nil {
		return false
	}
	i, j := old.Schema().FieldIndices(name), edited.Schema().FieldIndices(name)
	return len(i) > 0 && len(j) > 0 && old.NumRows() == edited.NumRows() &&
		arrow.TypeEqual(old.Column(i[0]).DataType(), edited.Column(j[0]).DataType()) && array.Equal(old.Column(i[0]), edited.Column(j[0]))
}
