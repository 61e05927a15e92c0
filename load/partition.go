package load

import (
	"fmt"
	"path"
	"time"

	"github.com/stripelake/stripelake/internal/sqltext"
	"github.com/stripelake/stripelake/schemas"
)

// Period is how a table's rows are divided by the source object's created.
type Period struct {
	column string // empty: the table has no such column and one partition an account
	unit   string // "month", "day" or "year"
	format string // of DuckDB's strftime, and the partition's label
	layout string // the same for Go
}

// nullLabel is the label of rows without a time; DuckDB, Hive and Spark read
// it as NULL.
const nullLabel = "__HIVE_DEFAULT_PARTITION__"

func periodOf(s *schemas.Schema) Period {
	p := Period{column: s.Timestamp, unit: s.Partition, format: "%Y-%m", layout: "2006-01"}
	switch s.Partition {
	case "day":
		p.format, p.layout = "%Y-%m-%d", "2006-01-02"
	case "year":
		p.format, p.layout = "%Y", "2006"
	default:
		p.unit = "month"
	}
	return p
}

// label is the SQL for the label of a row's partition.
func (p Period) label(prefix string) string {
	if p.column == "" {
		return "''"
	}
	return fmt.Sprintf("coalesce(strftime(%s%s, %s), %s)", prefix, sqltext.Ident(p.column), sqltext.Literal(p.format), sqltext.Literal(nullLabel))
}

// where is the SQL condition for the rows of a partition: a range, so that
// DuckDB skips the row groups of other periods.
func (p Period) where(label string) (string, error) {
	switch {
	case p.column == "":
		return "true", nil
	case label == nullLabel:
		return sqltext.Ident(p.column) + " IS NULL", nil
	}
	from, err := time.Parse(p.layout, label)
	if err != nil {
		return "", fmt.Errorf("partition %q: %w", label, err)
	}
	to := map[string]time.Time{"day": from.AddDate(0, 0, 1), "month": from.AddDate(0, 1, 0), "year": from.AddDate(1, 0, 0)}[p.unit]
	return fmt.Sprintf("%[1]s >= TIMESTAMP '%[2]s' AND %[1]s < TIMESTAMP '%[3]s'",
		sqltext.Ident(p.column), from.Format(time.DateOnly), to.Format(time.DateOnly)), nil
}

// accountKey is the key of an account's folder. Readers make a column of it, and
// some refuse one that the files have too.
const accountKey = "acct"

// folder is where a partition's files are, inside a generation. Accounts and
// labels hold no separators, so no partition leaves its table's folder.
func (p Period) folder(table, account, label string) string {
	f := path.Join(table, accountKey+"="+account)
	if p.column == "" {
		return f
	}
	return path.Join(f, fmt.Sprintf("%s_%s=%s", p.column, p.unit, label))
}
