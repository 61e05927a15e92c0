package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/decimal128"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/stripelake/stripelake/load"
	"github.com/stripelake/stripelake/schemas"
	"github.com/stripelake/stripelake/transform"
)

// byHand is the code that a programmer would write without a mapping language:
// it decodes each charge into maps with encoding/json and picks the columns by
// hand. It makes the same rows as schemas/mappings/stripe/charge.yaml, and the
// benchmark checks that it does.
type byHand struct {
	set     *schemas.Set
	builder *array.RecordBuilder
}

func newByHand(set *schemas.Set) *byHand {
	schema := transform.ArrowSchema(set.Table("charges"))
	return &byHand{set: set, builder: array.NewRecordBuilder(memory.DefaultAllocator, schema)}
}

func (h *byHand) rows(account string, objects []load.Raw) (arrow.RecordBatch, error) {
	for i := range objects {
		var c object
		if err := json.Unmarshal(objects[i].Object, &c); err != nil {
			return nil, err
		}
		row := h.charge(c)
		row["account"], row["_source_id"], row["_seq"] = account, objects[i].ID, int64(objects[i].Seq)
		row["synced_at"], row["deleted"] = objects[i].ObservedAt, false
		for k, field := range h.builder.Schema().Fields() {
			if err := appendValue(h.builder.Field(k), row[field.Name]); err != nil {
				return nil, fmt.Errorf("%s: %w", field.Name, err)
			}
		}
	}
	return h.builder.NewRecordBatch(), nil
}

// object is a decoded JSON object.
type object map[string]any

// value returns the value at a path, or nil.
func (o object) value(path ...string) any {
	var v any = map[string]any(o)
	for _, name := range path {
		m, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		v = m[name]
	}
	return v
}

func (o object) member(path ...string) object {
	m, _ := o.value(path...).(map[string]any)
	return m
}

func (o object) reference(path ...string) any {
	switch v := o.value(path...).(type) {
	case string:
		return v
	case map[string]any:
		return v["id"]
	}
	return nil
}

func firstSet(values ...any) any {
	for _, v := range values {
		if v != nil {
			return v
		}
	}
	return nil
}

func onlyIf(condition bool, row object) any {
	if !condition {
		return nil
	}
	return row
}

func (o object) pick(names ...string) object {
	row := object{}
	for _, name := range names {
		row[name] = o[name]
	}
	return row
}

func (h *byHand) lookup(name string, key any) any {
	if s, ok := key.(string); ok {
		if v, ok := h.set.Lookup(name).Value(s); ok {
			return v
		}
	}
	return nil
}

// money sets an amount and its minor units.
func (h *byHand) money(row object, name string, minor, currency any) {
	units, ok := minor.(float64)
	if !ok {
		return
	}
	exponent := 2
	if s, ok := h.lookup(schemas.CurrencyExponents, currency).(string); ok {
		exponent = int(s[0] - '0')
	}
	scaled := int64(units)
	for range 3 - exponent {
		scaled *= 10
	}
	row[name], row[name+"_minor"] = decimal128.FromI64(scaled), int64(units)
}

func upper(v any) any {
	s, ok := v.(string)
	if !ok {
		return nil
	}
	b := []byte(s)
	for i, c := range b {
		if 'a' <= c && c <= 'z' {
			b[i] = c - 'a' + 'A'
		}
	}
	return string(b)
}

func unix(v any) any {
	if seconds, ok := v.(float64); ok {
		return time.Unix(int64(seconds), 0)
	}
	return nil
}

// appendValue appends a value, or null, to a column.
func appendValue(b array.Builder, v any) error {
	if v == nil {
		b.AppendNull()
		return nil
	}
	switch b := b.(type) {
	case *array.StringBuilder:
		b.Append(v.(string))
	case *array.BooleanBuilder:
		b.Append(v.(bool))
	case *array.Int64Builder:
		switch v := v.(type) {
		case int64:
			b.Append(v)
		case float64:
			b.Append(int64(v))
		}
	case *array.Int32Builder:
		b.Append(int32(v.(float64)))
	case *array.Int16Builder:
		b.Append(int16(v.(float64)))
	case *array.TimestampBuilder:
		b.Append(arrow.Timestamp(v.(time.Time).UnixMicro()))
	case *array.Decimal128Builder:
		b.Append(v.(decimal128.Num))
	case *array.StructBuilder:
		b.Append(true)
		members := b.Type().(*arrow.StructType).Fields()
		for i, member := range members {
			if err := appendValue(b.FieldBuilder(i), v.(object)[member.Name]); err != nil {
				return err
			}
		}
	case *array.MapBuilder:
		return setMap(b, v.(map[string]any))
	default:
		return fmt.Errorf("no column of type %s was expected", b.Type())
	}
	return nil
}

func setMap(b *array.MapBuilder, m map[string]any) error {
	b.Append(true)
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	for _, k := range keys {
		if err := appendValue(b.KeyBuilder(), k); err != nil {
			return err
		}
		if err := appendValue(b.ItemBuilder(), m[k]); err != nil {
			return err
		}
	}
	return nil
}
