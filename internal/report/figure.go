package report

import (
	"embed"
	"slices"
)

//go:embed sql/*.sql
var sqlFiles embed.FS

// figure is a part of the page that answers one question. It has a query on the
// marts, the table of the answer, a chart of that, and sentences that quote it.
//
// In titles, labels and sentences {x} is replaced by templateValues.text.
type figure struct {
	ID    string `json:"id"`
	Title string `json:"-"`
	Lede  string `json:"lede"`  // what is drawn, and which filters do not apply
	Chart string `json:"-"`     // a description for those who do not see it; "" without a chart
	Empty string `json:"empty"` // shown in place of a table without rows

	SQL      string    `json:"sql"`
	Date     string    `json:"date"`     // the column that the filter of dates applies to
	Provider string    `json:"provider"` // what the filter of providers adds to WHERE; {} is the provider
	Columns  []column  `json:"columns"`
	Findings []finding `json:"findings"`
}

// finding is a sentence: its number, and the text behind it. A finding is left
// out unless all its numbers are there.
type finding struct {
	Number string `json:"number"`
	Rest   string `json:"rest"`
}

// column is a column of the answer, in the order of the SQL.
type column struct {
	Key   string `json:"key"`   // its name in the SQL; sentences quote it by this name
	Label string `json:"label"` // the heading of the column
	Kind  string `json:"kind"`  // name, date, count, money or rate
}

const (
	onlyProvider = "(NOT pays_later OR method = {})"
	eachProvider = "{provider}" // stands for one column a provider
)

// figures returns the figures of the page, from top to bottom.
func figures() []figure {
	var all []figure
	for _, f := range slices.Concat(paymentFigures(), customerFigures(), summaryFigures()) {
		text, err := sqlFiles.ReadFile("sql/" + f.ID + ".sql")
		if err != nil {
			continue // every one is embedded: a test counts them
		}
		f.SQL = string(text)
		all = append(all, f)
	}
	return all
}
