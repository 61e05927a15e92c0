package loadtest

import (
	"encoding/json"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/stripelake/stripelake/schemas"
)

// Records makes a record batch of a table from rows with JSON values; nil from none.
func Records(s *schemas.Schema, rows []map[string]any) (arrow.RecordBatch, error) {
	if len(rows) == 0 {
		return nil, nil
	}
	text, err := json.Marshal(rows)
	if err != nil {
		return nil, err
	}
	batch, _, err := array.RecordFromJSON(memory.DefaultAllocator, arrow.NewSchema(arrowFields(s.Columns()), nil), strings.NewReader(string(text)))
	return batch, err
}

func arrowType(t schemas.Type) arrow.DataType {
	switch t.Kind {
	case schemas.Boolean:
		return arrow.FixedWidthTypes.Boolean
	case schemas.Short:
		return arrow.PrimitiveTypes.Int16
	case schemas.Integer:
		return arrow.PrimitiveTypes.Int32
	case schemas.Long:
		return arrow.PrimitiveTypes.Int64
	case schemas.Number:
		return arrow.PrimitiveTypes.Float64
	case schemas.Decimal:
		return &arrow.Decimal128Type{Precision: 38, Scale: 12}
	case schemas.Money:
		return &arrow.Decimal128Type{Precision: 18, Scale: 3}
	case schemas.Date:
		return arrow.FixedWidthTypes.Date32
	case schemas.DateTime:
		return &arrow.TimestampType{Unit: arrow.Microsecond}
	case schemas.List:
		return arrow.ListOf(arrowType(*t.Elem))
	case schemas.Map:
		return arrow.MapOf(arrow.BinaryTypes.String, arrowType(*t.Elem))
	case schemas.Object:
		return arrow.StructOf(arrowFields(schemas.Members(t.Fields))...)
	default:
		return arrow.BinaryTypes.String
	}
}

func arrowFields(columns []schemas.Column) []arrow.Field {
	fields := make([]arrow.Field, len(columns))
	for i, c := range columns {
		fields[i] = arrow.Field{Name: c.Name, Type: arrowType(c.Type), Nullable: true}
	}
	return fields
}
