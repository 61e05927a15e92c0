package main

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stripelake/stripelake/load/query"
)

// TestFitLayout holds what is shown of a table in a line of some cells.
func TestFitLayout(t *testing.T) {
	t.Parallel()
	text, number := query.Column{}, query.Column{Number: true}
	for name, tc := range map[string]struct {
		columns []query.Column
		widths  []int
		cells   int
		shown   []int
		want    []int
	}{
		"all fits":                     {[]query.Column{text, number}, []int{10, 5}, 17, []int{0, 1}, []int{10, 5}},
		"one cell too few":             {[]query.Column{text, text}, []int{30, 20}, 51, []int{0, 1}, []int{29, 20}},
		"the widest are cut alike":     {[]query.Column{text, text, text}, []int{100, 90, 10}, 80, []int{0, 1, 2}, []int{33, 33, 10}},
		"numbers are whole":            {[]query.Column{number, text}, []int{30, 100}, 60, []int{0, 1}, []int{30, 28}},
		"the middle is left out":       {[]query.Column{text, text, text, text, text}, []int{20, 20, 20, 20, 20}, 60, []int{0, 1, elided, 4}, []int{17, 17, 17, 17, 17}},
		"what is left out makes space": {[]query.Column{text, number, number, number}, []int{50, 30, 30, 30}, 60, []int{0, elided, 3}, []int{25, 30, 30, 30}},
		"less than one column":         {[]query.Column{text, text}, []int{50, 50}, 10, []int{0, elided}, []int{16, 16}},
		"one column":                   {[]query.Column{text}, []int{500}, 80, []int{0}, []int{80}},
	} {
		got := fitLayout(tc.columns, tc.widths, tc.cells)
		if diff := cmp.Diff(tc.shown, got.shown); diff != "" {
			t.Errorf("%s: shown (-want +got):\n%s", name, diff)
		}
		if diff := cmp.Diff(tc.want, got.widths); diff != "" {
			t.Errorf("%s: widths (-want +got):\n%s", name, diff)
		}
	}
}
