package main

import (
	"slices"

	"github.com/stripelake/stripelake/load/query"
)

// leastCell is the least width to which a column of texts is cut, in cells. Where that
// is not enough, columns are left out.
const leastCell = 16

// columnGap is the space between two columns.
const columnGap = 2

// layout is how the columns of a table are shown.
type layout struct {
	shown  []int // indices of columns in their order; elided stands for those left out
	widths []int // by the column's index
	cut    bool  // something is left out or cut
}

// elided is the place of the columns that are left out.
const elided = -1

// wholeLayout shows every column as wide as it is.
func wholeLayout(widths []int) layout {
	l := layout{widths: widths}
	for i := range widths {
		l.shown = append(l.shown, i)
	}
	return l
}

func (l layout) width() int {
	total := columnGap * max(len(l.shown)-1, 0)
	for _, i := range l.shown {
		total += l.cell(i)
	}
	return total
}

func (l layout) cell(i int) int {
	if i == elided {
		return 1
	}
	return l.widths[i]
}

// fitLayout shows as much as a line of that many cells holds. Columns of texts are cut
// to the same width, but not below leastCell; if that is not enough, columns in the
// middle are left out. Numbers are never cut: a part of one would be another.
func fitLayout(columns []query.Column, widths []int, cells int) layout {
	l := wholeLayout(widths)
	if l.width() <= cells {
		return l
	}
	l.shown = shownColumns(l.capped(columns, leastCell), cells)
	for most := max(cells, leastCell); most >= leastCell; most-- {
		if capped := l.capped(columns, most); capped.width() <= cells || most == leastCell {
			l = capped
			break
		}
	}
	l.cut = true
	return l
}

// capped cuts columns of texts to a width.
func (l layout) capped(columns []query.Column, most int) layout {
	l.widths = slices.Clone(l.widths)
	for i, c := range columns {
		if !c.Number {
			l.widths[i] = min(l.widths[i], most)
		}
	}
	return l
}

// shownColumns chooses from both ends, the first column first, as many as fit beside the
// mark of those that are left out.
func shownColumns(l layout, cells int) []int {
	if l.width() <= cells {
		return l.shown
	}
	n := len(l.widths)
	left, right := []int{0}, []int(nil)
	used := l.widths[0] + columnGap + 1
	for i, j := 1, n-1; i <= j; {
		next, atEnd := j, true
		if len(left) <= len(right) {
			next, atEnd = i, false
		}
		if used += columnGap + l.widths[next]; used > cells {
			break
		}
		if atEnd {
			right, j = append(right, next), j-1
		} else {
			left, i = append(left, next), i+1
		}
	}
	slices.Reverse(right)
	if len(left)+len(right) == n {
		return append(left, right...)
	}
	return slices.Concat(left, []int{elided}, right)
}
