package pipeline_test

import (
	"fmt"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stripelake/stripelake/internal/pipeline/laketest"
	"github.com/stripelake/stripelake/load"
)

// How an attack may end.
const (
	afterOne    = "equal after one sync"
	afterTwo    = "equal after two syncs"
	afterRepair = "equal after a repair"
	afterAdvice = "refused, equal after its advice"
	neverEqual  = "FAILED"
)

var endings = []string{afterOne, afterTwo, afterRepair, afterAdvice, neverEqual}

// heal does what an owner does after the attack. Some owners are patient: they
// try two syncs and one repair before they follow the advice of an error.
// Others follow it at once.
func (w *world) heal() (ending string, err error) {
	patient := w.random.IntN(2) == 0
	w.tell("the attack is over; a patient owner: %t", patient)
	for _, a := range w.accounts {
		a.gate.becomes(0)
		a.server.Advance(time.Hour) // what is younger is not compared with Stripe
	}
	var differs string
	refused := false
	for _, ending := range []string{afterOne, afterTwo, afterRepair} {
		command := asSync
		if ending == afterRepair {
			command = asRepair
		}
		code, said, err := w.everyAccount(command)
		if err != nil {
			return neverEqual, err
		}
		refused = refused || code != 0
		if code != 0 && (!patient || ending == afterRepair) {
			return w.heed(said)
		}
		if code != 0 {
			continue
		}
		if differs, err = w.differs(); err != nil || differs == "" {
			return ending, err
		}
		w.tell("differs: %.300s", differs)
	}
	if refused { // and the repair was what it had asked for
		return w.heed("run stripelake sync")
	}
	return neverEqual, fmt.Errorf("nothing is refused any more, and the lake differs:\n%s", differs)
}

// heed follows the advice of refusals until the lake is equal. What is refused on
// the way is heeded too, and in the end there is one repair.
func (w *world) heed(said string) (string, error) {
	for range 5 {
		followed, refused, err := w.follow(said)
		if err != nil {
			return neverEqual, err
		}
		if len(followed) == 0 {
			break
		}
		code, text, err := w.everyAccount(asSync)
		if err != nil {
			return neverEqual, err
		}
		said = refused
		if code != 0 {
			said += text
			continue
		}
		differs, err := w.differs()
		if err != nil || differs == "" {
			return afterAdvice, err
		}
		w.tell("differs: %.300s", differs)
		said += "\n" + differs + "\nafter the advice: run stripelake verify --stripe --repair"
	}
	return neverEqual, fmt.Errorf("no advice helps: %s", shorter(said))
}

// everyAccount runs a command with the key of each account. The status is the worst.
func (w *world) everyAccount(command string) (code int, text string, err error) {
	for _, a := range w.accounts {
		end, err := work(w.t.Context(), laketest.Child{Work: command, Lake: w.lake, API: a.url})
		w.tell("%s: %d: %s", command, end.code, shorter(end.text))
		if err != nil {
			return end.code, end.text, err
		}
		code, text = max(code, end.code), text+end.text+"\n"
	}
	return code, text, nil
}

// shorter leaves the middle out of a long text: why something was refused comes last.
func shorter(text string) string {
	const most = 1000
	if len(text) < 2*most {
		return text
	}
	return text[:most] + "\n…\n" + text[len(text)-most:]
}

// differs says how the lake differs from Stripe, or what a verification of
// everything finds in it; empty if there is nothing. DuckDB opens here what a
// verification has found to be sound, and nothing else: what is damaged may end
// the process.
func (w *world) differs() (string, error) {
	says := w.complaints(func(c *complaints, a *attacked) { laketest.CheckAgainstLedger(c, w.lake, a.server) })
	if says != "" {
		return says, nil
	}
	end, err := work(w.t.Context(), laketest.Child{Work: asVerify, Lake: w.lake, API: w.accounts[0].url})
	if err != nil || end.code != 0 {
		return end.text, err
	}
	return w.complaints(w.checkBooks), nil
}

// complaints are what a check says of all accounts.
func (w *world) complaints(check func(*complaints, *attacked)) string {
	c := &complaints{T: w.t}
	done := make(chan struct{})
	go func() { // Fatal ends it
		defer close(done)
		for _, a := range w.accounts {
			check(c, a)
		}
	}()
	<-done
	return strings.Join(c.says, "\n")
}

// checkBooks compares what is published of an account, warehouse and files, with
// what was sold there.
func (w *world) checkBooks(c *complaints, a *attacked) {
	db, err := load.OpenWarehouse(filepath.Join(w.lake, "current", "warehouse.duckdb"))
	if err != nil {
		c.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	want := ledger(a.server.Ledger())
	for what, from := range map[string]string{"warehouse": "%[2]s", "files": "read_parquet('%[1]s/current/%[2]s/*/*/*.parquet', union_by_name = true)"} {
		got := lakeBooks(c, db, func(table string) string {
			source := fmt.Sprintf(from, w.lake, table)
			if what == "files" && !w.published(table) {
				source = table // it has no rows
			}
			return fmt.Sprintf("(FROM %s WHERE NOT deleted AND account = '%s')", source, a.server.AccountID())
		})
		for key, line := range got {
			if line.Count == 0 {
				delete(got, key)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			c.Errorf("%s (-ledger +lake):\n%s", what, diff)
		}
	}
}

func (w *world) published(table string) bool {
	parts, err := filepath.Glob(filepath.Join(w.lake, "current", table, "*", "*", "*.parquet"))
	return err == nil && len(parts) > 0
}

// complaints are what a check says that is made more than once.
type complaints struct {
	*testing.T
	says []string
}

func (c *complaints) Errorf(format string, args ...any) { c.Error(fmt.Sprintf(format, args...)) }

// Error keeps a complaint. What came without an id is kept in the log and is a
// refusal for good: it is in no table.
func (c *complaints) Error(args ...any) {
	if text := fmt.Sprint(args...); !strings.Contains(text, " noid:") {
		c.says = append(c.says, text)
	}
}

func (c *complaints) Fatalf(format string, args ...any) {
	c.Errorf(format, args...)
	runtime.Goexit()
}

func (c *complaints) Fatal(args ...any) {
	c.Error(args...)
	runtime.Goexit()
}
