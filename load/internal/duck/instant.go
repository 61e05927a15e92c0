package duck

import (
	"fmt"
	"strings"

	"github.com/stripelake/stripelake/internal/sqltext"
	"github.com/stripelake/stripelake/schemas"
)

// An instant is a TIMESTAMP in the state and the warehouse, which says UTC in a
// comment only, and a TIMESTAMP WITH TIME ZONE in the Parquet files, which say it
// themselves (docs/adr/0023). DuckDB turns one into the other by the time zone of
// the session. So every session of ours is in UTC, wherever the program runs.
const inUTC = "SET TimeZone = 'UTC'"

// FileColumns is the SELECT list for the columns of a table as a file has them.
func FileColumns(s *schemas.Schema) string {
	return spelled(s, ofFiles, "make_timestamptz")
}

// FileRows is the SQL for the rows of files of a table as the warehouse has
// them, whichever version exported them.
func FileRows(s *schemas.Schema, paths ...string) string {
	return fmt.Sprintf("(SELECT %s FROM %s)", spelled(s, ofWarehouse, "make_timestamp"), ReadParquet(paths))
}

// ReadParquet is the SQL for the rows of published files as they are in there.
func ReadParquet(paths []string) string {
	quoted := make([]string, len(paths))
	for i, p := range paths {
		quoted[i] = sqltext.Literal(p)
	}
	return "read_parquet([" + strings.Join(quoted, ", ") + "], hive_partitioning = false)"
}

// spelled gives the columns of a table other types. An instant is made from
// microseconds some thirty times faster than by a cast (measured), which is left
// to what is nested.
func spelled(s *schemas.Schema, in spelling, made string) string {
	var replaced []string
	for _, c := range s.Columns() {
		name := sqltext.Ident(c.Name)
		switch {
		case c.Type.Kind == schemas.DateTime:
			replaced = append(replaced, fmt.Sprintf("%s(epoch_us(%s)) AS %s", made, name, name))
		case typeWith(c.Type, ofFiles) != typeWith(c.Type, ofWarehouse):
			replaced = append(replaced, fmt.Sprintf("CAST(%s AS %s) AS %s", name, typeWith(c.Type, in), name))
		}
	}
	if len(replaced) == 0 {
		return "*"
	}
	return "* REPLACE (" + strings.Join(replaced, ", ") + ")"
}
