package report

import (
	"embed"
	"slices"
)

//go:embed sql/*.sql
var sqlFiles embed.FS

// figure is a part of the page that answers one question: an SQL question to the
// marts, the table of its answer, a chart of that, and sentences that quote it.
//
// In titles, labels and sentences {x} stands for what templateValues.text knows.
type figure struct {
	ID    string `json:"id"`
	Title string `json:"-"`
	Lede  string `json:"lede"`  // what is drawn, and which filters do not apply
	Chart string `json:"-"`     // in words, for who does not see it; empty without a chart
	Empty string `json:"empty"` // in place of a table without rows

	SQL      string    `json:"sql"`
	Date     string    `json:"date"`     // the column that the dates choose by
	Provider string    `json:"provider"` // what the provider adds to WHERE; {} is the provider
	Columns  []column  `json:"columns"`
	Findings []finding `json:"findings"`
}

// finding is a sentence: its number, and how it goes on. One whose numbers are
// not all there is left out.
type finding struct {
	Number string `json:"number"`
	Rest   string `json:"rest"`
}

// column is one of the answer, in the order of the SQL.
type column struct {
	Key   string `json:"key"`   // its name in the SQL, by which sentences quote it
	Label string `json:"label"` // over the table
	Kind  string `json:"kind"`  // name, date, count, money or rate
}

const (
	onlyProvider = "(NOT pays_later OR method = {})"
	eachProvider = "{provider}" // a column a provider
)

// figures are the page, from top to bottom.
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
