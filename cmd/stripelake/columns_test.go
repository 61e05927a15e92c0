package main

import (
	"strings"
	"testing"

	"github.com/stripelake/stripelake/internal/stripesim"
)

// TestNarrowTerminal holds that status, plan and config fit a terminal of few cells: each
// row is a paragraph, no value is lost, and a wide terminal shows the table.
func TestNarrowTerminal(t *testing.T) {
	if testing.Short() {
		t.Skip("starts many processes")
	}
	t.Parallel()
	dir := t.TempDir()
	linkBinary(t, dir)
	session(t, dir, "stripelake demo --now 2026-01-01 --charges 50 --lake lake")
	server, err := stripesim.New(stripesim.Config{Seed: 1, Charges: 20})
	if err != nil {
		t.Fatal(err)
	}
	plan := "STRIPE_API_KEY=" + simulatedKey + " stripelake plan --lake other --api-base " + serve(t, server)
	for command, want := range map[string]string{
		"stripelake status --lake lake": "charges\n  objects 50, rows 50, rejects 0,\n  complete from the beginning, through\n",
		plan:                            "charges\n  what ",
		"stripelake config":             "\nlake\n  value ./lake, from default\n",
	} {
		// Sentences are left to the terminal.
		said, status := onTerminal(t, dir, 40, 24, command).end()
		if status != 0 || !strings.Contains(said, want) {
			t.Errorf("%s: exit status %d, want %q in:\n%s", command, status, want, said)
		}
		for line := range strings.Lines(said) {
			if width := cellWidth.StringWidth(strings.TrimSuffix(line, "\n")); strings.HasPrefix(line, "  ") && width > 40 && strings.Count(line, " ") > 2 {
				t.Errorf("%s: %d cells: %s", command, width, line)
			}
		}
		if said, status := onTerminal(t, dir, 200, 24, command).end(); status != 0 || strings.Contains(said, want) {
			t.Errorf("%s on a wide terminal: exit status %d:\n%s", command, status, said)
		}
	}
}
