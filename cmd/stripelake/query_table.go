package main

import (
	"bufio"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"syscall"

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
// rows. On a screen it is fitted to it, or paged; without one it is written whole.
func writeTable(ctx context.Context, answer *query.Query, w io.Writer, on *tableScreen) error {
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
	t := newAlignedTable(w, answer.Columns, on)
	t.amounts = amounts
	err = t.copy(csv.NewReader(in))
	in.CloseWithError(err)
	askErr := <-asked
	t.leavePager()
	switch {
	case t.pager != nil && errors.Is(err, syscall.EPIPE):
		return nil // its reader needs no more
	case askErr != nil:
		return askErr
	}
	return err
}

// writeRows writes rows that are in memory, the first of which is the header, in the
// same form.
func writeRows(w io.Writer, rows [][]string, columns []query.Column, on *tableScreen) error {
	t := newAlignedTable(w, columns, on)
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
	rows    int // the header included

	on    *tableScreen // nil without a terminal
	pager *pager
	as    layout // of the rows that are written
}

func newAlignedTable(w io.Writer, columns []query.Column, on *tableScreen) *alignedTable {
	return &alignedTable{out: bufio.NewWriter(w), columns: columns, amounts: new(amounts), widths: make([]int, len(columns)), on: on}
}

func (t *alignedTable) copy(in *csv.Reader) error {
	for {
		row, err := in.Read()
		if errors.Is(err, io.EOF) {
			return t.end()
		}
		if err != nil {
			return err
		}
		if err := t.add(row); err != nil {
			return err
		}
	}
}

// end writes the rows that are held, and their number.
func (t *alignedTable) end() error {
	if err := t.begin(); err != nil {
		return err
	}
	if t.rows == 2 && t.as.cut {
		t.writeUpright()
	} else if err := t.flush(); err != nil {
		return err
	}
	fmt.Fprintf(t.out, "(%s%s)\n", counted(max(t.rows-1, 0), "row"), t.note())
	return t.out.Flush()
}

// note says in the last line what of the table is not shown.
func (t *alignedTable) note() string {
	shown := len(t.as.shown)
	switch {
	case !t.as.cut || t.rows == 2:
		return ""
	case slices.Contains(t.as.shown, elided):
		return fmt.Sprintf(", %d of %d columns: %s", shown-1, len(t.columns), t.on.rest)
	}
	return ", long cells are cut: " + t.on.rest
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
	if err := t.begin(); err != nil {
		return err
	}
	return t.flush()
}

// begin decides how the table is shown, by the rows that are held when the first is
// written.
func (t *alignedTable) begin() (err error) {
	if t.as.shown != nil {
		return nil
	}
	t.as = wholeLayout(t.widths)
	if t.on == nil {
		return nil
	}
	if t.pager, err = t.on.page(len(t.held)+1, t.as.width()); err != nil {
		return err
	}
	if t.pager != nil {
		t.out.Reset(&visibleWriter{to: t.pager})
	}
	if !t.on.wide && (t.pager == nil || !t.pager.scrolls) {
		t.as = fitLayout(t.columns, t.widths, t.on.columns)
	}
	return nil
}

func (t *alignedTable) leavePager() {
	if t.pager != nil {
		t.pager.wait()
	}
}

func (t *alignedTable) flush() error {
	for _, row := range t.held {
		if _, err := fmt.Fprintln(t.out, t.line(row)); err != nil {
			return err
		}
	}
	t.held = t.held[:0]
	return nil
}

func (t *alignedTable) line(row []string) string {
	var line strings.Builder
	gap := strings.Repeat(" ", columnGap)
	for _, i := range t.as.shown {
		if i == elided {
			line.WriteString("…" + gap)
			continue
		}
		cell := row[i]
		if t.as.cut && !t.columns[i].Number {
			cell = cellWidth.Truncate(cell, t.as.widths[i], "…")
		}
		pad := strings.Repeat(" ", max(t.as.widths[i]-cellWidth.StringWidth(cell), 0))
		if t.columns[i].Number {
			line.WriteString(pad + cell + gap)
		} else {
			line.WriteString(cell + pad + gap)
		}
	}
	return strings.TrimRight(line.String(), " ")
}

// writeUpright writes a table of one row that is wider than the screen with a line for
// each column.
func (t *alignedTable) writeUpright() {
	widest := 0
	for _, name := range t.held[0] {
		widest = max(widest, cellWidth.StringWidth(name))
	}
	for i, name := range t.held[0] {
		fmt.Fprintf(t.out, "%s%s%s\n", name, strings.Repeat(" ", widest-cellWidth.StringWidth(name)+columnGap), t.held[1][i])
	}
}
