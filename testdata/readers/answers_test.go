package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const warehouse = `charges	id	acct	acct_1	3	15
charges	amount	currency	USD	2	12.345
charges	amount	currency	JPY	1	7.000
charges	raw	currency	USD	1	9
refunds	id	acct	acct_1	1	5
`

func parsed(t *testing.T, text string) answers {
	t.Helper()
	a, err := parseAnswers(text)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// A reader that agrees in whatever it reads must not pass: what it has otherwise,
// and what it has not, is named.
func TestOtherAnswersAreNamed(t *testing.T) {
	for _, tt := range []struct{ name, got, want string }{
		{"the same in another order", strings.Replace(warehouse, "charges\tid\tacct\tacct_1\t3\t15\n", "", 1) + "charges\tid\tacct\tacct_1\t3\t15\n", ""},
		{"a sum", strings.Replace(warehouse, "12.345", "12.344", 1), "charges.amount, currency=USD: has 2 values, sum 12.344, the warehouse has 2 values, sum 12.345"},
		{"a float", strings.Replace(warehouse, "7.000", "7.0", 1), "charges.amount, currency=JPY: has 1 values, sum 7.0, the warehouse has 1 values, sum 7.000"},
		{"a count", strings.Replace(warehouse, "2\t12.345", "3\t12.345", 1), "charges.amount, currency=USD: has 3 values, sum 12.345, the warehouse has 2 values, sum 12.345"},
		{"no table", strings.Replace(warehouse, "refunds\tid\tacct\tacct_1\t1\t5\n", "", 1), "refunds.id, acct=acct_1: has nothing, the warehouse has 1 values, sum 5"},
		{"another group", warehouse + "refunds\tid\tacct\t-\t1\t5\n", "refunds.id, acct=-: has 1 values, sum 5, the warehouse has nothing"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := strings.Join(parsed(t, tt.got).differences(parsed(t, warehouse)), "\n"); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
	if got := parsed(t, "").differences(parsed(t, warehouse)); len(got) != 5 {
		t.Errorf("of nothing read: %q", got)
	}
}

func TestAnswersThatAreNone(t *testing.T) {
	for _, text := range []string{"charges\tid\n", warehouse + "refunds\tid\tacct\tacct_1\t1\t5\n"} {
		if _, err := parseAnswers(text); err == nil {
			t.Errorf("%q passes", text)
		}
	}
}

// A warehouse without rows or without JSON proves nothing of its readers.
func TestVacuous(t *testing.T) {
	questions := []question{
		{"charges", "id", "VARCHAR", "acct", "account"},
		{"charges", "raw", "JSON", "currency", "currency"},
		{"refunds", "id", "VARCHAR", "acct", "account"},
	}
	for _, tt := range []struct{ name, got, want string }{
		{"all there", warehouse, ""},
		{"no table", strings.Replace(warehouse, "refunds\t", "returns\t", 1), "the warehouse has no row of refunds"},
		{"no JSON", strings.Replace(warehouse, "1\t9\n", "0\t-\n", 1), "the warehouse has no value of JSON in the columns of 3 questions"},
		{"nothing", "", "the warehouse has no row of charges"},
	} {
		err := parsed(t, tt.got).vacuous(questions)
		if tt.want == "" && err == nil {
			continue
		}
		if err == nil || err.Error() != tt.want {
			t.Errorf("%s: got %v, want %q", tt.name, err, tt.want)
		}
	}
}

// Every row of the table in docs/analysts.md is run, and no program runs what is
// not there.
func TestDocumentedCode(t *testing.T) {
	documented, err := documentedCode(filepath.Join("..", "..", "docs", "analysts.md"))
	if err != nil {
		t.Fatal(err)
	}
	for name := range documented {
		if !slices.ContainsFunc(programs, func(p program) bool { return p.name == name }) {
			t.Errorf("docs/analysts.md says how %s reads, and nothing runs it", name)
		}
	}
	for _, p := range programs {
		if documented[p.name] == "" {
			t.Errorf("docs/analysts.md does not say how %s reads", p.name)
		}
	}
}

// pin is a version that a requirements file or install.sh names.
var pin = regexp.MustCompile(`(?m)^(pandas|polars|pyarrow|datafusion|duckdb|jdbc)={1,2}(\S+)`)

func TestDocumentedVersions(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "dependencies.md"))
	if err != nil {
		t.Fatal(err)
	}
	pins := 0
	for _, name := range []string{"python.txt", "duckdb-1.4.txt", "install.sh"} {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range pin.FindAllStringSubmatch(string(text), -1) {
			pins++
			if want := found[1] + " " + found[2]; !strings.Contains(string(page), want) {
				t.Errorf("%s pins what docs/dependencies.md does not say: %s", name, want)
			}
		}
	}
	if pins != 7 {
		t.Errorf("%d pins, want 7", pins)
	}
}

// What is missing is told in one line, with what installs it; nothing is left out
// for want of it.
func TestInstallSaysWhatIsMissing(t *testing.T) {
	bin := t.TempDir() // no python3, java, mvn nor apt-get
	for name := range strings.FieldsSeq("bash dirname env id mkdir") {
		real, err := exec.LookPath(name)
		if err == nil {
			err = os.Symlink(real, filepath.Join(bin, name))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	install := exec.CommandContext(t.Context(), "./install.sh", t.TempDir())
	install.Env = []string{"PATH=" + bin}
	out, err := install.CombinedOutput()
	const want = "readers: install Python 3.11 or later with venv, a JDK of 17 or later and Maven, for instance: sudo apt-get install python3-venv default-jdk-headless maven\n"
	if err == nil || string(out) != want {
		t.Errorf("%v, got %q, want %q", err, out, want)
	}
}
