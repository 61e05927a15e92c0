package transform

import (
	"fmt"
	"strings"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/stripelake/stripelake/schemas"
)

// Object is one version of one Stripe object, as the raw log holds it.
type Object struct {
	Raw         []byte // its JSON
	Account, ID string
	Created     time.Time
	ObservedAt  time.Time // $synced_at
	Seq         uint64    // $seq
	Deleted     bool      // a tombstone's stub, which has no state to map
	LeftOut     int64     // size in bytes of an object that was too large to keep; Raw is then a stub with its id. 0 for all others
}

// Batch is the result of one call of Map for one table.
//
// Invariant 3: for a mapping without each, Rows + Rejects + LeftOut = Objects.
// Where several mappings of one object feed a table, the object counts once for
// each of them.
type Batch struct {
	Schema  *schemas.Schema
	Rows    arrow.RecordBatch // columns exactly Schema.Columns, in order; the caller releases it
	Rejects []Reject
	Objects int  // objects that could feed this table: all but tombstones
	LeftOut int  // left out by where; for a mapping with each these are items
	PerItem bool // the mapping has each: an object makes any number of rows
}

// Mapper maps objects of one type. It keeps its memory between calls and
// belongs to one goroutine.
type Mapper struct {
	evaluation
	program *program
	tables  []tableBatch
}

// tableBatch collects one table's rows during one call of Map.
type tableBatch struct {
	Batch
	builder *array.RecordBuilder
	columns []column
}

func newMapper(p *program) *Mapper {
	m := &Mapper{program: p}
	m.slots = make([]slot, p.slots)
	m.lists = make([][]slot, p.lists)
	m.follow = make([]*node, 2*p.nodes)
	m.scanned = make([]uint64, len(p.scopes))
	m.memo = make([]memo, p.memos)
	m.unknown, m.values = map[unknownField]*counter{}, map[unlistedValue]*counter{}
	m.listed = make([]int, len(p.points))
	m.drift = make([][]counter, len(p.points))
	counters := make([]counter, len(p.points)*int(causes))
	for i := range m.drift {
		m.drift[i], counters = counters[:causes:causes], counters[causes:]
	}
	for _, s := range p.tables {
		b := array.NewRecordBuilder(memory.DefaultAllocator, ArrowSchema(s))
		empty := Batch{Schema: s}
		for _, mapping := range p.mappings {
			if p.tables[mapping.table] == s && mapping.each != nil {
				empty.PerItem = true
			}
		}
		m.tables = append(m.tables, tableBatch{Batch: empty, builder: b, columns: columnsOf(physicalFields(s), b.Field)})
	}
	return m
}

// Map maps objects to one batch for each table that their type feeds, in the
// order of Mappings.Tables. It scans each object once. It is total: an object that
// cannot become a row becomes a reject. Each text column of a batch holds at
// most 2 GiB, so one call should get less than 1 GiB of objects.
func (m *Mapper) Map(objects []Object) []Batch {
	for i := range m.tables {
		m.tables[i].builder.Reserve(len(objects))
		for j := range m.tables[i].columns {
			m.tables[i].columns[j].reserve()
		}
	}
	for i := range objects {
		if !objects[i].Deleted {
			m.object(&objects[i])
		}
	}
	batches := make([]Batch, len(m.tables))
	for i := range m.tables {
		t := &m.tables[i]
		for j := range t.columns {
			t.columns[j].measure()
		}
		t.Rows = t.builder.NewRecordBatch()
		batches[i] = t.Batch
		t.Batch = Batch{Schema: t.Schema, PerItem: t.PerItem}
	}
	return batches
}

// object runs every mapping of the type on one object.
func (m *Mapper) object(o *Object) {
	problem := refusal{}
	switch {
	case o.LeftOut > 0:
		problem = refusal{rule: "size", reason: fmt.Sprintf("the object has %d bytes, more than are kept of one", o.LeftOut)}
	case !m.begin(o, m.program.scopes[0]):
		problem = m.badJSON()
	case o.ID == "" || strings.HasPrefix(o.ID, "noid:"):
		problem = refusal{field: "id", rule: "id", reason: "the object has no id"}
	}
	// Invariant 3: every mapping gives each object a row, a reject or a count in
	// LeftOut; a list's items are counted one by one.
	for i := range m.program.mappings {
		p := &m.program.mappings[i]
		t := &m.tables[p.table]
		t.Objects++
		switch {
		case problem.rule != "":
			problem.mapping = p.position
			t.Rejects = append(t.Rejects, problem.of(o, t.Schema.Table))
		case p.each == nil:
			m.row(p, t)
		default:
			m.items(p, t)
		}
	}
}

// items makes one row for each item of the mapping's list.
func (m *Mapper) items(p *mapping, t *tableBatch) {
	if p.present(&m.evaluation).state != stateSet {
		return
	}
	for _, e := range m.inside(p.list) {
		if m.enter(p.each, e) {
			m.row(p, t)
		} else if e.kind != jsonNull {
			m.note(p.point, cause(e.kind), m.sampleOf(e))
		}
	}
}

// row makes one row, leaves it out, or rejects it.
func (m *Mapper) row(p *mapping, t *tableBatch) {
	c := &m.evaluation
	if p.where != nil && !p.where(c).isTrue() {
		t.LeftOut++
		return
	}
	// Invariant 3: the row is evaluated whole before any of it is appended, so
	// that a rejected one leaves nothing behind in the columns.
	c.tape = c.tape[:0]
	for i := range p.fields {
		if !c.evalField(&p.fields[i]) {
			t.Rejects = append(t.Rejects, c.refusal.of(c.object, t.Schema.Table))
			return
		}
	}
	tape := c.tape
	for i := range t.columns {
		tape = t.columns[i].append(tape)
	}
}
