package load

import (
	"slices"

	"github.com/stripelake/stripelake/schemas"
)

// EmptyWarehouse returns the statements that make declared tables, and what is
// published beside them, without a row.
func EmptyWarehouse(tables []*schemas.Schema) []string {
	statements := slices.Concat(privateTables, driftTables, schemaTables)
	for _, t := range tables {
		statements = append(statements, createTables(t)...)
	}
	statements = append(statements, "DROP SCHEMA state CASCADE")
	for _, t := range tables {
		if t.History {
			statements = append(statements, historyView(t)...)
		}
	}
	return statements
}
