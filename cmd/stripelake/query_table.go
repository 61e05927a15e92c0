package main

import (
	"bufio"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/mattn/go-runewidth"

	"github.com/stripelake/stripelake/load/query"
)

// alignedRows is how many rows determine the widths of columns. Wider cells of
// later rows are not aligned, because no more rows are held in memory.
const alignedRows = 1000

// cellWidth measures a text in terminal cells, independent of the locale. A
// Chinese character and most emoji take two cells, a combining accent none.
var cellWidth = &runewidth.Condition{StrictEmojiNeutral: true}

// writeTable writes an answer as an aligned table, followed by the number of
// rows.
func writeTable(ctx context.Context, answer *query.Query, w io.Writer) error {
	amounts, err := amountsIn(answer.Columns)
	if err != nil {
		return err
	}
	in, out := io.Pipe()
	asked := make(chan error, 1)
	go func() {
		err := answer.Write(ctx, out, query.Quoted)
		out.CloseWithError(err)
		asked <- err
	}()
	t := &alignedTable{out: bufio.NewWriter(w), columns: answer.Columns, amounts: amounts, widths: make([]int, len(answer.Columns))}
	err = t.copy(csv.NewReader(in))
	in.CloseWithError(err)
	if askErr := <-asked; askErr != nil {
		return askErr
	}
	return err
}

// writeRows writes rows that are in memory, the first of which is the header, in the
// same form.
func writeRows(w io.Writer, rows [][]string, columns []query.Column) error {
	t := &alignedTable{out: bufio.NewWriter(w), columns: columns, amounts: new(amounts), widths: make([]int, len(columns))}
	for _, row := range rows {
		if err := t.add(row); err != nil {
			return err
		}
	}
	return t.end()
}

// alignedTable aligns the rows of an answer.
type alignedTable struct {
	out     *bufio.Writer
	columns []query.Column
	amounts *amounts
	widths  []int
	held    [][]string
	rows    int
}

func (t *alignedTable) copy(in *csv.Reader) error {
	for {
		row, err := in.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		if err := t.add(row); err != nil {
			return err
		}
	}
	return t.end()
}

// end writes the rows that are held, and their number.
func (t *alignedTable) end() error {
	if err := t.flush(); err != nil {
		return err
	}
	fmt.Fprintf(t.out, "(%s)\n", counted(max(t.rows-1, 0), "row"))
	return t.out.Flush()
}

// add adds the header or a row.
func (t *alignedTable) add(row []string) error {
	if t.rows > 0 {
		t.amounts.shorten(row)
	}
	for i, cell := range row {
		row[i] = visibleCell(cell)
		if t.rows <= alignedRows {
			t.widths[i] = max(t.widths[i], cellWidth.StringWidth(row[i]))
		}
	}
	t.rows++
	t.held = append(t.held, row)
	if t.rows <= alignedRows {
		return nil
	}
	return t.flush()
}

func (t *alignedTable) flush() error {
	for _, row := range t.held {
		var line strings.Builder
		for i, cell := range row {
			pad := strings.Repeat(" ", max(t.widths[i]-cellWidth.StringWidth(cell), 0))
			if t.columns[i].Number {
				line.WriteString(pad + cell + "  ")
			} else {
				line.WriteString(cell + pad + "  ")
			}
		}
		if _, err := fmt.Fprintln(t.out, strings.TrimRight(line.String(), " ")); err != nil {
			return err
		}
	}
	t.held = t.held[:0]
	return nil
}
