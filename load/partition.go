package load

import (
	"fmt"
	"path"
	"time"

	"github.com/stripelake/stripelake/internal/sqltext"
	"github.com/stripelake/stripelake/schemas"
)

// Period describes how a table's rows are partitioned by the source object's created.
type Period struct {
	column string // empty: the table has no such column, and one partition for each account
	unit   string // "month", "day" or "year"
	format string // of a partition's label, for DuckDB's strftime
	layout string // of the label, for Go
}

// nullLabel is the label for rows without a time. DuckDB, Hive and Spark read it as
// NULL.
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

// label returns the SQL for the label of a row's partition.
func (p Period) label(prefix string) string {
	if p.column == "" {
		return "''"
	}
	return fmt.Sprintf("coalesce(strftime(%s%s, %s), %s)", prefix, sqltext.Ident(p.column), sqltext.Literal(p.format), sqltext.Literal(nullLabel))
}

// where returns the SQL condition for the rows of a partition. It is a range of time,
// so that DuckDB skips the row groups of other periods.
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

// accountKey is the key in the name of an account's folder. Readers make a column of
// it, and some refuse a name that the files have as a column, too.
const accountKey = "acct"

// folder returns the folder of a partition's files, relative to the generation.
// Accounts and labels have no separators, so no partition leaves its table's folder.
func (p Period) folder(table, account, label string) string {
	f := path.Join(table, accountKey+"="+account)
	if p.column == "" {
		return f
	}
	return path.Join(f, fmt.Sprintf("%s_%s=%s", p.column, p.unit, label))
}
