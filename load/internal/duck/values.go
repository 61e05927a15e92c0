package duck

import (
	"bytes"
	"fmt"
	"math/big"
	"time"
	"unicode/utf8"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/duckdb/duckdb-go/v2"

	"github.com/stripelake/stripelake/schemas"
)

// fill copies n values of an array, beginning at from, into a column of a chunk.
func (f leaf) fill(chunk duckdb.DataChunk, col int, a arrow.Array, from, n int) error {
	if f.present {
		return fillWith(chunk, col, nil, from, n, func(i int) bool { return a.IsValid(i) })
	}
	switch a := a.(type) {
	case *array.String:
		return fillWith(chunk, col, a, from, n, func(i int) []byte { return text(a, i) })
	case *array.Boolean:
		return fillWith(chunk, col, a, from, n, a.Value)
	case *array.Int16:
		return fillWith(chunk, col, a, from, n, a.Value)
	case *array.Int32:
		return fillWith(chunk, col, a, from, n, a.Value)
	case *array.Int64:
		return fillWith(chunk, col, a, from, n, a.Value)
	case *array.Float64:
		return fillWith(chunk, col, a, from, n, a.Value)
	case *array.Timestamp:
		return fillWith(chunk, col, a, from, n, func(i int) time.Time { return instant(a, i) })
	case *array.Date32:
		return fillWith(chunk, col, a, from, n, func(i int) time.Time { return a.Value(i).ToTime() })
	case *array.Decimal128:
		if f.typ.Kind == schemas.Money {
			return fillWith(chunk, col, a, from, n, func(i int) int64 { return int64(a.Value(i).LowBits()) })
		}
		return fillWith(chunk, col, a, from, n, func(i int) *big.Int { return a.Value(i).BigInt() })
	case *array.List, *array.Map:
		for i := range n {
			v, err := boxed(f.typ, a, from+i)
			if err == nil {
				err = chunk.SetValue(col, i, v)
			}
			if err != nil {
				return err
			}
		}
		return nil
	default:
		return fmt.Errorf("a %s where %s is declared", a.DataType(), f.typ.Kind)
	}
}

// fillWith copies values without boxing them. nulls is nil if value works for every
// row.
func fillWith[T any](chunk duckdb.DataChunk, col int, nulls arrow.Array, from, n int, value func(int) T) error {
	for i := range n {
		var err error
		if nulls != nil && nulls.IsNull(from+i) {
			err = chunk.SetValue(col, i, nil)
		} else {
			err = duckdb.SetChunkValue(chunk, col, i, value(from+i))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// text returns a string's bytes. Broken bytes become U+FFFD, because DuckDB silently
// stores NULL for text that is not UTF-8.
func text(a *array.String, i int) []byte {
	start := a.ValueOffset(i) - a.ValueOffset(0)
	b := a.ValueBytes()[start : start+a.ValueLen(i)]
	if !utf8.Valid(b) {
		return bytes.ToValidUTF8(b, []byte("\uFFFD"))
	}
	return b
}

func instant(a *array.Timestamp, i int) time.Time { return time.UnixMicro(int64(a.Value(i))).UTC() }

// boxed returns a value inside a list or map in the type that the driver takes.
func boxed(t schemas.Type, a arrow.Array, i int) (any, error) {
	if a.IsNull(i) {
		return nil, nil
	}
	switch a := a.(type) {
	case *array.String:
		return text(a, i), nil
	case *array.Boolean:
		return a.Value(i), nil
	case *array.Int16:
		return a.Value(i), nil
	case *array.Int32:
		return a.Value(i), nil
	case *array.Int64:
		return a.Value(i), nil
	case *array.Float64:
		return a.Value(i), nil
	case *array.Timestamp:
		return instant(a, i), nil
	case *array.Date32:
		return a.Value(i).ToTime(), nil
	case *array.Decimal128:
		if t.Kind == schemas.Money {
			return int64(a.Value(i).LowBits()), nil
		}
		return a.Value(i).BigInt(), nil
	case *array.Map:
		return boxedMap(t, a, i)
	case *array.List:
		return boxedList(t, a, i)
	case *array.Struct:
		return boxedStruct(t, a, i)
	default:
		return nil, fmt.Errorf("a %s where %s is declared", a.DataType(), t.Kind)
	}
}

func boxedList(t schemas.Type, a *array.List, i int) (any, error) {
	start, end := a.ValueOffsets(i)
	list := make([]any, 0, end-start)
	for j := start; j < end; j++ {
		v, err := boxed(*t.Elem, a.ListValues(), int(j))
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	return list, nil
}

// boxedMap keeps the order in which keys arrived. DuckDB refuses a map with a key
// twice; the later value wins, as it does in JSON.
func boxedMap(t schemas.Type, a *array.Map, i int) (any, error) {
	keys, ok := a.Keys().(*array.String)
	if !ok {
		return nil, fmt.Errorf("a map with %s keys", a.Keys().DataType())
	}
	var m duckdb.OrderedMap
	start, end := a.ValueOffsets(i)
	for j := start; j < end; j++ {
		v, err := boxed(*t.Elem, a.Items(), int(j))
		if err != nil {
			return nil, err
		}
		m.Set(string(text(keys, int(j))), v)
	}
	return m, nil
}

func boxedStruct(t schemas.Type, a *array.Struct, i int) (any, error) {
	members := schemas.Members(t.Fields)
	if a.NumField() != len(members) {
		return nil, fmt.Errorf("an object of %d members, want %d", a.NumField(), len(members))
	}
	m := make(map[string]any, len(members))
	for j, member := range members {
		v, err := boxed(member.Type, a.Field(j), i)
		if err != nil {
			return nil, err
		}
		m[member.Name] = v
	}
	return m, nil
}
