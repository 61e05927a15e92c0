package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/urfave/cli/v2"

	"github.com/stripelake/stripelake/internal/stripesim"
	"github.com/stripelake/stripelake/schemas"
)

var (
	consoleBlock = regexp.MustCompile("(?s)```console\n(.*?)```")
	shellBlock   = regexp.MustCompile("(?s)```sh\n(.*?)```")
	// A slow machine gets a record of progress now and then.
	progressLine = regexp.MustCompile(`(?m)^\d\d:\d\d:\d\d progress: .*\n`)
	// What differs from run to run: times, sizes on disk, and how many windows a list was read in.
	volatile = regexp.MustCompile(`\d+\.\d s\b|\b\d+ requests\b|\d+\.\d [KM]iB|\d{4}-\d\d-\d\d \d\d:\d\dZ|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d|(?m)^\d\d:\d\d:\d\d `)
)

// TestDocumentedSessions runs the console blocks of each document, command by
// command, as one session in a folder of its own, and compares what appears
// with what the blocks say. UPDATE_SCRIPTS=1 writes what appears into them.
func TestDocumentedSessions(t *testing.T) {
	t.Parallel()
	for _, file := range documents(t) {
		if !consoleBlock.MatchString(file.text) {
			continue
		}
		t.Run(filepath.Base(file.name), func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			linkBinary(t, dir)
			real := consoleBlock.ReplaceAllStringFunc(file.text, func(block string) string {
				return "```console\n" + replay(t, dir, consoleBlock.FindStringSubmatch(block)[1]) + "```"
			})
			diff := cmp.Diff(steady(file.text), steady(real))
			if diff != "" && os.Getenv("UPDATE_SCRIPTS") != "" {
				if err := os.WriteFile(file.name, []byte(progressLine.ReplaceAllString(real, "")), 0o644); err != nil {
					t.Fatal(err)
				}
			} else if diff != "" {
				t.Errorf("%s does not say what appears (-documented +real):\n%s", file.name, diff)
			}
		})
	}
}

// replay runs the commands of one block and returns the block as it should be.
// A command begins with a prompt; lines that begin with > go on with it.
func replay(t *testing.T, dir, block string) string {
	t.Helper()
	var out, command strings.Builder
	run := func() {
		if command.Len() > 0 {
			out.WriteString(session(t, dir, command.String()))
			command.Reset()
		}
	}
	for line := range strings.Lines(block) {
		if first, ok := strings.CutPrefix(line, "$ "); ok {
			run()
			command.WriteString(first)
			out.WriteString(line)
		} else if more, ok := strings.CutPrefix(line, ">"); ok && command.Len() > 0 {
			command.WriteString(strings.TrimPrefix(more, " "))
			out.WriteString(line)
		}
	}
	run()
	return out.String()
}

// session runs one documented command as a shell would, in a folder where
// bin/stripelake is this program, on a terminal that draws nothing. `make demo`
// stands for its recipe. A command may fail: what it says then is documented too.
func session(t *testing.T, dir, command string) string {
	t.Helper()
	if command == "make demo\n" { // whose business ends on the day that it is run
		command = demoRecipe(t) + " --now 2026-01-01"
	}
	cmd := exec.CommandContext(t.Context(), "sh", "-c", command)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), asProgram+"=1", "TERM=dumb", "PAGER=cat", "PATH="+filepath.Join(dir, "bin")+":"+os.Getenv("PATH"))
	var out bytes.Buffer
	readTerminal(startOnTerminal(t, cmd, 200), func(p []byte) { out.Write(p) })
	var failed *exec.ExitError
	if err := cmd.Wait(); err != nil && !errors.As(err, &failed) {
		t.Fatalf("%s: %v\n%s", command, err, out.String())
	}
	return strings.ReplaceAll(out.String(), "\r\n", "\n")
}

// demoRecipe is the line of the Makefile that `make demo` runs after building.
func demoRecipe(t *testing.T) string {
	t.Helper()
	makefile, err := os.ReadFile(filepath.Join("..", "..", "Makefile"))
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`(?m)^demo:.*\n\t@?(.*)$`).FindSubmatch(makefile)
	if found == nil {
		t.Fatal("the Makefile has no target demo")
	}
	return string(found[1])
}

// serve starts a simulated Stripe and returns where, until the test ends.
func serve(t *testing.T, server *stripesim.Server) (url string) {
	t.Helper()
	url, stop, err := server.Start("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	return url
}

func linkBinary(t *testing.T, dir string) {
	t.Helper()
	program, err := os.Executable()
	if err == nil {
		err = os.Mkdir(filepath.Join(dir, "bin"), 0o700)
	}
	if err == nil {
		err = os.Symlink(program, filepath.Join(dir, "bin", "stripelake"))
	}
	if err != nil {
		t.Fatal(err)
	}
}

// steady blanks what differs from run to run, and the space that aligns it.
func steady(text string) string {
	return volatile.ReplaceAllString(progressLine.ReplaceAllString(text, ""), "~")
}

// TestDocumentedCommands checks that every stripelake command line in the
// documentation names a command and flags that exist.
func TestDocumentedCommands(t *testing.T) {
	t.Parallel()
	commands := newApp(&environment{}).Commands
	for _, file := range documents(t) {
		for _, block := range shellBlock.FindAllStringSubmatch(file.text, -1) {
			for line := range strings.Lines(block[1]) {
				line, _, _ = strings.Cut(line, "#")
				_, call, ok := strings.Cut(line, "stripelake ")
				if !ok {
					continue
				}
				call, _, _ = strings.Cut(call, `)"`) // of "$(stripelake path)"
				checkCall(t, commands, file.name, strings.Fields(call))
			}
		}
	}
}

var (
	namedViews = regexp.MustCompile("(?s)\n(\\w+) views answer the most common questions\\. Their SQL is in `schemas/marts`: (.*?)\\. Each")
	quoted     = regexp.MustCompile("`([a-z_]+)`")
)

// TestReadmeNamesEveryView compares the views that the README counts and names with
// those that there are.
func TestReadmeNamesEveryView(t *testing.T) {
	t.Parallel()
	set, err := schemas.Load(schemas.Embedded())
	if err != nil {
		t.Fatal(err)
	}
	var want, got []string
	for _, m := range set.Marts {
		want = append(want, m.Name)
	}
	readme, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	said := namedViews.FindStringSubmatch(string(readme))
	if said == nil {
		t.Fatal("the README does not list the views")
	}
	for _, name := range quoted.FindAllStringSubmatch(said[2], -1) {
		got = append(got, name[1])
	}
	slices.Sort(want)
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-there are +README names:\n%s", diff)
	}
	if counts := map[int]string{14: "Fourteen", 15: "Fifteen", 16: "Sixteen", 17: "Seventeen"}; counts[len(want)] != said[1] {
		t.Errorf("the README says %s, and there are %d", said[1], len(want))
	}
}

func checkCall(t *testing.T, commands []*cli.Command, file string, words []string) {
	t.Helper()
	for _, command := range commands {
		if !command.HasName(words[0]) {
			continue
		}
		if len(command.Subcommands) > 0 && len(words) > 1 {
			checkCall(t, command.Subcommands, file, words[1:])
			return
		}
		for _, word := range words[1:] {
			if strings.HasPrefix(word, "--") && !hasFlag(command, word) {
				t.Errorf("%s: stripelake %s has no flag %s", file, words[0], word)
			}
		}
		return
	}
	t.Errorf("%s: there is no command stripelake %s", file, words[0])
}

func hasFlag(command *cli.Command, word string) bool {
	name, _, _ := strings.Cut(strings.TrimLeft(word, "-"), "=")
	for _, flag := range command.Flags {
		if slices.Contains(flag.Names(), name) {
			return true
		}
	}
	return false
}

type document struct{ name, text string }

// documents are the README, the contributors' page and every page under docs.
func documents(t *testing.T) []document {
	t.Helper()
	root := filepath.Join("..", "..")
	names, err := filepath.Glob(filepath.Join(root, "docs", "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	var found []document
	for _, name := range append(names, filepath.Join(root, "README.md"), filepath.Join(root, "CONTRIBUTING.md")) {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		found = append(found, document{name, string(text)})
	}
	return found
}
