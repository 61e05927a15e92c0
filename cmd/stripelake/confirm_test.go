package main

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stripelake/stripelake/internal/pipeline/laketest"
	"github.com/stripelake/stripelake/internal/stripesim"
	"github.com/stripelake/stripelake/load"
)

const prompt = "Type yes to go on: "

// refusals are what somebody may do at the question, other than to say yes.
var refusals = map[string]struct {
	typed  string
	status int
	says   string
}{
	"no":              {"no\n", 1, "not confirmed; "},
	"a part of yes":   {"y\n", 1, "not confirmed; "},
	"nothing":         {"\n", 1, "not confirmed; "},
	"the end":         {"\x04", 1, "not confirmed; "},
	"a word, no line": {"yes\x04\x04\x04", 1, "not confirmed; "},
	"Ctrl-C":          {"\x03", 130, "interrupted; "},
}

// TestForgetAsks holds that nobody is erased unless somebody at a real terminal has seen
// what goes and said yes, or a script has with --yes.
func TestForgetAsks(t *testing.T) {
	if testing.Short() {
		t.Skip("starts many processes")
	}
	t.Parallel()
	server, dir, sync := newAskedShop(t)
	session(t, dir, sync)
	who := aCustomer(server)
	before := laketest.Tree(t, filepath.Join(dir, "lake"))
	for name, a := range refusals {
		said, status := typeAnswer(t, dir, "exec stripelake forget "+who, a.typed)
		if status != a.status || !strings.Contains(said, "\nstripelake: "+a.says+"none of them was erased\n") {
			t.Errorf("%s: exit status %d:\n%s", name, status, said)
		}
		if diff := cmp.Diff(before, laketest.Tree(t, filepath.Join(dir, "lake"))); diff != "" {
			t.Fatalf("%s: the lake (-before +after):\n%s", name, diff)
		}
	}
	for _, command := range []string{"stripelake forget " + who + " < /dev/null", "echo yes | stripelake forget " + who, "stripelake forget " + who + " 2> errors"} {
		if said, status := onTerminal(t, dir, 200, 50, command).end(); status != 2 || strings.Contains(said, prompt) {
			t.Errorf("%s: exit status %d:\n%s", command, status, said)
		}
	}

	said, status := typeAnswer(t, dir, "stripelake forget --json "+who+" > receipt", "yes\n")
	if status != 0 || !strings.Contains(said, " customers  ") || !strings.Contains(said, "Of "+who+", all of this goes from the raw log") {
		t.Errorf("yes: exit status %d:\n%s", status, said)
	}
	if receipt := session(t, dir, "cat receipt"); !strings.HasPrefix(receipt, `{"version":`) || strings.Count(receipt, "\n") != 1 {
		t.Errorf("the receipt: %s", receipt)
	}
	if said := session(t, dir, "stripelake query --format csv \"SELECT count(*) AS n FROM customers WHERE id = '"+who+"'\""); said != "n\n0\n" {
		t.Errorf("yes, and then there is %s", said)
	}
	// Nobody is asked about somebody of whom nothing is left.
	if said, status := onTerminal(t, dir, 200, 50, "stripelake forget "+who).end(); status != 0 || strings.Contains(said, prompt) {
		t.Errorf("once more: exit status %d:\n%s", status, said)
	}
}

// TestForgetFinishesUnasked holds that an erasure that was interrupted needs no second
// yes, on a terminal or not, and that the next person still does.
func TestForgetFinishesUnasked(t *testing.T) {
	if testing.Short() {
		t.Skip("starts many processes")
	}
	t.Parallel()
	server, dir, sync := newAskedShop(t)
	session(t, dir, sync)
	lake, err := load.Open(filepath.Join(dir, "lake"), load.Options{Mode: "test"})
	interrupt := func() {
		t.Helper()
		if err == nil {
			err = lake.Erasures().Record(load.Erasure{
				Receipt: load.Receipt{Started: time.Now().UTC()}, Customers: map[string][]string{server.AccountID(): {"cus_interrupted"}},
			})
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	interrupt()
	if said := session(t, dir, "stripelake forget < /dev/null"); !strings.Contains(said, "receipt: receipts/forget-") {
		t.Errorf("without a terminal:\n%s", said)
	}
	interrupt()
	said, status := typeAnswer(t, dir, "stripelake forget "+aCustomer(server), "no\n")
	if finished := strings.Index(said, "receipt: receipts/forget-"); status != 1 || finished < 0 || finished > strings.Index(said, prompt) {
		t.Errorf("exit status %d:\n%s", status, said)
	}
}

// TestDropSupersededAsks is the same for versions that are dropped.
func TestDropSupersededAsks(t *testing.T) {
	if testing.Short() {
		t.Skip("starts many processes")
	}
	t.Parallel()
	server, dir, sync := newAskedShop(t)
	session(t, dir, "stripelake init mine && sed -i.before '/^history: true/d' mine/*/*.yaml && "+sync+" --schemas mine")
	const drop = "exec stripelake compact --drop-superseded 31"
	if said, status := onTerminal(t, dir, 200, 50, drop).end(); status != 0 || strings.Contains(said, prompt) {
		t.Errorf("nothing to drop: exit status %d:\n%s", status, said)
	}
	if _, err := server.Change(stripesim.UpdateCustomer, 5); err != nil {
		t.Fatal(err)
	}
	server.Advance(time.Hour)
	session(t, dir, sync)
	server.Advance(40 * 24 * time.Hour)
	session(t, dir, sync)
	count := func() string {
		return session(t, dir, "ls -l lake/raw/*/customers/*.parquet | wc -l && cat lake/raw/*/customers/*.parquet | cksum")
	}
	before := count()
	for name, a := range refusals {
		if said, status := typeAnswer(t, dir, drop, a.typed); status != a.status || !strings.Contains(said, a.says+"nothing was dropped\n") || before != count() {
			t.Errorf("%s: exit status %d:\n%s", name, status, said)
		}
	}
	if said, status := typeAnswer(t, dir, drop, "yes\n"); status != 0 || !strings.Contains(said, " customers: 5 versions to drop\n") || !strings.Contains(said, " customers: 5 versions dropped") {
		t.Errorf("yes: exit status %d:\n%s", status, said)
	}
}

// newAskedShop returns a simulated shop, a folder with the program, and the command that
// syncs the shop there.
func newAskedShop(t *testing.T) (server *stripesim.Server, dir, sync string) {
	t.Helper()
	server, dir = newShop(t), t.TempDir()
	linkBinary(t, dir)
	return server, dir, "STRIPE_API_KEY=sk_test_confirm stripelake sync --max-rps 1000 --api-base " + serve(t, server)
}

// typeAnswer runs a command on a terminal and types an answer to its question.
func typeAnswer(t *testing.T, dir, command, typed string) (said string, status int) {
	t.Helper()
	x := onTerminal(t, dir, 200, 50, command)
	x.until(prompt)
	x.send(typed)
	return x.end()
}
