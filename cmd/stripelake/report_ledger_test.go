package main

import (
	"fmt"
	"html"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stripelake/stripelake/internal/stripesim"
)

// TestReportEqualsLedger compares the tables of the demo's report with the
// simulator's own books, which know neither the JSON that was sent nor what was
// made of it. Intervals apart: they follow from the counts beside them.
func TestReportEqualsLedger(t *testing.T) {
	t.Parallel()
	const charges = 3000
	dir := t.TempDir()
	linkBinary(t, dir)
	if out := session(t, dir, fmt.Sprintf("stripelake demo --now 2026-01-01 --charges %d && stripelake report bnpl --lake demo-lake", charges)); !strings.Contains(out, "bnpl.html: ") {
		t.Fatal(out)
	}
	page, err := os.ReadFile(filepath.Join(dir, "bnpl.html"))
	if err != nil {
		t.Fatal(err)
	}
	server, err := stripesim.New(stripesim.Config{Charges: charges})
	if err != nil {
		t.Fatal(err)
	}
	books := newReportBooks(server.Ledger())
	tables := pageTables(t, string(page), 0)
	sqls := map[string]string{}
	for _, q := range pageSQL.FindAllStringSubmatch(string(page), -1) {
		sqls[q[1]] = html.UnescapeString(q[2])
	}
	week := regexp.MustCompile(`date_trunc\('week'`)
	middle := regexp.MustCompile(`created < DATE '([^']*)'`).FindStringSubmatch(sqls["trend"])
	if !week.MatchString(sqls["time"]) || len(middle) == 0 {
		t.Fatalf("the report is not by week:\n%s\n%s", sqls["trend"], sqls["time"])
	}
	for name, want := range map[string][][]any{
		"summary": books.summary(), "outcomes": books.outcomes(), "costs": books.costs(), "time": books.weeks(), "trend": books.halves(middle[1]),
		"where": books.where(), "baskets": books.baskets(tables["baskets"]), "flow": books.flow(), "repeat": books.repeat(), "segments": books.segments(),
	} {
		expectTable(t, name, want, tables[name])
	}
}

// ratio is what a cell shows rounded; of nothing, which is an empty cell.
type ratio struct{ num, den int64 }

// anything is a cell that is not compared.
type anything struct{}

// expectTable compares rows in any order.
func expectTable(t *testing.T, name string, want [][]any, got [][]string) {
	t.Helper()
	if len(want) != len(got) || len(want) == 0 {
		t.Errorf("%s: %d rows in the books, %d on the page", name, len(want), len(got))
	}
	for _, row := range want {
		if !slices.ContainsFunc(got, func(cells []string) bool { return sameRow(row, cells) }) {
			near := slices.IndexFunc(got, func(cells []string) bool { return sameCell(row[0], cells[0]) })
			t.Errorf("%s: the page lacks %v; beside it stands %q", name, row, got[max(near, 0)])
		}
	}
}

func sameRow(want []any, got []string) bool {
	return slices.EqualFunc(want, got, sameCell)
}

func sameCell(want any, got string) bool {
	r, isRatio := want.(ratio)
	switch {
	case want == anything{}:
		return true
	case !isRatio || r.den == 0 || got == "":
		return isRatio && r.den == 0 && got == "" || !isRatio && fmt.Sprint(want) == got
	}
	whole, fraction, _ := strings.Cut(got, ".")
	n, err := strconv.ParseInt(whole+fraction, 10, 64)
	off := n*r.den - r.num*int64(math.Pow10(len(fraction)))
	return err == nil && 2*max(off, -off) <= r.den
}
