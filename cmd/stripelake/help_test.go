package main

import (
	"bytes"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/urfave/cli/v2"
)

// TestHelpOfEveryCommand holds that the help of each command goes to standard output,
// fits 80 cells and has an example that is right, and that wrong usage is one line on
// standard error.
func TestHelpOfEveryCommand(t *testing.T) {
	// Not parallel: two apps of urfave/cli in one process share its help flag.
	call := func(args ...string) (out, errs string, code int) {
		var stdout, stderr bytes.Buffer
		code = run(t.Context(), append([]string{"stripelake"}, args...), func(string) string { return "" }, &stdout, &stderr)
		return stdout.String(), stderr.String(), code
	}
	all := newApp(&environment{}).Commands
	var walk func(commands []*cli.Command, words []string)
	walk = func(commands []*cli.Command, words []string) {
		for _, command := range commands {
			path := append(slices.Clone(words), command.Name)
			name := "stripelake " + strings.Join(path, " ")
			out, errs, code := call(append(slices.Clone(path), "--help")...)
			if code != 0 || errs != "" || !strings.HasPrefix(out, "NAME:\n   "+name+" - ") {
				t.Errorf("%s --help: exit status %d, %q:\n%s", name, code, errs, out)
			}
			checkHelpWidth(t, name, out)
			out, errs, code = call(append(slices.Clone(path), "--no-such-flag")...)
			if want := "stripelake: unknown flag --no-such-flag (see " + name + " --help)\n"; code != 2 || errs != want || out != "" {
				t.Errorf("%s --no-such-flag: exit status %d, %q:\n%s", name, code, errs, out)
			}
			_, examples := splitExamples(command.Description)
			if len(command.Subcommands) > 0 {
				walk(command.Subcommands, path)
			} else if len(examples) == 0 {
				t.Errorf("%s has no example", name)
			}
			for _, example := range examples {
				_, words, ok := strings.Cut(strings.TrimRight(example, `)"`), "stripelake ")
				if !ok {
					t.Errorf("%s: the example %s does not call stripelake", name, example)
					continue
				}
				checkCall(t, all, name+" --help", strings.Fields(words))
			}
		}
	}
	walk(all, nil)
	out, _, _ := call("--help")
	checkHelpWidth(t, "stripelake", out)
}

func checkHelpWidth(t *testing.T, name, help string) {
	t.Helper()
	for line := range strings.Lines(help) {
		if width := cellWidth.StringWidth(strings.TrimSuffix(line, "\n")); width > helpWidth {
			t.Errorf("%s --help: %d cells: %s", name, width, line)
		}
	}
}

// TestManPage holds that the formatters find nothing to complain of in the manual page.
func TestManPage(t *testing.T) {
	// Not parallel: two apps of urfave/cli in one process share its help flag.
	page := manPage(newApp(&environment{}))
	for _, formatter := range [][]string{{"groff", "-man", "-K", "utf8", "-T", "utf8", "-ww", "-z"}, {"mandoc", "-T", "lint", "-W", "warning"}} {
		t.Run(formatter[0], func(t *testing.T) {
			if _, err := exec.LookPath(formatter[0]); err != nil {
				t.Skipf("%s is not installed: see make shells", formatter[0])
			}
			cmd := exec.CommandContext(t.Context(), formatter[0], formatter[1:]...)
			cmd.Stdin = strings.NewReader(page)
			said, err := cmd.CombinedOutput()
			var left []string
			for line := range strings.Lines(string(said)) {
				if !strings.Contains(line, "missing date") { // a generated page has none that stays
					left = append(left, line)
				}
			}
			if len(left) > 0 || err != nil && len(said) == 0 {
				t.Errorf("%v: %s", err, strings.Join(left, ""))
			}
		})
	}
}
