package main

import (
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/creack/pty"

	"github.com/stripelake/stripelake/internal/pipeline/laketest"
	"github.com/stripelake/stripelake/internal/stripesim"
	"github.com/stripelake/stripelake/load"
)

var (
	barLine    = regexp.MustCompile(`^ *([a-z_]{8,21}|refunds|events|charges|prices|custome) +[\d,]+( of ~[\d,]+)?( \[[=>-]+\])?( +\d+% +\d+[smhd]( left)?| objects| read)?$`)
	stageLine  = regexp.MustCompile(`^[-|/\\] \w.* … \d`)
	outputLine = regexp.MustCompile(`^(|\d\d:\d\d:\d\d .*|  \w+ +[\d,]+ objects read|[\d,]+ objects \(\d+ unchanged\), .*)$`)
)

// While a sync reads, each resource has one line, at any width of the terminal and
// after it changes; nothing is broken, and nothing of it is left at the end.
func TestBarsOnATerminal(t *testing.T) {
	t.Parallel()
	charges, rate := 1500, "30"
	if laketest.Thorough() {
		charges, rate = 20_000, "100"
	}
	for _, columns := range []int{40, 80, 120, 200} {
		t.Run(fmt.Sprint(columns), func(t *testing.T) {
			t.Parallel()
			server, err := stripesim.New(stripesim.Config{Charges: charges})
			if err != nil {
				t.Fatal(err)
			}
			cmd := programOnTerminal(t.Context(), t, t.TempDir(), "sync", "--api-base", serve(t, server), "--max-rps", rate)
			terminal := startOnTerminal(t, cmd, columns)
			seen, screen := viewer{t: t, columns: columns}, newEmulator(columns)
			readTerminal(terminal, func(p []byte) {
				screen.write(p)
				if screen.column > 0 || screen.unread != "" {
					return
				}
				seen.look(screen)
				if seen.resizeTo() > 0 {
					resume := pause(t, cmd, terminal, screen.write)
					defer resume()
					if to := seen.resizeTo(); screen.isDrawn() { // otherwise it was between two writes
						seen.resized++
						screen.resize(to)
						if err := pty.Setsize(terminal, &pty.Winsize{Rows: 30, Cols: uint16(to)}); err != nil {
							t.Error(err)
						}
					}
				}
			})
			if err := cmd.Wait(); err != nil {
				t.Errorf("%v\n%s", err, strings.Join(screen.lines(), "\n"))
			}
			seen.end(screen)
		})
	}
}

// isDrawn reports whether a whole drawing is on the screen, with the stage as its last line.
func (e *emulator) isDrawn() bool {
	lines := e.lines()
	return e.column == 0 && e.unread == "" && len(lines) > 1 && stageLine.MatchString(lines[len(lines)-2])
}

// viewer is what was seen of a screen.
type viewer struct {
	t       *testing.T
	columns int
	shares  int // lines that showed a share
	resized int
	bad     bool
}

// look checks each line that is on the screen.
func (w *viewer) look(screen *emulator) {
	lines, shown := screen.lines(), map[string]int{}
	for _, line := range lines {
		switch bar := barLine.FindStringSubmatch(line); {
		case outputLine.MatchString(line):
		case bar != nil:
			shown[bar[1]]++
			w.shares += strings.Count(line, "%")
		case stageLine.MatchString(line):
			shown["stage"]++
		default:
			w.fail(lines, "a broken line: "+line)
		}
	}
	for name, n := range shown {
		if n > 1 {
			w.fail(lines, fmt.Sprintf("%d lines of %s", n, name))
		}
	}
}

func (w *viewer) fail(lines []string, what string) {
	if !w.bad {
		w.bad = true
		w.t.Errorf("at %d columns, after %d changes of them: %s\n%s", w.columns, w.resized, what, strings.Join(lines, "\n"))
	}
}

// resizeTo is the width to change to now, or 0: narrower in the middle, and later wider
// than at first.
func (w *viewer) resizeTo() int {
	switch {
	case w.resized == 0 && w.shares > 3:
		return w.columns * 3 / 4
	case w.resized == 1 && w.shares > 8:
		return w.columns + 17
	}
	return 0
}

// end checks what is left when the program has ended.
func (w *viewer) end(screen *emulator) {
	for _, line := range screen.lines() {
		if !outputLine.MatchString(line) {
			w.fail(screen.lines(), "left over: "+line)
		}
	}
	if w.resized < 2 || len(screen.unknown) > 0 {
		w.fail(screen.lines(), fmt.Sprintf("%d lines with a share, unknown sequences %q", w.shares, screen.unknown))
	}
}

// A command that waits or works says so on the terminal, and leaves nothing of it.
func TestStageOnATerminal(t *testing.T) {
	t.Parallel()
	server, err := stripesim.New(stripesim.Config{Charges: 20})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	laketest.Synced(t, filepath.Join(dir, "lake"), serve(t, server))
	lake, err := load.Open(filepath.Join(dir, "lake"), load.Options{Mode: "test"})
	if err != nil {
		t.Fatal(err)
	}
	held, err := lake.OpenLog(t.Context(), server.AccountID()) // until the line is seen
	if err != nil {
		t.Fatal(err)
	}
	cmd := programOnTerminal(t.Context(), t, dir, "compact", "--wait", "5m")
	screen, seen := newEmulator(80), false
	readTerminal(startOnTerminal(t, cmd, 80), func(p []byte) {
		screen.write(p)
		if !seen && slices.ContainsFunc(screen.lines(), stageLine.MatchString) {
			seen = true
			if err := held.Close(); err != nil {
				t.Error(err)
			}
		}
	})
	if err := cmd.Wait(); err != nil || !seen {
		t.Errorf("%v, the stage was shown: %t", err, seen)
	}
	text := strings.Join(screen.lines(), "\n")
	if !strings.Contains(text, "charges: nothing to merge") || slices.ContainsFunc(screen.lines(), stageLine.MatchString) {
		t.Errorf("left on the terminal:\n%s", text)
	}
}

// What a pager or tee shows on the same terminal is not drawn over: once a command
// prints its answer into a pipe, nothing is drawn any more.
func TestNothingIsDrawnOverAnAnswer(t *testing.T) {
	t.Parallel()
	server, err := stripesim.New(stripesim.Config{Charges: 300})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	linkBinary(t, dir)
	cmd := programOnTerminal(t.Context(), t, dir)
	cmd.Path, cmd.Args = "/bin/sh", []string{"sh", "-c", "bin/stripelake plan --max-rps 8 --api-base " + serve(t, server) + " | cat"}
	screen, drawn := newEmulator(200), false
	readTerminal(startOnTerminal(t, cmd, 200), func(p []byte) {
		screen.write(p)
		drawn = drawn || slices.ContainsFunc(screen.lines(), stageLine.MatchString)
	})
	lines := screen.lines()
	if err := cmd.Wait(); err != nil || !drawn || !strings.HasPrefix(lines[0], "./lake: the next sync as of ") || !strings.Contains(lines[len(lines)-2], "spent on this plan") {
		t.Errorf("%v, drawn %t:\n%s", err, drawn, strings.Join(lines, "\n"))
	}
}
