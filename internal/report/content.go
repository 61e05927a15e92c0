package report

import (
	"context"
	"encoding/json"
	"fmt"
	"html/template"
	"maps"
)

// content is what the template renders.
type content struct {
	Lake     Lake
	Accounts []string
	First    string
	Last     string
	Words    templateValues
	Coverage [][]string
	Charges  []string // the row of Coverage for charges, if there is one account
	Missing  []string // what was not read, and why
	Shaded   bool     // the chart over time shades periods that were not read
	Findings []finding
	Verdict  string // shown in place of findings, if nothing can be found
	Sections []section
	Data     template.JS
}

// section is a figure with its answer.
type section struct {
	Figure   figure
	Title    string
	Lede     string
	Empty    string
	Question string
	Table    table
}

func (s *snapshot) content(ctx context.Context, v *dimensions, lake Lake) (content, error) {
	c := content{Lake: lake, Accounts: v.axes["account"], First: v.first, Last: v.last, Words: v.words}
	tables := map[string]table{}
	all := figures()
	for _, f := range all {
		question := v.words.sql(f.SQL)
		answer, err := s.texts(ctx, question)
		if err != nil {
			return c, fmt.Errorf("figure %s: %w", f.ID, err)
		}
		tables[f.ID] = v.words.table(f, answer)
		c.Sections = append(c.Sections, section{
			Figure: f, Title: v.words.text(f.Title), Lede: v.words.text(f.Lede), Empty: v.words.text(f.Empty),
			Question: question, Table: tables[f.ID],
		})
	}
	c.Verdict = verdict(tables["summary"])
	if v.first == "" {
		all, c.Sections = nil, nil // there is nothing to ask about
	}
	for _, f := range all {
		for _, sentence := range f.Findings {
			if found, whole := v.words.finding(sentence, tables); whole && c.Verdict == "" {
				c.Findings = append(c.Findings, found)
			}
		}
	}
	var err error
	if c.Coverage, err = s.coverage(ctx); err != nil {
		return c, err
	}
	c.Missing = missingLines(c.Coverage, len(c.Accounts))
	for _, row := range c.Coverage {
		if row[1] == "charges" && len(c.Accounts) == 1 {
			c.Charges = row
		}
	}
	unread, err := s.unreadSpans(ctx, v)
	if err != nil {
		return c, err
	}
	c.Shaded = len(unread) > 0
	c.Data, err = v.pageData(all, unread)
	return c, err
}

// verdict returns why nothing can be found, or "".
func verdict(summary table) string {
	later := summary.find("later", "attempts")
	switch {
	case len(summary.Rows) == 0:
		return "There is no payment here, not even an attempt."
	case later == "":
		return "Nobody tried to pay later here."
	case summary.find("later", "total") == "0":
		return "Nobody has paid later here: of " + later + " attempts, none succeeded."
	}
	return ""
}

// pageData returns the data that the scripts work with. Go's JSON escapes <, >
// and &, so that no value ends the element that holds it.
func (v *dimensions) pageData(all []figure, unread []unreadSpan) (template.JS, error) {
	edges := make([]string, len(v.axes["edge"]))
	for i, edge := range v.axes["edge"] {
		edges[i] = trimZeros(edge)
	}
	shown := maps.Clone(v.axes)
	shown["edge"] = edges
	text, err := json.Marshal(struct {
		Unit    string                 `json:"unit"`
		First   string                 `json:"first"`
		Last    string                 `json:"last"`
		Axes    axes                   `json:"axes"`
		Digits  map[string]int         `json:"digits"`
		Ends    map[string]edgeRange   `json:"ends"`
		Figures []figure               `json:"figures"`
		Cells   map[string]cubeColumns `json:"cells"`
		Unread  []unreadSpan           `json:"unread,omitempty"`
	}{v.words.Unit, v.first, v.last, shown, v.digits, v.basketEdges, all, v.cells, unread})
	if err != nil {
		return "", fmt.Errorf("data of the page: %w", err)
	}
	return template.JS(text), nil
}
