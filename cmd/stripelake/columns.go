package main

import (
	"bytes"
	"fmt"
	"strings"
	"text/tabwriter"
)

// columns are the rows of a short table, the first of which has their names. It is
// printed whole or, on a terminal that is too narrow for that, with a paragraph for each
// row: no value of it is of the kind that may be cut or left out.
type columns [][]string

func (c *columns) add(row ...string) { *c = append(*c, row) }

// print prints the rows. So many columns from the left are what a row is about. If right
// is set, all are aligned to the right, as numbers are.
func (c columns) print(env *environment, about int, right bool) error {
	flags, end := uint(0), ""
	if right {
		flags, end = tabwriter.AlignRight, "\t"
	}
	var text bytes.Buffer
	out := tabwriter.NewWriter(&text, 0, 0, columnGap, ' ', flags)
	for _, row := range c {
		fmt.Fprintln(out, strings.Join(row, "\t")+end)
	}
	if err := out.Flush(); err != nil {
		return err
	}
	on := env.screenOf("")
	if on == nil || widest(text.String()) <= on.columns {
		_, err := env.stdout.Write(text.Bytes())
		return err
	}
	text.Reset()
	for _, row := range c[1:] {
		c.paragraph(&text, row, about, on.columns)
	}
	_, err := env.stdout.Write(text.Bytes())
	return err
}

// paragraph writes a row as what it is about and, below that, its other values with their
// names. It leaves out those that are not there.
func (c columns) paragraph(text *bytes.Buffer, row []string, about, cells int) {
	fmt.Fprintln(text, strings.Join(row[:about], " "))
	var values []string
	for i := about; i < len(row); i++ {
		if row[i] != "-" && row[i] != "" {
			values = append(values, c[0][i]+" "+row[i])
		}
	}
	line := " "
	for word := range strings.FieldsSeq(strings.Join(values, ", ")) {
		if line != " " && cellWidth.StringWidth(line+" "+word) > cells {
			fmt.Fprintln(text, line)
			line = " "
		}
		line += " " + word
	}
	if line != " " {
		fmt.Fprintln(text, line)
	}
}

// widest returns the width of the widest line, in cells.
func widest(text string) int {
	most := 0
	for line := range strings.Lines(text) {
		most = max(most, cellWidth.StringWidth(strings.TrimRight(line, " \n")))
	}
	return most
}
