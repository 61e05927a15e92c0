package duck

import (
	"fmt"
	"strings"

	"github.com/stripelake/stripelake/internal/sqltext"
	"github.com/stripelake/stripelake/schemas"
)

// MoneyScale is the number of decimal places of money, in any currency.
const MoneyScale = 3

// SQLType returns the DuckDB type that holds a declared type.
func SQLType(t schemas.Type) string { return typeWith(t, ofWarehouse) }

// spelling has the SQL types that differ between the state and the warehouse on one
// side and the Parquet files on the other.
type spelling struct{ instant, json string }

var (
	ofWarehouse = spelling{instant: "TIMESTAMP", json: "JSON"}
	ofFiles     = spelling{instant: "TIMESTAMP WITH TIME ZONE", json: "VARCHAR"} // not every reader knows Parquet's JSON
)

func typeWith(t schemas.Type, in spelling) string {
	switch t.Kind {
	case schemas.Boolean:
		return "BOOLEAN"
	case schemas.Short:
		return "SMALLINT"
	case schemas.Integer:
		return "INTEGER"
	case schemas.Long:
		return "BIGINT"
	case schemas.Number:
		return "DOUBLE"
	case schemas.Decimal:
		return "DECIMAL(38,12)"
	case schemas.Money:
		return fmt.Sprintf("DECIMAL(18,%d)", MoneyScale) // Invariant 10: exact, and wide enough for every currency's exponent
	case schemas.Date:
		return "DATE"
	case schemas.DateTime:
		return in.instant
	case schemas.JSON:
		return in.json
	case schemas.List:
		return typeWith(*t.Elem, in) + "[]"
	case schemas.Map:
		return "MAP(VARCHAR, " + typeWith(*t.Elem, in) + ")"
	case schemas.Object:
		members := schemas.Members(t.Fields)
		parts := make([]string, len(members))
		for i, m := range members {
			parts[i] = sqltext.Ident(m.Name) + " " + typeWith(m.Type, in)
		}
		return "STRUCT(" + strings.Join(parts, ", ") + ")"
	default:
		return "VARCHAR"
	}
}

// CreateTable returns the statement that creates a declared table. It has no primary
// key: the merge keeps keys unique, and an index makes merging rows with maps and lists
// some thirty times slower (measured).
func CreateTable(s *schemas.Schema) string {
	var b strings.Builder
	fmt.Fprintf(&b, "CREATE TABLE %s (", sqltext.Ident(s.Table))
	for i, c := range s.Columns() {
		if i > 0 {
			b.WriteString(",")
		}
		fmt.Fprintf(&b, "\n  %s %s", sqltext.Ident(c.Name), SQLType(c.Type))
		if c.Required {
			b.WriteString(" NOT NULL")
		}
	}
	b.WriteString("\n)")
	return b.String()
}
