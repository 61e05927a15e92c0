package load

import (
	"strings"

	"github.com/stripelake/stripelake/schemas"
)

// Views returns the marts of a schema set as views, each after those that it reads.
func Views(set *schemas.Set) []View {
	views := make([]View, len(set.Marts))
	for i, m := range set.Marts {
		views[i] = View{Name: m.Name, SQL: m.SQL, Comment: strings.TrimSpace(m.Title + " " + m.Description)}
		for _, c := range m.Columns {
			views[i].Columns = append(views[i].Columns, Comment{Column: c.Name, Text: c.Description})
		}
	}
	return views
}
