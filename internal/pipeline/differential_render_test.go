package pipeline_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/big"
	"strconv"
	"strings"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/duckdb/duckdb-go/v2"

	"github.com/stripelake/stripelake/schemas"
	"github.com/stripelake/stripelake/transform"
)

// The two sides are compared as text: one line a row, "name: value" a column,
// nulls left out, every value exactly. Only JSON is compared as a value, and
// numbers without the sign of zero.

// kernelRows renders what the kernel made.
func kernelRows(b transform.Batch) []string {
	columns := b.Schema.Columns()
	out := make([]string, 0, b.Rows.NumRows())
	for row := range int(b.Rows.NumRows()) {
		var line bytes.Buffer
		for i, c := range columns {
			writeArrow(&line, c.Name, c.Type, b.Rows.Column(i), row)
		}
		out = append(out, line.String())
	}
	return out
}

func writeArrow(out *bytes.Buffer, name string, t schemas.Type, a arrow.Array, row int) {
	if a.IsNull(row) {
		return
	}
	fmt.Fprintf(out, "%s: ", name)
	switch a := a.(type) {
	case *array.Struct:
		out.WriteString("{")
		for i, c := range schemas.Members(t.Fields) {
			writeArrow(out, c.Name, c.Type, a.Field(i), row)
		}
		out.WriteString("}")
	case *array.Map: // before List, which it is a kind of
		out.WriteString("{")
		start, end := a.ValueOffsets(row)
		for i := start; i < end; i++ {
			key := a.Keys().(*array.String).Value(int(i))
			writeText(out, schemas.String, key)
			writeArrow(out, "=", *t.Elem, a.Items(), int(i))
		}
		out.WriteString("}")
	case *array.List:
		out.WriteString("[")
		start, end := a.ValueOffsets(row)
		for i := start; i < end; i++ {
			out.WriteString(", ")
			writeArrow(out, "-", *t.Elem, a.ListValues(), int(i))
		}
		out.WriteString("]")
	default:
		writeText(out, t.Kind, arrowText(a, row))
	}
	out.WriteString("; ")
}

// arrowText renders a value as DuckDB casts it to text.
func arrowText(a arrow.Array, row int) string {
	switch a := a.(type) {
	case *array.String:
		return a.Value(row)
	case *array.Decimal128:
		scale := a.DataType().(*arrow.Decimal128Type).Scale
		return new(big.Rat).SetFrac(a.Value(row).BigInt(), new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(scale)), nil)).FloatString(int(scale))
	case *array.Timestamp:
		return timeText(time.UnixMicro(int64(a.Value(row))).UTC(), " 15:04:05")
	case *array.Date32:
		return timeText(time.Unix(int64(a.Value(row))*24*60*60, 0).UTC(), "")
	case *array.Float64:
		return fmt.Sprint(a.Value(row))
	}
	return a.ValueStr(row)
}

// timeText writes years before our era as DuckDB does.
func timeText(t time.Time, clock string) string {
	year, era := t.Year(), ""
	if year < 1 {
		year, era = 1-year, " (BC)"
	}
	out := fmt.Sprintf("%04d-%02d-%02d", year, t.Month(), t.Day()) + era
	if clock != "" {
		out += t.Format(clock)
		if micros := t.Nanosecond() / 1000; micros != 0 {
			out += strings.TrimRight(fmt.Sprintf(".%06d", micros), "0")
		}
	}
	return out
}

func writeScanned(out *bytes.Buffer, name string, t schemas.Type, v any) {
	if v == nil {
		return
	}
	fmt.Fprintf(out, "%s: ", name)
	switch t.Kind {
	case schemas.Object:
		members := v.(map[string]any)
		out.WriteString("{")
		for _, c := range schemas.Members(t.Fields) {
			writeScanned(out, c.Name, c.Type, members[c.Name])
		}
		out.WriteString("}")
	case schemas.List:
		out.WriteString("[")
		for _, e := range v.([]any) {
			out.WriteString(", ")
			writeScanned(out, "-", *t.Elem, e)
		}
		out.WriteString("]")
	case schemas.Map:
		entries := v.(duckdb.OrderedMap)
		out.WriteString("{")
		values := entries.Values()
		for i, key := range entries.Keys() {
			writeText(out, schemas.String, key.(string))
			writeScanned(out, "=", *t.Elem, values[i])
		}
		out.WriteString("}")
	default:
		writeText(out, t.Kind, v.(string))
	}
	out.WriteString("; ")
}

// writeText writes one value, in a spelling that both sides share.
func writeText(out *bytes.Buffer, kind schemas.Kind, text string) {
	switch {
	case kind == schemas.Number:
		if f, err := strconv.ParseFloat(text, 64); err == nil {
			text = strconv.FormatFloat(f+0, 'g', -1, 64)
		}
	case kind == schemas.JSON || strings.HasPrefix(text, "{") || strings.HasPrefix(text, "["):
		text = canonical(text)
	}
	fmt.Fprintf(out, "%q", text)
}

// canonical is the same for all spellings of one JSON value.
func canonical(text string) string {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var v any
	if d.Decode(&v) != nil || d.More() {
		return text
	}
	compact, _ := json.Marshal(plainNumbers(v))
	return string(compact)
}

func plainNumbers(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for k := range v {
			v[k] = plainNumbers(v[k])
		}
	case []any:
		for i := range v {
			v[i] = plainNumbers(v[i])
		}
	case json.Number:
		f, _ := v.Float64() // infinite where it is out of range, whatever its spelling
		return fmt.Sprint(f + 0)
	}
	return v
}
