package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/stripelake/stripelake/internal/pipeline/laketest"
	"github.com/stripelake/stripelake/internal/stripesim"
)

// hostileText would change a terminal's title, clear it (with ESC, and with a C1
// control) and turn around what follows.
const hostileText = "x\x1b]0;owned\x07\u009b2J\u202egnp.exe\u2066\u200f"

// commandsTerminal returns the first character of a text that a terminal obeys or
// that changes its direction.
func commandsTerminal(text string) string {
	if at := strings.IndexAny(text, "\x1b\x07\x7f\r\u0085\u009b\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c"); at >= 0 {
		return strconv.Quote(text[max(at-30, 0):min(at+30, len(text))])
	}
	return ""
}

// Every command of the program is run on a lake with escapes in its path, names,
// ids, fields and values; nothing that it prints commands a terminal.
func TestNothingCommandsTheTerminal(t *testing.T) {
	laketest.Slow(t)
	t.Parallel()
	if testing.Short() {
		t.Skip("other processes: nothing for the race detector")
	}
	g := hiding{api: serveHostileText(t), work: filepath.Join(t.TempDir(), "we\x1bird\u202e")}
	if err := os.Mkdir(g.work, 0o700); err != nil {
		t.Fatal(err)
	}
	calls, id := g.calls(), "cus_"+hostileText
	delete(calls, "demo") // a lake of its own
	more := map[string][][]string{
		"query": {
			{"SELECT name::INT FROM customers"},
			{"EXPLAIN SELECT '" + hostileText + "' AS x FROM customers"},
			{"SELECT \"" + hostileText + "\""},
			{"--format", "json", "FROM customers"},
			{"FROM customers"},
			{"SELECT name AS \"" + hostileText + "\" FROM customers"},
		},
		"schema preview":  {{id}, {hostileText}},
		"schema coverage": {{"customers", "--json"}},
		"schema explain":  {{hostileText}},
		"forget":          {{id, "--dry-run"}, {"cus_none" + hostileText, "--yes"}},
		"sync":            {{hostileText}},
		"report bnpl":     {{"--out", g.file("none/" + hostileText)}},
	}
	for command, list := range more {
		var all []call
		for _, args := range list {
			all = append(all, call{args: g.with(append(strings.Fields(command), args...)...)})
		}
		calls[command] = append(all, calls[command]...)
	}
	shown := g.run(t, append(g.with("sync"), g.atStripe()...))
	commands := leaves(newApp(&environment{}).Commands)
	slices.SortStableFunc(commands, func(a, b string) int { return rank(a) - rank(b) })
	for _, command := range commands {
		before := len(shown)
		for _, c := range calls[command] {
			if c.lost {
				continue
			}
			printed := g.run(t, c.args)
			if found := commandsTerminal(printed); found != "" {
				t.Errorf("%q printed %s", c.args, found)
			}
			shown += printed
		}
		if more[command] != nil && !strings.Contains(shown[before:], `\u202e`) {
			t.Errorf("%s shows nothing of the text, so this proves nothing:\n%s", command, shown[before:])
		}
	}
	if plain := g.run(t, g.with("query", "--format", "csv", "SELECT '"+hostileText+"' AS x")); plain != "x\n"+hostileText+"\n" {
		t.Errorf("CSV is not as it is: %q", plain)
	}
}

// serveHostileText serves two customers and a charge with the text all over.
func serveHostileText(t *testing.T) (api string) {
	t.Helper()
	dir := t.TempDir()
	for file, objects := range map[string][]map[string]any{
		"customer.jsonl": {
			{"id": "cus_" + hostileText, "object": "customer", "created": 1700000000, "livemode": false, "balance": 0, "name": hostileText, hostileText: 1},
			{"id": "cus_2", "object": "customer", "created": 1700000001, "livemode": false, "balance": hostileText, "name": hostileText, "currency": hostileText},
		},
		"charge.jsonl": {{"id": "ch_2", "object": "charge", "created": 1700000002, "livemode": false, "amount": 5, "currency": "usd", "status": hostileText, "customer": "cus_" + hostileText}},
	} {
		var text bytes.Buffer
		for _, o := range objects {
			if err := json.NewEncoder(&text).Encode(o); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.WriteFile(filepath.Join(dir, file), text.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	server, err := stripesim.FromFiles(dir, stripesim.Config{})
	if err != nil {
		t.Fatal(err)
	}
	api, stop, err := server.Start("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	return api
}

// However a text is cut into writes, the same is shown: nothing that commands a
// terminal, and all else as it was. JSON keeps its values.
func TestVisibleWriter(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(rapid.String(), rapid.StringOfN(rapid.SampledFrom([]rune(hostileText+"\né\t\u2028\x7f日👩‍💻")), 0, 40, -1)).Draw(t, "text")
		var out bytes.Buffer
		w := &visibleWriter{to: &out}
		for rest := text; rest != ""; {
			n := rapid.IntRange(1, len(rest)).Draw(t, "write")
			if _, err := w.Write([]byte(rest[:n])); err != nil {
				t.Fatal(err)
			}
			rest = rest[n:]
		}
		if out.String() != visible(text) || commandsTerminal(out.String()) != "" {
			t.Fatalf("%q is shown as %q, and in one piece as %q", text, out.String(), visible(text))
		}
		line, err := json.Marshal(text)
		if err != nil {
			t.Fatal(err)
		}
		var back string
		if err := json.Unmarshal([]byte(visible(string(line))), &back); err != nil || back != text {
			t.Fatalf("%q came back as %q: %v", text, back, err)
		}
	})
	for text, want := range map[string]string{
		"\x1b[31m\x07\r": `\x1b[31m\a\r`, "\u009b2J": `\u009b2J`, "a\x9b2J\xff": `a\x9b2J\xff`, "\u202e\u2066\u200f\u061c": `\u202e\u2066\u200f\u061c`,
		"one\n\ttwo": "one\n\ttwo", "\ufffd é שלום 👩‍💻": "\ufffd é שלום 👩‍💻", "a\u2028b": `a\u2028b`, "\x7f": `\u007f`,
	} {
		if got := visible(text); got != want {
			t.Errorf("%q is shown as %q, want %q", text, got, want)
		}
	}
}
