package transform

import (
	"math"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/decimal128"

	"github.com/stripelake/stripelake/schemas"
)

// ArrowSchema returns the Arrow form of a table's physical columns, in the
// order of Schema.Columns. Times are timestamps in microseconds without a zone,
// always UTC: truncating to a month must not depend on a reader's zone.
func ArrowSchema(s *schemas.Schema) *arrow.Schema {
	return arrow.NewSchema(arrowFields(s.Columns()), nil)
}

func arrowFields(columns []schemas.Column) []arrow.Field {
	fields := make([]arrow.Field, len(columns))
	for i, c := range columns {
		fields[i] = arrow.Field{Name: c.Name, Type: arrowType(c.Type), Nullable: !c.Required}
	}
	return fields
}

// scalarTypes are the Arrow types of the kinds that hold one value.
var scalarTypes = map[schemas.Kind]arrow.DataType{
	schemas.String:   arrow.BinaryTypes.String,
	schemas.Boolean:  arrow.FixedWidthTypes.Boolean,
	schemas.Short:    arrow.PrimitiveTypes.Int16,
	schemas.Integer:  arrow.PrimitiveTypes.Int32,
	schemas.Long:     arrow.PrimitiveTypes.Int64,
	schemas.Number:   arrow.PrimitiveTypes.Float64,
	schemas.Decimal:  &arrow.Decimal128Type{Precision: 38, Scale: decimalScale},
	schemas.Money:    &arrow.Decimal128Type{Precision: 18, Scale: moneyScale},
	schemas.Date:     arrow.FixedWidthTypes.Date32,
	schemas.DateTime: &arrow.TimestampType{Unit: arrow.Microsecond},
	schemas.JSON:     arrow.BinaryTypes.String,
}

func arrowType(t schemas.Type) arrow.DataType {
	switch t.Kind {
	case schemas.Object:
		return arrow.StructOf(arrowMembers(t.Fields)...)
	case schemas.List:
		return arrow.ListOf(arrowType(*t.Elem))
	case schemas.Map:
		return arrow.MapOf(arrow.BinaryTypes.String, arrowType(*t.Elem))
	}
	return scalarTypes[t.Kind]
}

// arrowMembers returns the Arrow fields of an object's members. All of them are
// nullable, because the object itself may be null.
func arrowMembers(fields []*schemas.Field) []arrow.Field {
	members := arrowFields(schemas.Members(fields))
	for i := range members {
		members[i].Nullable = true
	}
	return members
}

// column appends a field's values from the tape to its Arrow builders.
type column struct {
	kind    schemas.Kind
	builder array.Builder
	text    *array.StringBuilder
	long    *array.Int64Builder // long, or a money field's minor units; nil when it has none
	decimal *array.Decimal128Builder
	object  *array.StructBuilder
	list    *array.ListBuilder
	entries *array.MapBuilder
	members []column // object's members; a list's element; a map's key and value
	bytes   int      // length of the text in the previous batch, which is reserved for the next one
}

// columnsOf pairs each field with the builders of its physical columns, in
// order: one builder, or two for an amount of money with its minor units.
func columnsOf(fields []*schemas.Field, builder func(int) array.Builder) []column {
	var columns []column
	next := 0
	for _, f := range fields {
		c := columnOf(f.Type, builder(next))
		next++
		if f.Type.Kind == schemas.Money && f.Minor {
			c.long = builder(next).(*array.Int64Builder)
			next++
		}
		columns = append(columns, c)
	}
	return columns
}

func columnOf(t schemas.Type, b array.Builder) column {
	c := column{kind: t.Kind, builder: b}
	switch b := b.(type) {
	case *array.StringBuilder:
		c.text = b
	case *array.Int64Builder:
		c.long = b
	case *array.Decimal128Builder:
		c.decimal = b
	case *array.StructBuilder:
		c.object = b
		c.members = columnsOf(t.Fields, b.FieldBuilder)
	case *array.ListBuilder:
		c.list = b
		c.members = []column{columnOf(*t.Elem, b.ValueBuilder())}
	case *array.MapBuilder:
		c.entries = b
		c.members = []column{columnOf(schemas.Type{Kind: schemas.String}, b.KeyBuilder()), columnOf(*t.Elem, b.ItemBuilder())}
	}
	return c
}

// append moves a field's values from the tape to its builders. It returns the
// rest of the tape.
func (c *column) append(tape []value) []value {
	v := &tape[0]
	tape = tape[1:]
	if v.state != stateSet {
		c.builder.AppendNull()
		if c.kind == schemas.Money && c.long != nil {
			c.appendMinor(v)
		}
		return tape
	}
	switch c.kind {
	case schemas.String, schemas.JSON:
		c.text.BinaryBuilder.Append(v.text)
	case schemas.Long:
		c.long.Append(v.num)
	case schemas.Money:
		c.decimal.Append(decimal128.FromI64(v.num))
		if c.long != nil {
			c.long.Append(v.high)
		}
	case schemas.Decimal:
		c.decimal.Append(decimal128.New(v.high, uint64(v.num)))
	case schemas.Object:
		c.object.Append(true)
		for i := range c.members {
			tape = c.members[i].append(tape)
		}
	case schemas.List:
		c.list.Append(true)
		for range v.num {
			tape = c.members[0].append(tape)
		}
	case schemas.Map:
		c.entries.Append(true)
		for range v.num {
			tape = c.members[1].append(c.members[0].append(tape))
		}
	default:
		c.appendSmall(v.num)
	}
	return tape
}

// appendMinor appends the minor units of an amount that is null.
func (c *column) appendMinor(v *value) {
	if v.state == stateUnscaled {
		c.long.Append(v.high)
		return
	}
	c.long.AppendNull()
}

// appendSmall appends a value of a kind that fits into one machine word.
func (c *column) appendSmall(n int64) {
	switch b := c.builder.(type) {
	case *array.BooleanBuilder:
		b.Append(n != 0)
	case *array.Int16Builder:
		b.Append(int16(n))
	case *array.Int32Builder:
		b.Append(int32(n))
	case *array.Float64Builder:
		b.Append(math.Float64frombits(uint64(n)))
	case *array.Date32Builder:
		b.Append(arrow.Date32(n))
	case *array.TimestampBuilder:
		b.Append(arrow.Timestamp(n))
	}
}

// reserve allocates as much text as the previous batch had. A buffer that grows
// by doubling would copy that text twice.
func (c *column) reserve() {
	if c.text != nil {
		c.text.ReserveData(c.bytes)
	}
	for i := range c.members {
		c.members[i].reserve()
	}
}

// measure records the length of a batch's text, before the batch is taken.
func (c *column) measure() {
	if c.text != nil {
		c.bytes = c.text.DataLen()
	}
	for i := range c.members {
		c.members[i].measure()
	}
}
