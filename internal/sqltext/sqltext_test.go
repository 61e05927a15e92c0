package sqltext_test

import (
	"fmt"

	"github.com/stripelake/stripelake/internal/sqltext"
)

func Example() {
	fmt.Printf("SELECT %s FROM %s WHERE note = %s", sqltext.Ident("id"), sqltext.Ident(`my "table"`), sqltext.Literal(`it's a \`))
	// Output: SELECT "id" FROM "my ""table""" WHERE note = 'it''s a \'
}
