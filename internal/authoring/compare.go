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

// RowChanges counts objects whose rows differ between two sets.
type RowChanges struct {
	Objects  int       `json:"objects,omitempty"` // compared
	Sample   bool      `json:"sample,omitempty"`  // not all of them
	Changed  int       `json:"changed,omitempty"`
	Added    int       `json:"added,omitempty"` // rows that were not there
	Removed  int       `json:"removed,omitempty"`
	Examples []Example `json:"examples,omitempty"`
}

// Example is one changed value.
type Example struct {
	ID, Column, Old, New string
}

// Examples are two a column, those of the first ids, and so many in all.
const (
	columnExamples = 2
	mostExamples   = 6
)

// RowsOf maps the newest objects of a table with both plans and counts whose
// rows differ.
func (l *Lake) RowsOf(ctx context.Context, old, edited *schemas.Set, oldPlan, newPlan *transform.Plan, table string, most int) (RowChanges, error) {
	c := comparison{table: cmp.Or(edited.Table(table), old.Table(table)), examples: map[string][]Example{}}
	if before := old.Table(table); before != nil {
		c.before = leafFields(before.Fields, "", "")
	}
	done := map[string]bool{} // a mapper of an object's type runs all of its mappings
	for _, m := range append(slices.Clone(edited.Mappings), old.Mappings...) {
		if m.Schema.Table != table || done[m.Source.Object] {
			continue
		}
		done[m.Source.Object] = true
		before, after := oldPlan.Mapper(m.Source.Object), newPlan.Mapper(m.Source.Object)
		all, err := l.count(ctx, streamOf(m.Source.Object))
		if err != nil {
			return c.RowChanges, err
		}
		c.Sample = c.Sample || all > most
		for objects, err := range l.Newest(ctx, streamOf(m.Source.Object), most) {
			if err != nil {
				return c.RowChanges, err
			}
			c.Objects += len(objects)
			c.batch(rowsIn(before, objects, table), rowsIn(after, objects, table))
		}
	}
	for _, l := range leafFields(c.table.Fields, "", "") {
		path, _, _ := strings.Cut(l.path, "[]")
		c.Examples = append(c.Examples, c.examples[path]...)
		delete(c.examples, path)
	}
	c.Examples = c.Examples[:min(len(c.Examples), mostExamples)]
	return c.RowChanges, nil
}

// rowsIn are the rows that objects make in one table; nil for none.
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

// comparison is two sets' rows of one table, compared.
type comparison struct {
	RowChanges
	table    *schemas.Schema
	before   []leafField
	examples map[string][]Example // by column
}

// batch compares the rows of the same objects. Columns that are equal as a whole
// are not looked into.
func (c *comparison) batch(old, edited arrow.RecordBatch) {
	oldRows, newRows := byObject(old), byObject(edited)
	changed := map[string]bool{}
	for _, l := range leafFields(c.table.Fields, "", "") {
		path, _, _ := strings.Cut(l.path, "[]")
		name, _, _ := strings.Cut(path, ".")
		if sameColumn(old, edited, name) {
			continue
		}
		for _, id := range sortedIDs(newRows) {
			for i, row := range newRows[id] {
				if i >= len(oldRows[id]) {
					break
				}
				was, is := valueAt(old, path, oldRows[id][i]), valueAt(edited, path, row)
				if was != is {
					changed[id] = true
					c.example(l, Example{id, path, was, is})
				}
			}
		}
	}
	for id := range newRows {
		c.Added += max(0, len(newRows[id])-len(oldRows[id]))
	}
	for id := range oldRows {
		c.Removed += max(0, len(oldRows[id])-len(newRows[id]))
	}
	c.Changed += len(changed)
	for _, rows := range []arrow.RecordBatch{old, edited} {
		if rows != nil {
			rows.Release()
		}
	}
}

// example keeps a changed value if it is among the first; what is personal data
// by either set is hidden.
func (c *comparison) example(l leafField, e Example) {
	was, _ := find(c.before, l.path)
	if l.label != "" || was.label != "" {
		e.Old, e.New = "(hidden)", "(hidden)"
	}
	kept := append(c.examples[e.Column], e)
	slices.SortFunc(kept, func(a, b Example) int { return cmp.Compare(a.ID, b.ID) })
	c.examples[e.Column] = kept[:min(len(kept), columnExamples)]
}

func byObject(rows arrow.RecordBatch) map[string][]int {
	out := map[string][]int{}
	if rows == nil {
		return out
	}
	ids := rows.Column(rows.Schema().FieldIndices("_source_id")[0]).(*array.String)
	for row := range ids.Len() {
		out[ids.Value(row)] = append(out[ids.Value(row)], row)
	}
	return out
}

func sortedIDs(rows map[string][]int) []string {
	ids := make([]string, 0, len(rows))
	for id := range rows {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}

func sameColumn(old, edited arrow.RecordBatch, name string) bool {
	if old == nil || edited == nil {
		return false
	}
	i, j := old.Schema().FieldIndices(name), edited.Schema().FieldIndices(name)
	return len(i) > 0 && len(j) > 0 && old.NumRows() == edited.NumRows() &&
		arrow.TypeEqual(old.Column(i[0]).DataType(), edited.Column(j[0]).DataType()) && array.Equal(old.Column(i[0]), edited.Column(j[0]))
}
