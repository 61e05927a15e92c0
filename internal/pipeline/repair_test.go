package pipeline_test

import (
	"flag"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stripelake/stripelake/internal/pipeline/laketest"
)

var everyDamage = flag.Bool("damages", false, "try every damage of the raw log by itself")

// Whatever of the raw log is damaged, with the state there or not, a repair puts
// something in its place (Invariant 2) and reads again what is lost: the lake then
// has what Stripe has, and nothing is found any more, not even when everything is
// mapped again.
func TestRepairLog(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("nothing here runs side by side: not for the race detector")
	}
	server, sound := laketest.ChangedWithHistory(t)
	newest := filepath.Base(laketest.LastFile(t, sound.Lake, "raw/*/charges/*.parquet"))
	lost := laketest.RemoveFiles(".state/work.duckdb")
	type damages []func(string) error
	cases := map[string]struct {
		damage damages
		known  int // losses of which the objects are known
		asked  int // losses of which they are not
	}{
		"all kinds": {damages{
			laketest.RemoveFiles("raw/*/charges/00000002-*"), laketest.FlipBit("raw/*/charges/00000003-*"), laketest.Shorten("raw/*/customers/00000001-*", 10), laketest.Shorten("raw/*/events/00000001-*", 10),
			laketest.RemoveFiles("raw/*/refunds/*.parquet"), laketest.WriteFile("raw/"+laketest.AccountOf(t, sound.Lake)+"/prices/cursor.json", "{"), laketest.RemoveFiles("current/warehouse.duckdb"),
		}, 4, 0},
		"and no state": {damages{laketest.FlipBit("raw/*/charges/00000002-*"), laketest.Shorten("raw/*/customers/00000001-*", 10), laketest.Shorten("raw/*/events/00000001-*", 10), lost}, 0, 3},
		"segment zero": {damages{laketest.Duplicate("raw/*/charges/00000001-00000001.parquet", "00000000-00000001.parquet")}, 0, 0},
		"newest":       {damages{laketest.Shorten("raw/*/charges/"+newest, 10)}, 1, 0},
	}
	for name, more := range map[string]damages{
		"missing": {laketest.RemoveFiles("raw/*/charges/00000002-*")}, "truncated": {laketest.Shorten("raw/*/charges/00000002-*", 1000)},
		"bit flip": {laketest.FlipBit("raw/*/charges/00000001-*")}, "footer": {laketest.EditFooter("raw/*/charges/00000002-*", "stripelake.last_seq")},
		"replaced": {laketest.Duplicate("raw/*/charges/00000001-00000001.parquet", "00000002-00000002.parquet")}, "newest missing": {laketest.RemoveFiles("raw/*/charges/" + newest)},
		"all of a stream": {laketest.RemoveFiles("raw/*/refunds/*.parquet")}, "events": {laketest.Shorten("raw/*/events/00000001-*", 10)}, "customers": {laketest.Shorten("raw/*/customers/00000001-*", 10)},
	} {
		if *everyDamage {
			cases[name] = cases["newest"]
			with := cases[name]
			with.damage = more
			cases[name] = with
			with.damage, with.known, with.asked = append(slices.Clone(more), lost), 0, 1
			cases[name+" and no state"] = with
		}
	}
	if !*everyDamage {
		cases = laketest.Sampled(cases)
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := laketest.Twin(t, sound, server)
			for _, damage := range tc.damage {
				if err := damage(s.Lake); err != nil {
					t.Fatal(err)
				}
			}
			done := laketest.Repaired(t, s)
			laketest.CheckLosses(t, s, done, tc.known, tc.asked)
			laketest.CheckAgainstLedger(t, s.Lake, server)
			if found := laketest.Verify(t, s.Lake, true); len(found) > 0 {
				t.Errorf("found after the repair:\n%s", strings.Join(found, "\n"))
			}
			s.Sync()
		})
	}
}

// What Stripe no longer has, and the log lost, is named and its last row kept; the
// tables hold what the log does, which is a refusal: deleted, never seen.
func TestRepairNamesWhatIsGone(t *testing.T) {
	t.Parallel()
	at := laketest.Noon.AddDate(0, 0, -3)
	held := `"captured":false,"amount_captured":0` // needs no balance transaction
	lines := func(objects ...string) http.Handler { return laketest.Recorded(t, 1, laketest.Noon, objects...) }
	kept, gone := laketest.Paid("ch_kept", at, held), laketest.Paid("ch_gone", at.Add(time.Hour), held, `"description":"the only one"`)
	s := laketest.NewScene(t, lines(kept, gone))
	s.Sync()
	s.Becomes(lines(kept))
	if err := laketest.Shorten("raw/*/charges/00000001-*", 10)(s.Lake); err != nil {
		t.Fatal(err)
	}
	done := laketest.Repaired(t, s)
	laketest.CheckLosses(t, s, done, 1, 0)
	var named []string
	for _, o := range done.Losses[0].Objects {
		named = append(named, fmt.Sprintf("%s gone %t rows %d", o.ID, o.Gone, len(o.Rows["charges"])))
		if o.Gone && !strings.Contains(string(o.Rows["charges"][0]), "the only one") {
			t.Errorf("its row is %s", o.Rows["charges"])
		}
	}
	if want := []string{"ch_gone gone true rows 1", "ch_kept gone false rows 0"}; !slices.Equal(laketest.Sorted(named), want) {
		t.Errorf("named %q, want %q", named, want)
	}
	s.Expect("rows", "SELECT id, deleted FROM charges", "ch_kept false")
	s.Expect("refusals", "SELECT id, reason FROM meta.rejects", "ch_gone deleted, never seen")
	if found := laketest.Verify(t, s.Lake, true); len(found) > 0 {
		t.Errorf("found after the repair: %q", found)
	}
}

// A price that no list held is lost, and not found by its id: its last row is kept,
// and if it is there all the same the next sync brings it back.
func TestRepairOfWhatNoListHeld(t *testing.T) {
	t.Parallel()
	ago := laketest.Noon.Add(-time.Hour)
	price := laketest.Sent("price", "price_inline", ago, `"active":true,"currency":"usd","type":"recurring","unit_amount":5`)
	sub := laketest.Sent("subscription", "sub_1", ago, `"status":"active","currency":"usd","items":{"object":"list","has_more":false,"data":[`+
		`{"id":"si_1","object":"subscription_item","created":1,"price":`+price+`}]}`)
	hiding := func(stripe http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { serveWithout(t, stripe, []string{"price_inline"}, w, r) })
	}
	s := laketest.NewScene(t, hiding(laketest.Recorded(t, 1, laketest.Noon, sub, price)))
	s.Sync()
	s.Expect("before", "SELECT id FROM prices", "price_inline")
	s.Becomes(hiding(laketest.Recorded(t, 1, laketest.Noon, sub)))
	if err := laketest.Shorten("raw/*/prices/00000001-*", 10)(s.Lake); err != nil {
		t.Fatal(err)
	}
	done := laketest.Repaired(t, s)
	laketest.CheckLosses(t, s, done, 1, 0)
	if o := done.Losses[0].Objects[0]; !o.Gone || len(o.Rows["prices"]) != 1 {
		t.Errorf("%+v", o)
	}
	s.Becomes(hiding(laketest.Recorded(t, 1, laketest.Noon.Add(time.Hour), sub, price)))
	s.Sync()
	s.Expect("found again", "SELECT id, deleted FROM prices", "price_inline false")
	laketest.CheckSound(t, s.Lake, true)
}

// Where the log ends before what the tables hold, a sync names the backup and the
// repair, which needs the tables: nothing else knows what is lost.
func TestLostStream(t *testing.T) {
	t.Parallel()
	server := laketest.Shop(t, nil)
	s := laketest.NewScene(t, server.Handler())
	s.Sync()
	if err := laketest.RemoveFiles("raw/*/customers")(s.Lake); err != nil {
		t.Fatal(err)
	}
	const fix = "restore the missing segments from a backup; without one, run stripelake verify --stripe --repair"
	if _, err := s.Try(); err == nil || !strings.HasSuffix(err.Error(), "the position is beyond the end of the log: "+fix) {
		t.Errorf("the sync says %v", err)
	}
	laketest.Repaired(t, s)
	laketest.CheckAgainstLedger(t, s.Lake, server)
	laketest.CheckSound(t, s.Lake, true)
	s.Sync()
}

// An erasure reaches what a repair set aside and wrote down.
func TestForgetAfterRepair(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("nothing here runs side by side: not for the race detector")
	}
	at := laketest.Noon.AddDate(0, 0, -3)
	who := laketest.Sent("customer", "cus_gone", at, `"email":"somebody@example.com"`)
	other := laketest.Sent("customer", "cus_other", at.Add(time.Hour))
	s := laketest.NewScene(t, laketest.Recorded(t, 1, laketest.Noon, who, other))
	s.Sync()
	if err := laketest.Shorten("raw/*/customers/00000001-*", 10)(s.Lake); err != nil {
		t.Fatal(err)
	}
	laketest.Repaired(t, s)
	if _, err := laketest.Forget(t.Context(), s.Lake, nil, "cus_gone"); err != nil {
		t.Fatal(err)
	}
	err := filepath.WalkDir(s.Lake, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		text, err := os.ReadFile(path)
		if strings.Contains(path, ".damaged") || strings.Contains(string(text), "cus_gone") || strings.Contains(string(text), "somebody@") {
			t.Errorf("%s is left, or names who was forgotten", path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if lost, err := os.ReadFile(laketest.LastFile(t, s.Lake, "raw/*/customers/*.lost.json")); err != nil || !strings.Contains(string(lost), "cus_other") {
		t.Errorf("what was lost is %s, %v", lost, err)
	}
}
