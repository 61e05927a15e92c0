package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const (
	wideSQL = `SELECT repeat('x', 70) AS first, 123456789.125 AS amount, repeat('y', 70) AS second, repeat('z', 70) AS third FROM range(3)`
	longSQL = `SELECT i AS n, repeat('w', 100) AS w FROM range(3000) t(i)`
)

// TestQueryOnTerminal holds how an answer is shown on a real terminal: fitted where it
// is wide, by a pager where it is long, and to its end in either.
func TestQueryOnTerminal(t *testing.T) {
	if testing.Short() {
		t.Skip("starts many processes")
	}
	t.Parallel()
	dir := t.TempDir()
	linkBinary(t, dir)
	session(t, dir, "stripelake demo --now 2026-01-01 --charges 50 --lake lake")
	ask := func(flags, sql string) string { return `stripelake query --lake lake ` + flags + ` "` + sql + `"` }
	show := func(command string, env ...string) string {
		t.Helper()
		said, status := onTerminal(t, dir, 80, 24, command, env...).end()
		if status != 0 {
			t.Errorf("%s: exit status %d:\n%s", command, status, said)
		}
		return said
	}

	said := show(ask("", wideSQL))
	for line := range strings.Lines(said) {
		if width := cellWidth.StringWidth(strings.TrimSuffix(line, "\n")); width > 80 {
			t.Errorf("%d cells: %s", width, line)
		}
	}
	if !strings.Contains(said, "x… ") || !strings.Contains(said, "123456789.125") || !strings.Contains(said, "\n(3 rows, long cells are cut: --wide shows all)\n") {
		t.Errorf("wide:\n%s", said)
	}
	if said := show(ask("", `SELECT * FROM charges LIMIT 3`)); !strings.Contains(said, "  …  ") || !strings.Contains(said, " columns: --wide shows all)\n") {
		t.Errorf("many columns:\n%s", said)
	}
	if said := show(ask("", strings.ReplaceAll(wideSQL, "range(3)", "range(1)"))); !strings.Contains(said, "\nsecond  "+strings.Repeat("y", 70)+"\n") || strings.Contains(said, "…") {
		t.Errorf("one row:\n%s", said)
	}
	whole := strings.Repeat("x", 70) + "  123456789.125  " + strings.Repeat("y", 70) + "  " + strings.Repeat("z", 70) + "\n"
	for _, command := range []string{ask("--wide --no-pager", wideSQL), ask("", wideSQL) + " | cat", ask("--out f", wideSQL) + " && cat f"} {
		if said := show(command); strings.Count(said, whole) != 3 || strings.Contains(said, "…") {
			t.Errorf("%s:\n%s", command, said)
		}
	}
	if said := show("stripelake tables --lake lake"); !strings.Contains(said, "…\n") || !strings.HasSuffix(said, " rows, long cells are cut: --json has all)\n") {
		t.Errorf("tables:\n%s", said)
	}

	// A pager gets all of it; a pager that ends before is no failure.
	if said := show(ask("", longSQL), "PAGER=cat > seen"); said != "" {
		t.Errorf("beside the pager:\n%s", said)
	}
	seen, err := os.ReadFile(filepath.Join(dir, "seen"))
	if err != nil || !strings.HasSuffix(string(seen), "(3,000 rows, long cells are cut: --wide shows all)\n") || strings.Count(string(seen), "\n") != 3002 {
		t.Errorf("the pager got %d lines (%v), the last of them: %s", strings.Count(string(seen), "\n"), err, seen[max(0, len(seen)-100):])
	}
	manyRows := strings.ReplaceAll(longSQL, "3000", "100000")
	for _, pager := range []string{"head -n 2", "false", "exit 3"} {
		show(ask("", manyRows), "PAGER="+pager)
	}
	for _, pager := range []string{"no-such-pager -x", "cat"} {
		if said := show(ask("", longSQL), "PAGER="+pager); !strings.HasSuffix(said, "(3,000 rows, long cells are cut: --wide shows all)\n") {
			t.Errorf("PAGER=%s:\n%s", pager, said[max(0, len(said)-100):])
		}
	}
	if said := show(ask("", longSQL), "TERM=dumb"); !strings.HasSuffix(said, "(3,000 rows, long cells are cut: --wide shows all)\n") {
		t.Errorf("on a dumb terminal:\n%s", said[max(0, len(said)-100):])
	}
	if said := show(ask("--no-pager", "EXPLAIN FROM payments"), "PAGER=false"); strings.Count(said, "\n") < 24 {
		t.Errorf("a plan:\n%s", said)
	}
	show(ask("", "EXPLAIN FROM payments"), "PAGER=cat > plan")
	if plan, err := os.ReadFile(filepath.Join(dir, "plan")); err != nil || strings.Count(string(plan), "\n") < 24 {
		t.Errorf("a plan in the pager: %v\n%s", err, plan)
	}
}

// TestQueryInLess holds that less, which is taken where nobody names a pager, shows
// whole lines that scroll, and that the program ends with it.
func TestQueryInLess(t *testing.T) {
	if _, err := exec.LookPath("less"); err != nil {
		t.Skip("less is not installed")
	}
	t.Parallel()
	dir := t.TempDir()
	linkBinary(t, dir)
	session(t, dir, "stripelake demo --now 2026-01-01 --charges 50 --lake lake")
	x := onTerminal(t, dir, 80, 24, `stripelake query --lake lake "`+longSQL+`"; echo "left with $?"`)
	x.until("\r\n:")
	x.send("G")
	x.until("(3,000 rows)")
	x.send("q")
	if said, _ := x.end(); !strings.HasSuffix(said, "left with 0\n") {
		t.Error(said)
	}
	// A reader who leaves before the end needs no more of it.
	x = onTerminal(t, dir, 80, 24, `stripelake query --lake lake "FROM range(100000000)"; echo "left with $?"`)
	x.until("\r\n:")
	x.send("q")
	if said, _ := x.end(); !strings.HasSuffix(said, "left with 0\n") {
		t.Error(said)
	}
	// Ctrl-C is for less, too, which stays until its reader leaves; the program stays with
	// it, and does not leave it behind.
	x = onTerminal(t, dir, 80, 24, `exec stripelake query --lake lake "FROM range(100000000000)"`)
	x.until("\r\n:")
	x.send("\x03")
	x.until("\x07")           // less rings; if it was about to read a key, it drops the next one
	x.send("\x0c")            // repaint
	x.untilAfter("\x07", ":") // it asks again
	x.send("q")
	if said, status := x.end(); status != 0 || strings.Contains(said, "stripelake: ") {
		t.Errorf("exit status %d: %q", status, said)
	}
}
