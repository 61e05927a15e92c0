package duck

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
)

// DigestRows hashes each row of the relation from and adds the hashes up. The result
// does not depend on the order of rows, but on how often each occurs. Its form is "<n>
// rows <low> <high>".
func DigestRows(ctx context.Context, q Session, from string, columns []string) (string, error) {
	var rows int64
	var low, high sql.NullString
	err := q.One(ctx, []any{&rows, &low, &high}, fmt.Sprintf(`
		SELECT count(*), CAST(sum(CAST(md5_number_lower(r) AS HUGEINT)) AS VARCHAR),
			CAST(sum(CAST(md5_number_upper(r) AS HUGEINT)) AS VARCHAR)
		FROM (SELECT CAST(struct_pack(%s) AS VARCHAR) AS r FROM %s)`, PackedStruct(columns), from))
	return fmt.Sprintf("%d rows %s %s", rows, low.String, high.String), err
}

// PackedStruct returns the arguments of struct_pack that combine several columns into
// one value.
func PackedStruct(keys []string) string {
	members := make([]string, len(keys))
	for i, k := range keys {
		members[i] = fmt.Sprintf("k%d := %s", i, k)
	}
	return strings.Join(members, ", ")
}
