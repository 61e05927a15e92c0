package load

import (
	"fmt"

	"github.com/stripelake/stripelake/internal/sqltext"
)

// lakeTable are the statements for the table with the facts about a generation that
// nobody may have to guess: a table of test objects looks like one of live objects.
// Only a warehouse has a row in it.
var lakeTable = []string{
	"CREATE TABLE meta.lake (mode VARCHAR, format INTEGER, program VARCHAR, generation BIGINT, built TIMESTAMP)",
	"COMMENT ON TABLE meta.lake IS 'This warehouse, in one row: whether its objects are of live or of test mode, the format of the generation, the version of stripelake that published it, the number of the generation, and when it was built (UTC).'",
}

// lakeRow returns the statement that adds the generation's row to a table.
func (p *publisher) lakeRow(table string) string {
	return fmt.Sprintf("INSERT INTO %s VALUES (%s, %d, %s, %d, %s)",
		table, sqltext.Literal(p.Mode), p.Format, sqltext.Literal(p.Program), p.Number, timestamp(&p.Built))
}
