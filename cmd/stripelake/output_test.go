package main

import (
	"bytes"
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/urfave/cli/v2"

	"github.com/stripelake/stripelake/internal/pipeline/laketest"
)

// everyCommand has command lines for each command, with --json where that exists. LAKE
// is a lake, API a Stripe that answers, NEW a name that is not taken.
var everyCommand = map[string][]string{
	"":                  {"", "--version"},
	"demo":              {"--lake NEW --charges 20"},
	"sync":              {"--lake LAKE --api-base API --max-rps 1000", "--lake LAKE --api-base API --max-rps 1000 --json", "--lake NEW --api-base API --max-rps 1000 --json"},
	"plan":              {"--lake LAKE --api-base API", "--lake LAKE --api-base API --json"},
	"status":            {"--lake LAKE", "--lake LAKE --json", "--lake LAKE --max-age 1ns"},
	"query":             {"--lake LAKE SHOW", "--lake LAKE --format csv SHOW", "--lake LAKE --format json SHOW", "--lake LAKE --out NEW SHOW"},
	"tables":            {"--lake LAKE", "--lake LAKE --json", "--lake LAKE charges"},
	"path":              {"--lake LAKE", "--lake LAKE warehouse"},
	"config":            {"", "--json"},
	"completion":        {"bash", "zsh", "fish", "powershell"},
	"man":               {""},
	"version":           {"", "--json"},
	"report":            {""},
	"report bnpl":       {"--lake LAKE --out NEW"},
	"export":            {""},
	"export segment":    {"--lake LAKE bnpl-offers", "--lake LAKE --out NEW bnpl-offers"},
	"rebuild":           {"--lake LAKE", "--lake LAKE --json", "--lake LAKE --json refunds"},
	"compact":           {"--lake LAKE", "--lake LAKE --json"},
	"backup":            {"--lake LAKE NEW"},
	"verify":            {"--lake LAKE --json", "--lake LAKE --stripe --api-base API"},
	"init":              {"NEW"},
	"schema":            {""},
	"schema check":      {""},
	"schema preview":    {"--lake LAKE CHARGE"},
	"schema explain":    {"charges"},
	"schema coverage":   {"--lake LAKE charges"},
	"schema diff":       {"--lake LAKE"},
	"schema new":        {"--lake LAKE --table more --schemas SCHEMAS charge"},
	"schema docs":       {"NEW"},
	"schema export":     {""},
	"schema export dbt": {"--lake LAKE", "--lake LAKE --out NEW"},
	"forget":            {"--lake LAKE --dry-run CUSTOMER", "--lake LAKE --dry-run --json CUSTOMER"},
	"doctor":            {"--lake LAKE --api-base API", "--lake LAKE --api-base API --json"},
	"simulate":          {"--addr 127.0.0.1:0 --charges 10"},
}

// commandLines returns all lines of everyCommand, and the help of each command.
func commandLines(t *testing.T) (lines []string) {
	t.Helper()
	known := map[string]bool{"": true}
	var walk func(commands []*cli.Command, above string)
	walk = func(commands []*cli.Command, above string) {
		for _, command := range commands {
			if command.Name == "help" {
				continue
			}
			name := strings.TrimSpace(above + " " + command.Name)
			if known[name] = true; everyCommand[name] == nil {
				t.Errorf("everyCommand lacks %s", name)
			}
			walk(command.Subcommands, name)
		}
	}
	walk(newApp(&environment{}).Commands, "")
	for name, variants := range everyCommand {
		if !known[name] {
			t.Errorf("there is no command %q", name)
		}
		for _, variant := range append(variants, "--help") {
			lines = append(lines, strings.TrimSpace(name+" "+variant))
		}
	}
	slices.Sort(lines)
	return lines
}

// outputPlace is what command lines name.
type outputPlace struct {
	t    *testing.T
	dir  string
	api  string
	made int
}

func newOutputPlace(t *testing.T) *outputPlace {
	t.Helper()
	p := &outputPlace{t: t, dir: t.TempDir(), api: laketest.Serve(t, laketest.Shop(t, nil))}
	if said, code := p.run(t.Context(), io.Discard, "sync --lake LAKE --api-base API --max-rps 1000"); code != 0 {
		t.Fatalf("exit status %d: %s", code, said)
	}
	return p
}

// words returns the words of a command line, the program's name not included. Each
// call has names of its own for what is made.
func (p *outputPlace) words(line string) []string {
	p.t.Helper()
	p.made++
	fresh := filepath.Join(p.dir, strings.Repeat("x", p.made))
	words := strings.Fields(line)
	for i, word := range words {
		switch word {
		case "LAKE":
			words[i] = filepath.Join(p.dir, "lake")
		case "API":
			words[i] = p.api
		case "NEW":
			words[i] = fresh
		case "SHOW":
			words[i] = "FROM (SELECT 1)"
		case "SCHEMAS":
			words[i] = fresh
			p.run(p.t.Context(), io.Discard, "init "+fresh)
		case "CHARGE", "CUSTOMER":
			table := map[string]string{"CHARGE": "charges", "CUSTOMER": "customers"}[word]
			if err := laketest.Warehouse(p.t, filepath.Join(p.dir, "lake")).QueryRow("SELECT min(id) FROM " + table).Scan(&words[i]); err != nil {
				p.t.Fatal(err)
			}
		}
	}
	return words
}

func (p *outputPlace) run(ctx context.Context, stdout io.Writer, line string) (said string, code int) {
	p.t.Helper()
	var stderr bytes.Buffer
	words := append([]string{"stripelake"}, p.words(line)...)
	code = run(ctx, words, func(name string) string { return map[string]string{"STRIPE_API_KEY": simulatedKey}[name] }, stdout, &stderr)
	return stderr.String(), code
}

// context returns one that has ended where the command would serve until then.
func (p *outputPlace) context(line string) context.Context {
	ctx, cancel := context.WithCancel(p.t.Context())
	p.t.Cleanup(cancel)
	if strings.HasPrefix(line, "simulate --addr") {
		cancel()
	}
	return ctx
}

// No command ends well whose output went nowhere, and none calls that the lake's
// disk. Closed standard input and output are like /dev/null: a command ends as it would
// otherwise, and no file of the lake takes their place.
func TestOutputThatIsFullOrClosed(t *testing.T) {
	if testing.Short() {
		t.Skip("runs every command three times")
	}
	t.Parallel()
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip("there is no /dev/full here")
	}
	defer func() { _ = full.Close() }()
	p := newOutputPlace(t)
	const lost = "write to standard output: no space left on device: what was printed is not whole\n"
	for _, line := range laketest.SampledList(commandLines(t)) {
		var out bytes.Buffer
		whole, want := p.run(p.context(line), &out, line)
		if out.Len() == 0 && !strings.Contains(line, "--out") {
			t.Errorf("%s prints nothing: %s", line, whole)
		}
		said, code := p.run(p.context(line), full, line)
		fails := code == 1 && strings.HasSuffix(said, lost) && strings.Count(said, lost) == 1 && !strings.Contains(said, "disk")
		if out.Len() > 0 && !fails && (want == 0 || code != want) || out.Len() == 0 && code != want {
			t.Errorf("%s: exit status %d on a full output, and %d otherwise: %s", line, code, want, said)
		}
		if strings.HasPrefix(line, "simulate --addr") || strings.HasSuffix(line, "--help") && line != "--help" {
			continue // it serves until a signal; each help is printed in one way
		}
		if said, code := p.closed(line); code != want {
			t.Errorf("%s: exit status %d with closed streams, and %d otherwise: %s", line, code, want, said)
		}
	}
	if said, code := p.run(t.Context(), io.Discard, "verify --lake LAKE"); code != 0 {
		t.Errorf("exit status %d: %s", code, said)
	}
}

// closed runs the program as a process without standard input and output.
func (p *outputPlace) closed(line string) (said []byte, code int) {
	words := append([]string{"-c", `exec "$0" "$@" <&- >&-`, os.Args[0]}, p.words(line)...)
	cmd := exec.CommandContext(p.t.Context(), "/bin/sh", words...)
	cmd.Env = append(os.Environ(), asProgram+"=1", "STRIPE_API_KEY="+simulatedKey)
	said, _ = cmd.CombinedOutput()
	return said, cmd.ProcessState.ExitCode()
}
