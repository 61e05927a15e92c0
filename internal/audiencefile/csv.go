package audiencefile

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/stripelake/stripelake/load/query"
)

// WriteCSV writes rows as RFC 4180 has them: a header, lines that end in CRLF, quotes
// where a value needs them. NULL is nothing, an empty text "". No text runs as a
// formula where a spreadsheet opens the file.
func WriteCSV(ctx context.Context, w io.Writer, m *query.Members) error {
	out := bufio.NewWriter(w)
	cells := make([]string, len(m.Columns))
	for i, c := range m.Columns {
		cells[i] = quoted(c.Name)
	}
	fmt.Fprint(out, strings.Join(cells, ","), "\r\n")
	err := eachRow(ctx, m, func(row []json.RawMessage) error {
		for i, value := range row {
			cells[i] = string(value)
			switch {
			case isNull(value):
				cells[i] = ""
			case value[0] == '"':
				var text string
				if err := json.Unmarshal(value, &text); err != nil {
					return err
				}
				cells[i] = quoted(guardFormula(text))
			case value[0] == '{' || value[0] == '[':
				cells[i] = quoted(string(value))
			}
		}
		_, err := fmt.Fprint(out, strings.Join(cells, ","), "\r\n")
		return err
	})
	return cmp.Or(err, out.Flush()) // which repeats err if that is w's
}

// quoted puts a text into quotes where RFC 4180, or who tells "" from nothing, needs them.
func quoted(text string) string {
	if text != "" && !strings.ContainsAny(text, "\",\r\n") && strings.TrimSpace(text) == text {
		return text
	}
	return `"` + strings.ReplaceAll(text, `"`, `""`) + `"`
}

// guardFormula puts an apostrophe ahead of a text that a spreadsheet would take for a
// formula: what a customer once typed into a form must not run where the file is
// opened. OWASP (CSV Injection) lists the characters, those of full width among
// them.
func guardFormula(text string) string {
	if strings.IndexAny(text, "=+-@\t\r\n＝＋－＠") == 0 {
		return "'" + text
	}
	return text
}
