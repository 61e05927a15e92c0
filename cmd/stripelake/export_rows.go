package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/stripelake/stripelake/load"
)

// eachMember calls f with each row, a JSON value a column: numbers to the last
// digit, times as RFC 3339, and null.
func eachMember(ctx context.Context, m *load.Members, f func(row []json.RawMessage) error) error {
	in, out := io.Pipe()
	asked := make(chan error, 1)
	go func() {
		err := m.Write(ctx, out, load.QueryJSON)
		out.CloseWithError(err)
		asked <- err
	}()
	err := func() error {
		lines := json.NewDecoder(bufio.NewReader(in))
		for {
			var object map[string]json.RawMessage
			if err := lines.Decode(&object); errors.Is(err, io.EOF) {
				return nil
			} else if err != nil {
				return err
			}
			row := make([]json.RawMessage, len(m.Columns))
			for i, c := range m.Columns {
				row[i] = object[c.Name]
			}
			if err := f(row); err != nil {
				return err
			}
		}
	}()
	in.CloseWithError(err)
	if askErr := <-asked; askErr != nil && err == nil {
		return askErr
	}
	return err
}

func isNull(value json.RawMessage) bool {
	return len(value) == 0 || bytes.Equal(value, []byte("null"))
}

// writeGuardedCSV writes rows as RFC 4180 has them: a header, lines that end in
// CRLF, quotes where a value needs them. NULL is nothing, an empty text "".
func writeGuardedCSV(ctx context.Context, w io.Writer, m *load.Members) error {
	out := bufio.NewWriter(w)
	cells := make([]string, len(m.Columns))
	for i, c := range m.Columns {
		cells[i] = csvCell(c.Name)
	}
	fmt.Fprint(out, strings.Join(cells, ","), "\r\n")
	err := eachMember(ctx, m, func(row []json.RawMessage) error {
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
				cells[i] = csvCell(guarded(text))
			case value[0] == '{' || value[0] == '[':
				cells[i] = csvCell(string(value))
			}
		}
		_, err := fmt.Fprint(out, strings.Join(cells, ","), "\r\n")
		return err
	})
	return errors.Join(err, out.Flush())
}

func csvCell(text string) string {
	if text != "" && !strings.ContainsAny(text, "\",\r\n") && strings.TrimSpace(text) == text {
		return text
	}
	return `"` + strings.ReplaceAll(text, `"`, `""`) + `"`
}

// guarded puts an apostrophe ahead of a text that a spreadsheet would take for a
// formula: what a customer once typed into a form must not run where the file is
// opened. OWASP (CSV Injection) lists the characters, those of full width among
// them.
func guarded(text string) string {
	if strings.IndexAny(text, "=+-@\t\r\n＝＋－＠") == 0 {
		return "'" + text
	}
	return text
}
