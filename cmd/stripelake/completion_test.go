package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/urfave/cli/v2"

	"github.com/stripelake/stripelake/internal/pipeline/laketest"
)

// interactive starts a shell as somebody has it, and installs the completion.
var interactive = map[string]struct{ start, install string }{
	"bash": {`PS1="ready> " exec bash --norc --noprofile -i`, `source <(stripelake completion bash)`},
	"zsh":  {`PS1="ready> " exec zsh -f -i`, `autoload -U compinit && compinit -u -D && source <(stripelake completion zsh)`},
	"fish": {`exec fish --no-config -i -C 'function fish_prompt; echo -n "ready> "; end'`, `stripelake completion fish | source`},
}

// TestCompletionInShells types into real shells: a tab stands where somebody would
// press it, and the command that comes of it runs. `make shells` demands all of them.
func TestCompletionInShells(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	linkBinary(t, dir)
	session(t, dir, "stripelake demo --now 2026-01-01 --charges 50 --lake lake && echo 'SELECT 7 AS seven' > question.sql")
	for name, shell := range interactive {
		t.Run(name, func(t *testing.T) {
			if _, err := exec.LookPath(name); err != nil {
				t.Skipf("%s is not installed: see make shells", name)
			}
			t.Parallel()
			x := onTerminal(t, dir, 200, 50, shell.start, "HOME="+t.TempDir())
			x.until("ready> ")
			x.send(shell.install + "; echo in''stalled\n")
			x.until("installed")
			for i, tc := range []struct{ typed, says string }{
				{"stripelake versi\t--js\t", `"duckdb": "v`},
				{"stripelake expo\tseg\tbnp\t--form\tcs\t--la\tla\t", "account,customer_id,"},
				{"stripelake tables char\t", "charges: a table of 50 rows"},
				{"stripelake schema expl\tcharges.billing.em\t", "charges.billing.email"},
				{"stripelake query --format=js\t'SELECT 5 AS five'", `{"five":5}`},
				{"stripelake query --format cs\t--file que\t", "seven"},
				{"bin/stripelake path ware\t", "/warehouse.duckdb"},
			} {
				x.send(tc.typed + "; echo do''ne" + string(rune('a'+i)) + "\n")
				x.until("done" + string(rune('a'+i)))
				if !strings.Contains(x.said.String(), tc.says) {
					t.Errorf("%q does not say %q:\n%s", tc.typed, tc.says, x.said.String())
				}
				x.said.Reset()
			}
			if name != "bash" { // which shows no descriptions
				x.send("stripelake s\t\t")
				x.until("copy new and changed objects")
			}
		})
	}
}

// TestCompleteSaysNothingElse holds that the call of the scripts changes nothing, and
// never complains: not about a lake that is closed, damaged or missing, nor about words
// that make no sense.
func TestCompleteSaysNothingElse(t *testing.T) {
	// Not parallel: two apps of urfave/cli in one process share its help flag.
	dir := t.TempDir()
	lake := filepath.Join(dir, "lake")
	linkBinary(t, dir)
	session(t, dir, "stripelake demo --now 2026-01-01 --charges 30 --lake lake")
	calls := [][]string{
		{},
		{"="},
		{""},
		{"=", "--"},
		{"=-"},
		{"=x", "no", "such", "command"},
		{"=", "--lake"},
		{"=", "sync", "--nope", "--lake"},
		{"=--nope=x", "sync"},
		{"=", "schema", "explain", "--lake", lake},
		{"=charges.", "schema", "explain", "--lake=" + lake},
		{"=", "export", "segment", "--lake", lake},
		{"=", "rebuild", "--lake", lake, "charges"},
		{"=", "tables", "--lake", lake},
		{"=", "help", "schema", "nope"},
		{"=", "sync", "--", "charges"},
		{"=\x1b[31m\u202e", "sync"},
		{"=", "export", "segment", "bnpl-offers", "--lake", lake, "--reveal"},
	}
	check := func() {
		t.Helper()
		before := laketest.Tree(t, lake)
		for _, call := range calls {
			var out, errs bytes.Buffer
			code := run(t.Context(), append([]string{"stripelake", completeWord}, call...), func(string) string { return "" }, &out, &errs)
			if code != 0 || errs.Len() > 0 || len(call) > 0 && !strings.HasPrefix(out.String(), fitWords+"\n") && !strings.HasPrefix(out.String(), fitDirs+"\n") {
				t.Errorf("%q: exit status %d, %q: %s", call, code, errs.String(), out.String())
			}
		}
		if diff := cmp.Diff(before, laketest.Tree(t, lake)); diff != "" {
			t.Errorf("the lake (-before +after):\n%s", diff)
		}
	}
	check()
	for _, damage := range []string{filepath.Join(lake, "lake.json"), filepath.Join(lake, "schemas", "000001.json"), filepath.Join(lake, "current", "schemas.json")} {
		if err := os.Chmod(damage, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(damage, []byte("{"), 0o600); err != nil {
			t.Fatal(err)
		}
		check()
	}
	if err := os.RemoveAll(lake); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(lake, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	check()
}

// TestFlagValuesAreOfFlags holds that the flags exist whose values are completed, and
// that the help of each names the values.
func TestFlagValuesAreOfFlags(t *testing.T) {
	t.Parallel()
	all := newApp(&environment{}).Commands
	for of, values := range flagValues {
		words := strings.Fields(of)
		if len(words) == 1 {
			words = []string{"sync", of} // which has what every command has
		}
		var command *cli.Command
		commands := all
		for _, word := range words[:len(words)-1] {
			command = commandNamed(commands, word)
			commands = command.Subcommands
		}
		flag := flagNamed(command.Flags, strings.TrimPrefix(words[len(words)-1], "--"))
		if flag == nil {
			t.Errorf("there is no flag %s", of)
			continue
		}
		for _, value := range values {
			if !strings.Contains(flag.String(), value) {
				t.Errorf("the help of %s does not name %s: %s", of, value, flag)
			}
		}
	}
}
