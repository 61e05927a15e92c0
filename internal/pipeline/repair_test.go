package pipeline_test

import (
	"context"
	"errors"
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

	"github.com/stripelake/stripelake/internal/pipeline"
	"github.com/stripelake/stripelake/internal/stripesim"
	"github.com/stripelake/stripelake/load"
)

// comparing is a verification of a scene's lake against all that its Stripe has,
// and the sync that its repair reads with.
func comparing(t *testing.T, s *scene) (*pipeline.Verify, *pipeline.Sync) {
	t.Helper()
	sync := historySync(t, s.lake, s.api, nil)
	return &pipeline.Verify{Dir: s.lake, Wait: -1, Stripe: &pipeline.AtStripe{Client: sync.Client, Redactors: sync.Redactors}}, sync
}

// repaired repairs a scene's lake against all that its Stripe has.
func repaired(t *testing.T, s *scene) pipeline.Repaired {
	t.Helper()
	v, sync := comparing(t, s)
	if _, err := v.Run(t.Context()); pipeline.ExitCode(err) != 3 && err != nil {
		t.Fatal(err)
	}
	done, err := v.Repair(t.Context(), sync)
	if err != nil {
		t.Fatal(err)
	}
	return done
}

// historied is a shop's lake with many segments of charges, objects with a
// history in them and deleted customers. It is shared, and copied by who changes it.
func historied(t *testing.T) (server *stripesim.Server, s *scene) {
	t.Helper()
	server = shop(t, func(c *stripesim.Config) { c.Charges, c.Deletions = 400, 50 })
	s = newScene(t, server.Handler())
	s.sync()
	server.SetNow(shopEnd)
	for range 5 {
		act(t, server, stripesim.CreateCharge)
		act(t, server, stripesim.CreateRefund)
	}
	act(t, server, stripesim.DeleteCustomer)
	s.sync()
	server.SetNow(shopEnd.Add(time.Hour))
	s.sync()
	return server, s
}

// twin is a scene on a copy of another one's lake, with the same Stripe.
func twin(t *testing.T, of *scene, server *stripesim.Server) *scene {
	t.Helper()
	s := newScene(t, server.Handler())
	if err := os.CopyFS(s.lake, os.DirFS(of.lake)); err != nil {
		t.Fatal(err)
	}
	if err := open(s.lake); err != nil {
		t.Fatal(err)
	}
	return s
}

var everyDamage = flag.Bool("damages", false, "try every damage of the raw log by itself, and more kills of a repair")

// Whatever of the raw log is damaged, with the state there or not, a repair puts
// something in its place (Invariant 2) and reads again what is lost: the lake then
// has what Stripe has, and nothing is found any more, not even when everything is
// mapped again.
func TestRepairLog(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("nothing here runs side by side: not for the race detector")
	}
	server, sound := historied(t)
	newest := filepath.Base(last(t, sound.lake, "raw/*/charges/*.parquet"))
	lost := remove(".state/work.duckdb")
	type damages []func(string) error
	cases := map[string]struct {
		damage damages
		known  int // losses of which the objects are known
		asked  int // losses of which they are not
	}{
		"all kinds": {damages{
			remove("raw/*/charges/00000002-*"), flip("raw/*/charges/00000003-*"), shorten("raw/*/customers/00000001-*", 10), shorten("raw/*/events/00000001-*", 10),
			remove("raw/*/refunds/*.parquet"), write("raw/"+account(t, sound.lake)+"/prices/cursor.json", "{"), remove("current/warehouse.duckdb"),
		}, 4, 0},
		"and no state": {damages{flip("raw/*/charges/00000002-*"), shorten("raw/*/customers/00000001-*", 10), shorten("raw/*/events/00000001-*", 10), lost}, 0, 3},
		"segment zero": {damages{duplicate("raw/*/charges/00000001-00000001.parquet", "00000000-00000001.parquet")}, 0, 0},
		"newest":       {damages{shorten("raw/*/charges/"+newest, 10)}, 1, 0},
	}
	for name, more := range map[string]damages{
		"missing": {remove("raw/*/charges/00000002-*")}, "truncated": {shorten("raw/*/charges/00000002-*", 1000)},
		"bit flip": {flip("raw/*/charges/00000001-*")}, "footer": {edit("raw/*/charges/00000002-*", "stripelake.last_seq")},
		"replaced": {duplicate("raw/*/charges/00000001-00000001.parquet", "00000002-00000002.parquet")}, "newest missing": {remove("raw/*/charges/" + newest)},
		"all of a stream": {remove("raw/*/refunds/*.parquet")}, "events": {shorten("raw/*/events/00000001-*", 10)}, "customers": {shorten("raw/*/customers/00000001-*", 10)},
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
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := twin(t, sound, server)
			for _, damage := range tc.damage {
				if err := damage(s.lake); err != nil {
					t.Fatal(err)
				}
			}
			done := repaired(t, s)
			checkLosses(t, s, done, tc.known, tc.asked)
			checkAgainstLedger(t, s.lake, server)
			if found := verify(t, s.lake, true); len(found) > 0 {
				t.Errorf("found after the repair:\n%s", strings.Join(found, "\n"))
			}
			s.sync()
		})
	}
}

func checkLosses(t *testing.T, s *scene, done pipeline.Repaired, wantKnown, wantAsked int) {
	t.Helper()
	known, asked := 0, 0
	for _, x := range done.Losses {
		if x.Known {
			known++
		} else {
			asked++
		}
		for _, d := range x.Damage {
			if _, err := os.Stat(filepath.Join(s.lake, d.Kept)); err != nil {
				t.Errorf("%s is not kept: %v", d.File, err)
			}
		}
		if _, err := os.Stat(filepath.Join(s.lake, x.Path())); err != nil {
			t.Error(err)
		}
		t.Logf("%s %d to %d, seq %d to %d: %d versions, %d objects, listed again %v: %+v", x.Stream, x.First, x.Last, x.FirstSeq, x.LastSeq, x.Versions, len(x.Objects), x.Relisted, x.Damage)
	}
	if known != wantKnown || asked != wantAsked {
		t.Errorf("%d losses are known and %d are not, want %d and %d", known, asked, wantKnown, wantAsked)
	}
	pending, err := filepath.Glob(filepath.Join(s.lake, "raw/*/*/*.repair.json"))
	if err != nil || len(pending) > 0 {
		t.Errorf("pending: %v, %v", pending, err)
	}
}

// What Stripe no longer has, and the log lost, is named and its last row kept; the
// tables hold what the log does, which is a refusal: deleted, never seen.
func TestRepairNamesWhatIsGone(t *testing.T) {
	t.Parallel()
	at := noon.AddDate(0, 0, -3)
	held := `"captured":false,"amount_captured":0` // needs no balance transaction
	lines := func(objects ...string) http.Handler { return recorded(t, 1, noon, objects...) }
	kept, gone := paid("ch_kept", at, held), paid("ch_gone", at.Add(time.Hour), held, `"description":"the only one"`)
	s := newScene(t, lines(kept, gone))
	s.sync()
	s.becomes(lines(kept))
	if err := shorten("raw/*/charges/00000001-*", 10)(s.lake); err != nil {
		t.Fatal(err)
	}
	done := repaired(t, s)
	checkLosses(t, s, done, 1, 0)
	var named []string
	for _, o := range done.Losses[0].Objects {
		named = append(named, fmt.Sprintf("%s gone %t rows %d", o.ID, o.Gone, len(o.Rows["charges"])))
		if o.Gone && !strings.Contains(string(o.Rows["charges"][0]), "the only one") {
			t.Errorf("its row is %s", o.Rows["charges"])
		}
	}
	if want := []string{"ch_gone gone true rows 1", "ch_kept gone false rows 0"}; !slices.Equal(ids(named), want) {
		t.Errorf("named %q, want %q", named, want)
	}
	s.expect("rows", "SELECT id, deleted FROM charges", "ch_kept false")
	s.expect("refusals", "SELECT id, reason FROM meta.rejects", "ch_gone deleted, never seen")
	if found := verify(t, s.lake, true); len(found) > 0 {
		t.Errorf("found after the repair: %q", found)
	}
}

// A price that no list held is lost, and not found by its id: its last row is kept,
// and if it is there all the same the next sync brings it back.
func TestRepairOfWhatNoListHeld(t *testing.T) {
	t.Parallel()
	ago := noon.Add(-time.Hour)
	price := sent("price", "price_inline", ago, `"active":true,"currency":"usd","type":"recurring","unit_amount":5`)
	sub := sent("subscription", "sub_1", ago, `"status":"active","currency":"usd","items":{"object":"list","has_more":false,"data":[`+
		`{"id":"si_1","object":"subscription_item","created":1,"price":`+price+`}]}`)
	hiding := func(stripe http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { serveWithout(t, stripe, []string{"price_inline"}, w, r) })
	}
	s := newScene(t, hiding(recorded(t, 1, noon, sub, price)))
	s.sync()
	s.expect("before", "SELECT id FROM prices", "price_inline")
	s.becomes(hiding(recorded(t, 1, noon, sub)))
	if err := shorten("raw/*/prices/00000001-*", 10)(s.lake); err != nil {
		t.Fatal(err)
	}
	done := repaired(t, s)
	checkLosses(t, s, done, 1, 0)
	if o := done.Losses[0].Objects[0]; !o.Gone || len(o.Rows["prices"]) != 1 {
		t.Errorf("%+v", o)
	}
	s.becomes(hiding(recorded(t, 1, noon.Add(time.Hour), sub, price)))
	s.sync()
	s.expect("found again", "SELECT id, deleted FROM prices", "price_inline false")
	clean(t, s.lake, true)
}

const crashRepair = "STRIPELAKE_CRASH_REPAIR"

// repairMoments come in a repair only.
var repairMoments = []string{"LossRecorded", "LossSetAside"}

// repairUntil repairs a lake and kills its own process at the nth time that a
// moment comes.
func repairUntil(dir, api, name string, n int) error {
	s := newSync(dir, api, func(o *load.Options) { o.Trace = traced(dieAt(n, name)) })
	if s.err != nil {
		return s.err
	}
	v := pipeline.Verify{Dir: dir, Wait: -1, Stripe: &pipeline.AtStripe{Client: s.Client}}
	if _, err := v.Run(context.Background()); err != nil && pipeline.ExitCode(err) != 3 {
		return err
	}
	_, err := v.Repair(context.Background(), &s.Sync)
	return err
}

// Killed at any moment, a repair is finished by the next, and until then no sync
// goes on as if nothing had been lost.
func TestRepairKilledAtEveryMoment(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("nothing here runs side by side: not for the race detector")
	}
	server, sound := historied(t)
	type moment struct {
		name string
		n    int
	}
	moments := []moment{{"LossRecorded", 1}, {"LossSetAside", 2}, {"GenerationLinked", 1}, {"StateRewritten", 1}}
	if *everyDamage {
		moments = append(moments, moment{"LossSetAside", 1}, moment{"SegmentSynced", 1}, moment{"SegmentSynced", 2}, moment{"SegmentSynced", 3}, moment{"AfterCommit", 1}, moment{"GenerationLinked", 2})
	}
	for _, moment := range moments {
		t.Run(fmt.Sprint(moment.name, moment.n), func(t *testing.T) {
			s := twin(t, sound, server)
			err := errors.Join(flip("raw/*/charges/00000002-*")(s.lake), shorten("raw/*/customers/00000001-*", 10)(s.lake))
			if err != nil {
				t.Fatal(err)
			}
			if _, killed := crash(t, s.lake, moment.n, crashAPI+"="+s.api, crashRepair+"="+moment.name); !killed {
				t.Fatal("the moment came less often")
			}
			if _, err := s.try(); err == nil || !strings.Contains(err.Error(), "verify --stripe --repair") {
				t.Errorf("a sync in between: %v", err)
			}
			done := repaired(t, s)
			checkLosses(t, s, done, 2, 0)
			checkAgainstLedger(t, s.lake, server)
			if found := verify(t, s.lake, false); len(found) > 0 {
				t.Errorf("found after the repair:\n%s", strings.Join(found, "\n"))
			}
		})
	}
}

// Where the log ends before what the tables hold, a sync names the backup and the
// repair, which needs the tables: nothing else knows what is lost.
func TestLostStream(t *testing.T) {
	t.Parallel()
	server := shop(t, nil)
	s := newScene(t, server.Handler())
	s.sync()
	if err := remove("raw/*/customers")(s.lake); err != nil {
		t.Fatal(err)
	}
	const fix = "restore the missing segments from a backup; without one, run stripelake verify --stripe --repair"
	if _, err := s.try(); err == nil || !strings.HasSuffix(err.Error(), "the position is beyond the end of the log: "+fix) {
		t.Errorf("the sync says %v", err)
	}
	repaired(t, s)
	checkAgainstLedger(t, s.lake, server)
	clean(t, s.lake, true)
	s.sync()
}

// A repair that was killed, and whose record is damaged since, is finished all the
// same: what stands in the place of a loss says how much it took, and what nobody
// knows is listed again. Beside a whole segment such a record says nothing.
func TestRepairRecordIsDamaged(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("nothing here runs side by side: not for the race detector")
	}
	server, sound := historied(t)
	const record = "raw/*/charges/00000002-00000002.repair.json"
	for name, text := range map[string]string{"LossRecorded": "null", "LossSetAside": "garbage", "SegmentSynced": "{}", "AfterCommit": `{"account":"acct_other"}`, "": "[]"} {
		t.Run("killed at "+name, func(t *testing.T) {
			t.Parallel()
			s := twin(t, sound, server)
			if name == "" {
				if err := duplicate("raw/*/charges/00000002-00000002.parquet", filepath.Base(record))(s.lake); err != nil {
					t.Fatal(err)
				}
			} else if err := flip("raw/*/charges/00000002-*")(s.lake); err != nil {
				t.Fatal(err)
			} else if _, killed := crash(t, s.lake, 1, crashAPI+"="+s.api, crashRepair+"="+name); !killed {
				t.Fatal("the moment came less often")
			}
			if err := altered(record, func([]byte) []byte { return []byte(text) })(s.lake); err != nil {
				t.Fatal(err)
			}
			if _, err := s.try(); err == nil || !strings.Contains(err.Error(), "verify --stripe --repair") {
				t.Errorf("a sync in between: %v", err)
			}
			repaired(t, s)
			checkAgainstLedger(t, s.lake, server)
			clean(t, s.lake, true)
			s.sync()
		})
	}
}

// An erasure reaches what a repair set aside and wrote down.
func TestForgetAfterRepair(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("nothing here runs side by side: not for the race detector")
	}
	at := noon.AddDate(0, 0, -3)
	who := sent("customer", "cus_gone", at, `"email":"somebody@example.com"`)
	other := sent("customer", "cus_other", at.Add(time.Hour))
	s := newScene(t, recorded(t, 1, noon, who, other))
	s.sync()
	if err := shorten("raw/*/customers/00000001-*", 10)(s.lake); err != nil {
		t.Fatal(err)
	}
	repaired(t, s)
	if _, err := forget(t.Context(), s.lake, nil, "cus_gone"); err != nil {
		t.Fatal(err)
	}
	err := filepath.WalkDir(s.lake, func(path string, d fs.DirEntry, err error) error {
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
	if lost, err := os.ReadFile(last(t, s.lake, "raw/*/customers/*.lost.json")); err != nil || !strings.Contains(string(lost), "cus_other") {
		t.Errorf("what was lost is %s, %v", lost, err)
	}
}
