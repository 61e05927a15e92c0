package load

import (
	"slices"

	"github.com/stripelake/stripelake/schemas"
)

// EmptyWarehouse returns the statements that create the declared tables and the tables
// published with them, without rows.
func EmptyWarehouse(tables []*schemas.Schema) []string {
	statements := slices.Concat(privateTables, driftTables, schemaTables, lakeTable)
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
