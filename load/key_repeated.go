package load

import (
	"fmt"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
)

// ruleRepeated is the rule of a reject whose key belongs to an earlier row of the same
// object.
const ruleRepeated = "key repeated"

// withoutRepeated removes rows whose key an earlier row of the same version of an
// object has, and returns them as rejects. The rows of a version must be adjacent. The
// caller releases the kept rows.
func (t *TableLayout) withoutRepeated(rows arrow.RecordBatch) (kept []arrow.RecordBatch, rejects []Reject, err error) {
	names := append([]string{"_source_id", "_seq"}, t.Schema.PrimaryKey...)
	if t.KeyIsID {
		names = nil
	}
	columns, err := t.Arrays(rows, names...)
	if err != nil || len(columns) == 0 {
		rows.Retain()
		return []arrow.RecordBatch{rows}, nil, err
	}
	ids, ok1 := columns[0].(*array.String)
	seqs, ok2 := columns[1].(*array.Int64)
	if !ok1 || !ok2 {
		return nil, nil, fmt.Errorf("its _source_id and _seq are %s and %s", columns[0].DataType(), columns[1].DataType())
	}
	var from int64
	seen := map[string]bool{}
	for i := range rows.NumRows() {
		if i > 0 && seqs.Value(int(i)) != seqs.Value(int(i)-1) {
			clear(seen)
		}
		key := keyOf(columns[2:], int(i))
		if !seen[key] {
			seen[key] = true
			continue
		}
		if from < i {
			kept = append(kept, rows.NewSlice(from, i))
		}
		from = i + 1
		rejects = append(rejects, Reject{
			ID: ids.Value(int(i)), Seq: uint64(seqs.Value(int(i))), Table: t.Schema.Table, Field: strings.Join(t.Schema.PrimaryKey, ", "),
			Rule: ruleRepeated, Reason: "an earlier row of the same object has this key",
		})
	}
	if from < rows.NumRows() {
		kept = append(kept, rows.NewSlice(from, rows.NumRows()))
	}
	return kept, rejects, nil
}

// keyOf returns a text that is unique for the values of row i. It has each value with
// its length, so that no two rows get the same text.
func keyOf(columns []arrow.Array, i int) string {
	var key strings.Builder
	for _, c := range columns {
		value := c.ValueStr(i)
		fmt.Fprintf(&key, "%t %d %s ", c.IsNull(i), len(value), value)
	}
	return key.String()
}
