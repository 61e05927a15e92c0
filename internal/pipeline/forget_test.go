package pipeline_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stripelake/stripelake/internal/pipeline"
	"github.com/stripelake/stripelake/internal/pipeline/laketest"
	"github.com/stripelake/stripelake/load"
)

// TestForgottenPersonIsNowhere erases one of many customers and looks into
// every file of the lake. Before, the same look finds every mark; afterwards the
// lake is that of a business which never knew the person, and stays so when
// Stripe lists them all again.
func TestForgottenPersonIsNowhere(t *testing.T) {
	t.Parallel()
	p := laketest.NewPerson(t)
	dir, never := filepath.Join(t.TempDir(), "lake"), filepath.Join(t.TempDir(), "lake")
	p.Build(t, dir, p.URL)
	p.Build(t, never, p.URLWithout)
	want := laketest.Digest(t, never)

	before := laketest.Look(t, dir, p.Marks)
	for _, kind := range []string{"segment", "partition", "warehouse", "state"} {
		if len(before[kind]) == 0 {
			t.Fatalf("the look into a %s finds nothing that is there", kind)
		}
	}
	for _, mark := range p.Marks {
		if !before["segment"][mark] {
			t.Errorf("%s is in no segment: the test does not test it", mark)
		}
	}

	plan, err := laketest.Forget(t.Context(), dir, func(f *pipeline.Forget) { f.DryRun = true }, p.ID)
	if err != nil {
		t.Fatal(err)
	}
	if len(laketest.Look(t, dir, p.Marks)["warehouse"]) == 0 {
		t.Error("a dry run erased something")
	}
	// What a damaged state leaves beside it holds the person too.
	private := filepath.Join(dir, ".state")
	if err := os.Link(filepath.Join(private, "work.duckdb"), filepath.Join(private, "work.duckdb.damaged")); err != nil {
		t.Fatal(err)
	}
	receipts, err := laketest.Forget(t.Context(), dir, nil, p.ID)
	if err != nil || len(receipts) != 1 {
		t.Fatalf("%d receipts, %v", len(receipts), err)
	}
	if diff := cmp.Diff(plan[0].Erased, receipts[0].Erased); diff != "" {
		t.Errorf("the dry run promised something else (-dry +real):\n%s", diff)
	}
	if diff := cmp.Diff(p.Counts(), receipts[0].Erased, ignoreSegments); diff != "" {
		t.Errorf("erased (-want +got):\n%s", diff)
	}
	p.CheckGone(t, dir, want)

	if summary := relisted(t, dir, p.URL); summary.Suppressed != p.Listed {
		t.Errorf("%d objects left out, want the %d that Stripe lists", summary.Suppressed, p.Listed)
	}
	relisted(t, never, p.URLWithout)
	p.CheckGone(t, dir, laketest.Digest(t, never))

	if receipts, err = laketest.Forget(t.Context(), dir, nil, p.ID); err != nil || len(receipts) > 0 {
		t.Errorf("forgotten again: %v, %v, want nothing left to do", receipts, err)
	}
}

// What Stripe learns of a forgotten customer later stays out, in whichever order the
// streams are read.
func TestForgottenCustomerBuysAgain(t *testing.T) {
	t.Parallel()
	p := laketest.NewPerson(t)
	dir := filepath.Join(t.TempDir(), "lake")
	p.Build(t, dir, p.URL)
	if _, err := laketest.Forget(t.Context(), dir, nil, p.ID); err != nil {
		t.Fatal(err)
	}
	relisted(t, dir, p.URL)
	want, later := laketest.Digest(t, dir), p.Later(t)
	for _, streams := range [][]string{{"balance_transactions"}, {"refunds"}, {"charges"}, nil} {
		relisted(t, dir, later, streams...)
		if diff := cmp.Diff(want, laketest.Digest(t, dir)); diff != "" {
			t.Errorf("what came later with %v is in the lake (-want +got):\n%s", streams, diff)
		}
	}
	if receipts, err := laketest.Forget(t.Context(), dir, nil, p.ID); err != nil || len(receipts) > 0 {
		t.Errorf("forgotten again: %v, %v, want nothing left to do", receipts, err)
	}
}

// A cursor in the middle of a list names the object it stands at. If that is a
// forgotten one the cursor is kept without its id, and the next run goes on from
// there all the same.
func TestCursorNamesNobodyForgotten(t *testing.T) {
	t.Parallel()
	dir := small(t, map[string][]string{"acct_a": {`customers {"id":"cus_1"}`}})
	relist(t, dir)
	if _, err := laketest.Forget(t.Context(), dir, nil, "cus_1"); err != nil {
		t.Fatal(err)
	}
	broken := true
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		page := `{"object":"list","has_more":%t,"data":[{"id":%q,"object":"customer","created":%d,"livemode":false,"balance":0}]}`
		switch after := r.FormValue("starting_after"); {
		case r.URL.Path == "/v1/account":
			fmt.Fprint(w, `{"id":"acct_a","object":"account"}`)
		case r.URL.Path == "/v1/events", r.FormValue("created[gte]") > "1700000000": // what is new
			fmt.Fprint(w, `{"object":"list","has_more":false,"data":[]}`)
		case after == "" && r.FormValue("created[lt]") != "1700000001": // the first page
			fmt.Fprintf(w, page, true, "cus_1", 1700000000)
		case after == "" || after == "cus_1" && !broken:
			fmt.Fprintf(w, page, false, "cus_2", 1600000000)
		case after == "cus_1":
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprint(w, `{"error":{"type":"invalid_request_error","message":"broken"}}`)
		default:
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprint(w, `{"error":{"type":"invalid_request_error","code":"resource_missing","param":"starting_after"}}`)
		}
	}))
	t.Cleanup(server.Close)
	sync := laketest.NewSync(dir, server.URL, nil)
	sync.Resources = []string{"customers"}
	if _, err := sync.Run(t.Context()); pipeline.ExitCode(err) != 3 {
		t.Fatalf("the server broke off the list: %v", err)
	}
	if found := laketest.Look(t, dir, []string{"cus_1"}); len(found) > 0 {
		t.Errorf("an interrupted sync kept the id: %v", found)
	}
	cursor, err := os.ReadFile(filepath.Join(dir, "raw", "acct_a", "customers", "cursor.json"))
	if err != nil || strings.Contains(string(cursor), "cus_1") || !strings.Contains(string(cursor), "forgotten") {
		t.Errorf("cursor %s, %v", cursor, err)
	}
	broken = false
	sync = laketest.NewSync(dir, server.URL, nil)
	sync.Resources = []string{"customers"}
	if _, err := sync.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := laketest.RawObjects(t, dir)["customers"]; len(got) != 1 || !strings.Contains(got[0], "cus_2") {
		t.Errorf("customers %v, want cus_2 alone", got)
	}
}

// small makes a lake of a few charges in the given accounts, without Stripe.
func small(t *testing.T, objects map[string][]string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "lake")
	s := laketest.NewSync(dir, "http://127.0.0.1:1", nil)
	if s.Err != nil {
		t.Fatal(s.Err)
	}
	for account, lines := range objects {
		if err := s.Lake.Remember(account, false); err != nil {
			t.Fatal(err)
		}
		log, err := s.Lake.OpenLog(t.Context(), account)
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range lines {
			stream, object, _ := strings.Cut(line, " ")
			var id struct{ ID string }
			if err := json.Unmarshal([]byte(object), &id); err != nil {
				t.Fatal(err)
			}
			if _, err := log.Append(t.Context(), stream, []load.Raw{{ID: id.ID, Origin: "list", Object: []byte(object)}}, `{"v":1,"high":9}`); err != nil {
				t.Fatal(err)
			}
		}
		if err := log.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// Each mistake is refused before anything is changed, with what to do.
func TestForgetRefuses(t *testing.T) {
	t.Parallel()
	dir := small(t, map[string][]string{
		"acct_a": {`customers {"id":"cus_1"}`, `charges {"id":"ch_1","customer":"42"}`},
		"acct_b": {`customers {"id":"cus_1"}`},
	})
	account := func(name string) func(*pipeline.Forget) {
		return func(f *pipeline.Forget) { f.Account, f.DryRun = name, true }
	}
	for _, tc := range []struct {
		name      string
		change    func(*pipeline.Forget)
		customers []string
		want      string // of the error; empty is none
		code      int
	}{
		{"nobody named", nil, nil, "name at least one customer", 2},
		{"unknown", nil, []string{"cus_9"}, "no object of the lake is or names the customer cus_9", 2},
		{"one of two unknown", nil, []string{"42", "cus_9"}, "cus_9", 2},
		{"in two accounts", nil, []string{"cus_1"}, "accounts acct_a, acct_b each have a customer cus_1: choose one with --account", 2},
		{"no such account", account("acct_c"), []string{"cus_1"}, "the lake has no account acct_c", 2},
		{"not in that account", account("acct_b"), []string{"42"}, "no object of the lake", 2},
		{"chosen", account("acct_b"), []string{"cus_1"}, "", 0},
		{"an id of one's own, only referred to", account(""), []string{"42"}, "", 0},
	} {
		receipts, err := laketest.Forget(t.Context(), dir, tc.change, tc.customers...)
		if tc.want == "" && (err != nil || len(receipts) != 1) {
			t.Errorf("%s: %d receipts, %v", tc.name, len(receipts), err)
		}
		if tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)) || pipeline.ExitCode(err) != tc.code {
			t.Errorf("%s: exit %d, %v, want exit %d, %q", tc.name, pipeline.ExitCode(err), err, tc.code, tc.want)
		}
	}
	for _, name := range []string{"forgotten.json", "receipts", "forget.json"} {
		if _, err := os.Stat(filepath.Join(dir, name)); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("a refused erasure left %s", name)
		}
	}
	s := laketest.NewSync(dir, "http://127.0.0.1:1", nil)
	log, err := s.Lake.OpenLog(t.Context(), "acct_b")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = log.Close() }()
	if _, err := laketest.Forget(t.Context(), dir, account("acct_a"), "42"); err != nil {
		t.Errorf("a dry run needs no lock: %v", err)
	}
	if _, err := laketest.Forget(t.Context(), dir, nil, "42"); pipeline.ExitCode(err) != 75 || !strings.Contains(err.Error(), "log of acct_b is in use by process") {
		t.Errorf("with a log in use: exit %d, %v", pipeline.ExitCode(err), err)
	}
}

// Old versions, expanded references, events and further ids lead to the whole;
// what is somebody else's stays, and is counted if it names an erased id.
func TestForgetFollowsReferences(t *testing.T) {
	t.Parallel()
	dir := small(t, map[string][]string{"acct_a": {
		`customers {"id":"cus_1"}`,
		`customers {"id":"cus_2","metadata":{"referred_by":"see /customers/cus_1/x"}}`,
		`charges {"id":"ch_1","customer":{"id":"cus_1"},"payment_intent":"pi_1","balance_transaction":"txn_1","dispute":"dp_1"}`,
		`charges {"id":"ch_1","customer":null,"failure_balance_transaction":{"id":"txn_2"},"refunds":{"data":[{"id":"re_3"}]}}`,
		`charges {"id":"ch_4","customer":null,"balance_transaction":"txn_7"}`, // whose it is, the next version says
		`charges {"id":"ch_4","customer":"cus_1"}`,
		`charges {"id":"ch_2","customer":"cus_2"}`,
		`charges {"id":"ch_3","customer":"cus_10"}`,
		`refunds {"id":"re_1","charge":{"id":"ch_1"},"balance_transaction":"txn_3"}`,
		`refunds {"id":"re_2","charge":null,"payment_intent":"pi_1"}`,
		`refunds {"id":"re_3"}`,
		`refunds {"id":"re_4","charge":"ch_2"}`,
		`balance_transactions {"id":"txn_1","source":null}`,
		`balance_transactions {"id":"txn_2","source":null}`,
		`balance_transactions {"id":"txn_3","source":null}`,
		`balance_transactions {"id":"txn_4","source":{"id":"re_2"}}`,
		`balance_transactions {"id":"txn_5","source":"dp_1"}`,
		`balance_transactions {"id":"txn_6","source":"po_1"}`,
		`balance_transactions {"id":"txn_7","source":null}`,
		`subscriptions {"id":"sub_1","customer":"cus_1"}`,
		`prices {"id":"price_1","nickname":"for cus_1"}`,
		`events {"id":"evt_1","data":{"object":{"id":"cus_1"}}}`,
		`events {"id":"evt_2","data":{"object":{"id":"in_1","customer":"cus_1"}}}`,
		`events {"id":"evt_3","data":{"object":{"id":"dp_1","charge":"ch_1"}}}`,
		`balance_transactions {"id":"txn_8","source":"dp_0"}`, // of a dispute that only an event tells of
		`balance_transactions {"id":"txn_9","source":"dp_2"}`, // of somebody else's
		`events {"id":"evt_4","data":{"object":{"id":"ch_2","customer":"cus_2"}}}`,
		`events {"id":"evt_6","data":{"object":{"id":"dp_0","object":"dispute","charge":"ch_1"}}}`,
		`events {"id":"evt_7","data":{"object":{"id":"dp_2","object":"dispute","charge":"ch_2"}}}`,
		`events {"id":"evt_5","data":{"object":"odd"}}`,
	}})
	receipts, err := laketest.Forget(t.Context(), dir, nil, "cus_1")
	if err != nil {
		t.Fatal(err)
	}
	want := load.Receipt{
		Erased: []load.Erased{
			{Account: "acct_a", Stream: "customers", Objects: 1, Versions: 1, Segments: 1},
			{Account: "acct_a", Stream: "charges", Objects: 2, Versions: 4, Segments: 4},
			{Account: "acct_a", Stream: "subscriptions", Objects: 1, Versions: 1, Segments: 1},
			{Account: "acct_a", Stream: "refunds", Objects: 3, Versions: 3, Segments: 3},
			{Account: "acct_a", Stream: "balance_transactions", Objects: 7, Versions: 7, Segments: 7},
			{Account: "acct_a", Stream: "events", Objects: 4, Versions: 4, Segments: 4},
		},
		Mentions: []load.Mentioned{
			{Account: "acct_a", Stream: "customers", Objects: 1},
			{Account: "acct_a", Stream: "prices", Objects: 1},
		},
	}
	got := load.Receipt{Erased: receipts[0].Erased, Mentions: receipts[0].Mentions}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("receipt (-want +got):\n%s", diff)
	}
	kept, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(receipts[0].Path)))
	if err != nil || strings.Contains(string(kept), "cus_") || !strings.Contains(string(kept), `"finished"`) {
		t.Errorf("receipt: %v\n%s", err, kept)
	}
}

// The money of every dispute of a forgotten person's charges goes and stays
// away, not only of the newest, which is the one that a charge names.
func TestForgottenDisputesStayOut(t *testing.T) {
	t.Parallel()
	at := time.Date(2025, 5, 10, 9, 0, 0, 0, time.UTC)
	moved := func(id, source, category string, on time.Time) string {
		return laketest.Sent("balance_transaction", id, on, fmt.Sprintf(
			`"source":%q,"reporting_category":%q,"type":"adjustment","amount":-100,"fee":0,"net":-100,"currency":"usd","status":"available","available_on":%d,"fee_details":[]`,
			source, category, on.Unix()))
	}
	disputed := func(id, dispute, charge string, on time.Time) string {
		return laketest.Event(id, "charge.dispute.created", on, fmt.Sprintf(`{"id":%q,"object":"dispute","charge":%q}`, dispute, charge))
	}
	charge := func(id, customer, dispute string, on time.Time) string {
		return laketest.Paid(id, on, fmt.Sprintf(`"customer":%q,"dispute":%q,"balance_transaction":"txn_%s"`, customer, dispute, id[3:]))
	}
	objects := []string{
		charge("ch_ada", "cus_ada", "du_2", at), charge("ch_bo", "cus_bo", "du_4", at),
		moved("txn_ada", "ch_ada", "charge", at), moved("txn_bo", "ch_bo", "charge", at),
		moved("txn_1", "du_1", "dispute", at), moved("txn_2", "du_2", "dispute", at),
		moved("txn_3", "du_3", "dispute", at), moved("txn_4", "du_4", "dispute", at),
	}
	s := laketest.NewScene(t, laketest.Recorded(t, 1, laketest.Noon, objects...))
	s.Sync()
	now := laketest.Noon
	goesOn := func(more ...string) {
		objects = append(objects, more...)
		now = now.Add(time.Hour)
		s.Becomes(laketest.Recorded(t, 1, now.Add(time.Hour), objects...))
		s.Sync()
	}
	soon := func() time.Time { return now.Add(90 * time.Minute) } // after the sync before, and ahead of the next
	goesOn(disputed("evt_1", "du_1", "ch_ada", soon()), disputed("evt_3", "du_3", "ch_bo", soon()))
	if _, err := laketest.Forget(t.Context(), s.Lake, nil, "cus_ada"); err != nil {
		t.Fatal(err)
	}
	const left = "SELECT id FROM balance_transactions ORDER BY id"
	s.Expect("after the erasure", left, "txn_3", "txn_4", "txn_bo")
	s.Expect("known disputes", "SELECT dispute_id FROM meta.dispute_charges ORDER BY ALL", "du_3", "du_4")
	goesOn(moved("txn_1_back", "du_1", "dispute_reversal", soon()), moved("txn_3_back", "du_3", "dispute_reversal", soon()))
	s.Expect("what came since", left, "txn_3", "txn_3_back", "txn_4", "txn_bo")

	// A new charge of hers, disputed twice: the event of the dispute comes before
	// the one that says whose charge it is.
	new1, new2 := soon(), soon().Add(time.Minute)
	goesOn(charge("ch_new", "cus_ada", "du_6", new1), disputed("evt_5", "du_5", "ch_new", new2),
		laketest.Event("evt_4", "charge.succeeded", new1, `{"id":"ch_new","object":"charge","customer":"cus_ada"}`))
	goesOn(moved("txn_5", "du_5", "dispute", soon()), moved("txn_6", "du_6", "dispute", soon()), moved("txn_7", "du_4", "dispute", soon()))
	s.Expect("what came of a new charge", left, "txn_3", "txn_3_back", "txn_4", "txn_7", "txn_bo")
}

// A receipt counts as foreign what stripelake did not make, and nothing else.
func TestReceiptKnowsItsOwnFiles(t *testing.T) {
	t.Parallel()
	ann := laketest.Sent("customer", "cus_ann", laketest.Noon.Add(-time.Hour), `"email":"ann@example.com"`)
	for foreign, want := range map[string]string{"": "", "notes.txt": "1 files or folders in the lake that stripelake did not make"} {
		s := laketest.NewScene(t, laketest.Recorded(t, 1, laketest.Noon, ann, laketest.Sent("customer", "cus_bob", laketest.Noon.Add(-2*time.Hour))))
		s.Sync("customers")
		if foreign != "" {
			if err := os.WriteFile(filepath.Join(s.Lake, foreign), nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		for _, id := range []string{"cus_ann", "cus_bob"} { // with the first one's files beside it
			receipts, err := laketest.Forget(t.Context(), s.Lake, nil, id)
			if err != nil {
				t.Fatal(err)
			}
			said := ""
			for _, line := range receipts[0].Unchecked {
				if strings.Contains(line, "did not make") {
					said = line
				}
			}
			if said != want {
				t.Errorf("%q: it says %q", foreign, said)
			}
		}
	}
}
