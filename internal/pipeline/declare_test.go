package pipeline_test

import (
	"errors"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stripelake/stripelake/extract"
	"github.com/stripelake/stripelake/internal/pipeline"
	"github.com/stripelake/stripelake/internal/pipeline/laketest"
	"github.com/stripelake/stripelake/internal/stripesim"
	"github.com/stripelake/stripelake/load"
	"github.com/stripelake/stripelake/schemas"
)

// change is one edit of a file of the shipped set. A file that the set lacks is
// added.
type change struct{ file, old, new string }

// setWith is the shipped set with edits; nil for none.
func setWith(t *testing.T, edits ...change) *schemas.Set {
	t.Helper()
	if edits == nil {
		return nil
	}
	shipped, err := schemas.Load(schemas.Embedded())
	if err != nil {
		t.Fatal(err)
	}
	files := shipped.Files()
	for _, e := range edits {
		if !strings.Contains(files[e.file], e.old) {
			t.Fatalf("%s does not hold %q", e.file, e.old)
		}
		files[e.file] = strings.Replace(files[e.file], e.old, e.new, 1)
	}
	set, err := schemas.LoadFiles(files)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

const (
	customerFields  = "stripe/customer.yaml"
	customerMapping = "mappings/stripe/customer.yaml"
)

// privacy replaces the policy.
func privacy(text string) change { return change{"privacy.yaml", "pii: keep\n", text + "\n"} }

// column adds one to customers.
func column(declared, mapped string) []change {
	return []change{{customerFields, "\nfields:\n", "\nfields:\n  " + declared + "\n"}, {customerMapping, "\nfields:\n", "\nfields:\n  " + mapped + "\n"}}
}

// A keeper is a lake that declares its schemas, worked on as the command does.
type keeper struct {
	t       *testing.T
	dir     string
	api     string
	notices []string
}

// declare finds out what a run goes by, and records it as that does.
func (k *keeper) declare(d pipeline.Declare) (*pipeline.Declaration, *load.Lake, error) {
	k.t.Helper()
	lake, err := load.Open(k.dir, load.Options{Mode: "test"})
	if err != nil {
		k.t.Fatal(err)
	}
	d.Lake, d.Command = lake, "sync"
	declaration, err := d.Run(k.t.Context())
	if err != nil {
		return nil, nil, err
	}
	return declaration, lake.Using(pipeline.LakeOptions(declaration.Set, "")), nil
}

func (k *keeper) event(e pipeline.Event) {
	if e.Event == pipeline.EventNotice {
		k.notices = append(k.notices, e.Message)
	}
}

// sync is `sync`, with --schemas if a set is given.
func (k *keeper) sync(given *schemas.Set) error {
	k.t.Helper()
	declaration, lake, err := k.declare(pipeline.Declare{Given: given})
	if err != nil {
		return err
	}
	client, err := extract.New(extract.Config{Key: laketest.Key, BaseURL: k.api, MaxRPS: 100_000})
	if err != nil {
		k.t.Fatal(err)
	}
	s := pipeline.Sync{Source: pipeline.Source{Client: client}, Mappings: declaration.Mappings, Redactors: declaration.Redactors, Declaration: declaration, Lake: lake, OnEvent: k.event}
	_, err = s.Run(k.t.Context())
	return err
}

// rebuild is `rebuild`, with --schemas if a set is given.
func (k *keeper) rebuild(given *schemas.Set) error {
	k.t.Helper()
	declaration, lake, err := k.declare(pipeline.Declare{Given: given, Derive: true})
	if err != nil {
		return err
	}
	r := pipeline.Rebuild{Mappings: declaration.Mappings, Declaration: declaration, Lake: lake, OnEvent: k.event}
	_, err = r.Run(k.t.Context())
	return err
}

// do fails the test where a step does.
func (k *keeper) do(err error) {
	k.t.Helper()
	if err != nil {
		k.t.Fatal(err)
	}
}

// declared is the version in force.
func (k *keeper) declared() *load.Declared {
	k.t.Helper()
	d, err := load.ReadDeclared(k.dir)
	if err != nil || d == nil {
		k.t.Fatalf("nothing is declared: %v", err)
	}
	return d
}

// said reports whether a notice since the last call holds a text.
func (k *keeper) said(text string) bool {
	all := strings.Join(k.notices, "\n")
	k.notices = nil
	return strings.Contains(all, text)
}

// emails reports whether e-mail addresses are published in the clear.
func (k *keeper) emails() bool {
	k.t.Helper()
	return k.text("SELECT count(*) FILTER (email LIKE '%@%') > 0 FROM customers") == "true"
}

// text is the one value that a query of the warehouse answers.
func (k *keeper) text(query string) (value string) {
	k.t.Helper()
	if err := laketest.Warehouse(k.t, k.dir).QueryRowContext(k.t.Context(), query).Scan(&value); err != nil {
		k.t.Fatal(err)
	}
	return value
}

func newKeeper(t *testing.T) *keeper {
	t.Helper()
	return &keeper{t: t, dir: filepath.Join(t.TempDir(), "lake"), api: laketest.Serve(t, laketest.Shop(t, nil))}
}

// notUnderRace leaves a test out where the race detector runs.
func notUnderRace(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("nothing here runs side by side: not for the race detector")
	}
}

// A lake goes by the set that it was given first, whatever of it is lost: no
// later command needs a flag.
func TestLakeKeepsItsSchemas(t *testing.T) {
	t.Parallel()
	notUnderRace(t)
	k := newKeeper(t)
	hashed := setWith(t, privacy("pii: hash"))
	k.do(k.sync(hashed))
	if !k.said("keeps these schemas from now on") || k.emails() {
		t.Error("the lake did not adopt the set")
	}
	for what, lose := range map[string]func() error{
		"nothing":         func() error { return nil },
		"the state":       func() error { return os.RemoveAll(filepath.Join(k.dir, ".state")) },
		"lake.json":       func() error { return os.Remove(filepath.Join(k.dir, "lake.json")) },
		"the generations": func() error { return os.RemoveAll(filepath.Join(k.dir, ".state", "generations")) },
	} {
		k.do(lose())
		k.do(k.sync(nil))
		if k.emails() {
			t.Errorf("without %s the names are published", what)
		}
		k.do(k.rebuild(nil))
		if k.emails() {
			t.Errorf("without %s a rebuild publishes the names", what)
		}
	}
	if d := k.declared(); d.Shipped || d.Version != 1 {
		t.Errorf("version %d, shipped %t", d.Version, d.Shipped)
	}

	// The file itself is lost: what the tables were made with is in force, or nothing.
	file := filepath.Join(k.dir, "schemas", "000001.json")
	k.do(os.WriteFile(file, []byte(`{"version": 1, "files": {}}`), 0o600))
	k.do(k.sync(nil))
	if d := k.declared(); !k.said("is missing or damaged") || k.emails() || d.Version != 2 || d.Shipped {
		t.Errorf("version %d, shipped %t", d.Version, d.Shipped)
	}
	k.do(os.Remove(filepath.Join(k.dir, "schemas", "000002.json")))
	k.do(os.RemoveAll(filepath.Join(k.dir, ".state")))
	if err := k.sync(nil); !errors.As(err, new(*pipeline.UsageError)) || !strings.Contains(err.Error(), "--schemas DIR") {
		t.Errorf("nothing tells what was in force: %v", err)
	}
	if _, err := os.Stat(filepath.Join(k.dir, "current", "warehouse.duckdb")); err == nil {
		t.Error("something is published all the same")
	}
	k.do(k.sync(hashed))
	if k.emails() {
		t.Error("the set given once is not in force")
	}
}

// A set given to a lake that has one waits, but for what it blanks.
func TestGivenSetWaits(t *testing.T) {
	t.Parallel()
	notUnderRace(t)
	k := newKeeper(t)
	k.do(k.sync(nil))
	if d := k.declared(); !d.Shipped || len(d.RawRedact) > 0 {
		t.Errorf("shipped %t, blanked %q", d.Shipped, d.RawRedact)
	}
	blanking := setWith(t, privacy("pii: hash\nraw_redact: [customer.phone]"))
	k.do(k.sync(blanking))
	if !k.said("customers (changed)") || !k.emails() {
		t.Error("the set did not wait")
	}
	if d := k.declared(); !d.Shipped || !slices.Equal(d.RawRedact, []string{"customer.phone"}) {
		t.Errorf("shipped %t, blanked %q", d.Shipped, d.RawRedact)
	}
	k.do(k.sync(nil))
	k.do(k.rebuild(blanking))
	if d := k.declared(); d.Shipped || k.emails() || d.Base == nil {
		t.Errorf("shipped %t", d.Shipped)
	}
	// Marts, titles and comments wait for nothing.
	mart := setWith(t, privacy("pii: hash\nraw_redact: [customer.phone]"), change{"marts/payments.sql", "-- ", "-- Ours. "})
	k.do(k.sync(mart))
	if d := k.declared(); d.Version != 4 || !maps.Equal(d.Files, mart.Files()) {
		t.Errorf("version %d", d.Version)
	}
	// A version that a crash left unnamed is none.
	k.do(os.WriteFile(filepath.Join(k.dir, "schemas", "000005.json"), []byte("{"), 0o600))
	k.do(k.rebuild(setWith(t, privacy("pii: drop\nraw_redact: [customer.phone]"))))
	if d := k.declared(); d.Version != 5 {
		t.Errorf("version %d", d.Version)
	}
}

// The doctor says which schemas a lake keeps, what of the shipped ones changed
// since its own were copied, and that they are lost.
func TestDoctorLooksAtSchemas(t *testing.T) {
	t.Parallel()
	k := &keeper{t: t, dir: filepath.Join(t.TempDir(), "lake")}
	now, err := schemas.ShippedSums()
	k.do(err)
	base := maps.Clone(now)
	base["stripe/refund.yaml"] = "another"
	own := setWith(t, privacy("pii: hash"), change{"stripe/refund.yaml", "schema:", "# Ours.\nschema:"})
	declaration, _, err := k.declare(pipeline.Declare{Given: own, Base: base})
	k.do(err)
	k.do(declaration.Record(func(string) {}))
	laketest.CheckFindings(t, diagnose(t, k.dir), "warning schemas: changed in the program since it was copied: stripe/refund.yaml; compare")
	// Something was read by then, and the author has looked at what changed.
	k.api = laketest.Serve(t, laketest.Shop(t, nil))
	k.do(k.sync(nil))
	base["stripe/refund.yaml"] = now["stripe/refund.yaml"]
	declaration, _, err = k.declare(pipeline.Declare{Given: own, Base: base})
	k.do(err)
	k.do(declaration.Record(func(string) {}))
	laketest.CheckFindings(t, diagnose(t, k.dir))
	k.do(os.Remove(filepath.Join(k.dir, "schemas", "000002.json")))
	laketest.CheckFindings(t, diagnose(t, k.dir), "problem schemas: restore it from a backup")
}

// What shows more than the lake does is refused, by what it shows and not by how
// it is written, unless somebody consents.
func TestWeakerPrivacyNeedsConsent(t *testing.T) {
	t.Parallel()
	notUnderRace(t)
	const name = `where it is kept apart from the business."`
	hashed, dropped := []change{privacy("pii: hash")}, []change{privacy("pii: drop")}
	blanked := []change{privacy("pii: keep\nraw_redact: [customer.phone, charge.shipping]")}
	for _, tc := range laketest.SampledList([]struct {
		name   string
		before []change
		after  []change
		want   string // what is refused; empty for nothing
		expose string // what allows it
	}{
		{"the same", hashed, hashed, "", ""},
		{"stricter", hashed, dropped, "", ""},
		{"a policy taken back", hashed, []change{privacy("pii: keep")}, "charge.billing_details", "charge customer refund"},
		{"a dropped field is hashed", dropped, hashed, "", ""},
		{"one field kept", dropped, []change{privacy("pii: drop\nfields: {customers.email: keep}")}, "customer.email in customers.email", "customer.email"},
		{"a label removed", hashed, append(hashed, change{customerFields, name + ", label: pii", name}), "customer.individual_name in customers.individual_name", "customer.individual_name"},
		{"a second column", hashed, append(hashed, column("contact: {type: string, title: Contact}", "contact: lower(email)")...), "customer.email in customers.contact", "customer.email"},
		{"the same through a name", hashed, append(hashed, append(column("contact: {type: string, title: Contact}", "contact: who"), change{customerMapping, "\nlet:\n", "\nlet:\n  who: email\n"})...), "customer.email in customers.contact", "customer"},
		{"an object around it", hashed, append(hashed, column("place: {type: json, title: Place}", "place: json(address)")...), "customer.address in customers.place", "customer.address"},
		{"whether there is one", hashed, append(hashed, column("reachable: {type: boolean, title: Reachable}", "reachable: email != nil")...), "", ""},
		{"a path that no table had", hashed, append(hashed, column("source: {type: string, title: Source}", "source: object")...), "", ""},
		{"a lake that keeps everything", []change{{"marts/payments.sql", "-- ", "-- Ours. "}}, column("contact: {type: string, title: Contact}", "contact: lower(email)"), "", ""},
		{"no longer blanked", blanked, []change{privacy("pii: keep\nraw_redact: [customer.phone]")}, "charge.shipping in the raw log", "charge.shipping"},
		{"a column of what is blanked", blanked, append(blanked, column("mobile: {type: string, title: Mobile}", "mobile: lower(phone)")...), "customer.phone in customers.mobile", "customer.phone"},
		{"a column of what is shown already", blanked, append(blanked, column("mobile: {type: string, title: Mobile}", "mobile: phone")...), "", ""},
	}) {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			k := &keeper{t: t, dir: filepath.Join(t.TempDir(), "lake")}
			declaration, lake, err := k.declare(pipeline.Declare{Given: setWith(t, tc.before...)})
			k.do(err)
			k.do(declaration.Record(func(string) {}))
			// Something was read into it.
			k.do(lake.Remember("acct_1", false))
			log, err := lake.OpenLog(t.Context(), "acct_1")
			k.do(err)
			_, err = log.Append(t.Context(), "customers", []load.Raw{{ID: "cus_1", Object: []byte(`{"id":"cus_1"}`)}}, "{}")
			k.do(errors.Join(err, log.Close()))

			again := pipeline.Declare{Given: setWith(t, tc.after...), Derive: true}
			_, _, err = k.declare(again)
			switch {
			case tc.want == "" && err != nil:
				t.Fatalf("refused: %v", err)
			case tc.want == "":
				return
			case !errors.As(err, new(*pipeline.UsageError)) || !strings.Contains(err.Error(), tc.want):
				t.Fatalf("not refused for %s: %v", tc.want, err)
			}
			again.Expose = []string{"refund", "customer.emai"}
			if _, _, err := k.declare(again); err == nil {
				t.Error("consent to something else is taken for it")
			}
			again.Expose = strings.Fields(tc.expose)
			declaration, _, err = k.declare(again)
			k.do(err)
			k.do(declaration.Record(func(string) {}))
			want := strings.Fields(tc.want)[0]
			if kept := k.declared(); !slices.ContainsFunc(kept.Exposed, func(path string) bool { return strings.HasPrefix(path, want) }) {
				t.Errorf("recorded: %q", kept.Exposed)
			}
			// It stands: the next run asks for nothing.
			again.Expose = nil
			if _, _, err := k.declare(again); err != nil {
				t.Errorf("asked for again: %v", err)
			}
		})
	}
}

// A stricter policy leaves nothing of the weaker one readable, and says so; a
// run that was killed before it did leaves it to the next.
func TestStricterPolicyTakesOlderGenerations(t *testing.T) {
	t.Parallel()
	notUnderRace(t)
	k := newKeeper(t)
	k.do(k.sync(setWith(t, change{"marts/payments.sql", "-- ", "-- Ours. "})))
	generations := func() []string {
		found, err := filepath.Glob(filepath.Join(k.dir, ".state", "generations", "*"))
		k.do(err)
		return found
	}
	old := filepath.Join(k.dir, ".state", "generations", "000001")
	kept := filepath.Join(t.TempDir(), "kept")
	k.do(os.CopyFS(kept, os.DirFS(old)))
	k.do(k.rebuild(setWith(t, privacy("pii: drop"))))
	if len(generations()) != 1 || !k.said("older generations that show what is hidden now are removed, 1 of them: charge.billing_details") {
		t.Errorf("left: %q", generations())
	}
	k.do(os.CopyFS(old, os.DirFS(kept)))
	k.do(k.sync(nil))
	if len(generations()) != 1 {
		t.Errorf("after a kill: %q", generations())
	}
	// The same policy takes nothing.
	k.do(k.rebuild(setWith(t, append([]change{privacy("pii: drop")}, column("source: {type: string, title: Source}", "source: object")...)...)))
	if len(generations()) != 2 {
		t.Errorf("left: %q; said %q", generations(), k.notices)
	}
}

// A rebuild that is to hide something and is killed is finished by the next sync:
// the lake goes by what it declares.
func TestStricterRebuildIsFinishedBySync(t *testing.T) {
	t.Parallel()
	notUnderRace(t)
	k := newKeeper(t)
	k.do(k.sync(nil))
	hashed := setWith(t, privacy("pii: hash"))
	declaration, _, err := k.declare(pipeline.Declare{Given: hashed, Derive: true})
	k.do(err)
	k.do(declaration.Record(func(string) {})) // and here it is killed
	k.do(k.sync(nil))
	if k.emails() {
		t.Error("what the lake hides is published")
	}
	// An edit that hides nothing more waits for a rebuild, killed or not.
	edited := setWith(t, append([]change{privacy("pii: hash")}, column("source: {type: string, title: Source}", "source: object")...)...)
	declaration, _, err = k.declare(pipeline.Declare{Given: edited, Derive: true})
	k.do(err)
	k.do(declaration.Record(func(string) {}))
	k.do(k.sync(nil))
	if !k.said("the old ones stay in use") {
		t.Error("it was derived without being asked")
	}
}

// A generation that does not record its set, as in early versions, is removed
// where anything is hidden, and stays in a lake that keeps everything.
func TestGenerationThatDoesNotTellItsSet(t *testing.T) {
	t.Parallel()
	notUnderRace(t)
	for name, tc := range map[string]struct {
		policy string
		left   int
	}{"keeps everything": {"pii: keep", 2}, "hides something": {"pii: hash", 1}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k := newKeeper(t)
			k.do(k.sync(nil))
			k.do(os.Remove(filepath.Join(k.dir, ".state", "generations", "000001", "schemas.json")))
			k.do(k.rebuild(setWith(t, append([]change{privacy(tc.policy)}, column("source: {type: string, title: Source}", "source: object")...)...)))
			left, err := filepath.Glob(filepath.Join(k.dir, ".state", "generations", "*"))
			k.do(err)
			if len(left) != tc.left || k.said("are removed") != (tc.left == 1) {
				t.Errorf("left: %q", left)
			}
		})
	}
}

// Lakes of programs that kept no schemas are taken over by the first sync with
// what they were made with; Stripe is asked for what is new, and nothing else.
func TestTakeOver(t *testing.T) {
	laketest.Slow(t)
	t.Parallel()
	notUnderRace(t)
	business := func(now time.Time) http.Handler {
		server, err := stripesim.New(stripesim.Config{
			Seed: 11, Charges: 60, LongLists: true, Deletions: 100,
			From: time.Date(2025, 3, 1, 0, 0, 0, 0, time.UTC), To: time.Date(2025, 4, 15, 0, 0, 0, 0, time.UTC), Now: now,
		})
		if err != nil {
			t.Fatal(err)
		}
		return server.Handler()
	}
	lose := func(names ...string) func(dir string) error {
		return func(dir string) (err error) {
			for _, name := range names {
				err = errors.Join(err, os.RemoveAll(filepath.Join(dir, filepath.FromSlash(name))))
			}
			return err
		}
	}
	for i, tc := range []struct {
		name    string
		lake    string
		lose    func(dir string) error
		shipped bool
		blanked []string
		refused bool
	}{
		{name: "shipped", lake: "state-5", shipped: true},
		{name: "shipped, its state lost", lake: "state-5", lose: lose(".state/work.duckdb"), shipped: true},
		{name: "shipped, by an earlier version", lake: "state-3", shipped: true},
		{name: "shipped, killed", lake: "state-3-killed", shipped: true},
		{name: "from before there were policies", lake: "state-1", shipped: true},
		{name: "nothing tells", lake: "state-5", lose: lose(".state", "current"), refused: true},
		{name: "own", lake: "state-5-own", blanked: []string{"customer.phone"}},
		{name: "own, its state lost", lake: "state-5-own", lose: lose(".state/work.duckdb"), blanked: []string{"customer.phone"}},
		{name: "own, its generations lost", lake: "state-5-own", lose: lose(".state/generations", "current"), blanked: []string{"customer.phone"}},
		{name: "own, nothing tells", lake: "state-5-own", lose: lose(".state", "current"), refused: true},
	} {
		if i%6 != 0 && !laketest.Thorough() {
			continue
		}
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			stripe := business(time.Date(2025, 4, 10, 0, 0, 0, 0, time.UTC))
			var listed atomic.Int64
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				listed.Add(1)
				stripe.ServeHTTP(w, r)
			}))
			t.Cleanup(server.Close)
			k := &keeper{t: t, dir: filepath.Join(t.TempDir(), "lake"), api: server.URL}
			unpack(t, filepath.Join("..", "..", "testdata", "lakes", tc.lake+".tar.zst"), k.dir)
			if tc.lose != nil {
				k.do(tc.lose(k.dir))
			}
			err := k.sync(nil)
			if tc.refused {
				if !errors.As(err, new(*pipeline.UsageError)) || listed.Load() > 0 {
					t.Fatalf("%d requests: %v", listed.Load(), err)
				}
				if _, err := os.Stat(filepath.Join(k.dir, "current")); err == nil {
					t.Error("something is published")
				}
				k.do(k.sync(setWith(t, privacy("pii: hash"))))
				if k.emails() {
					t.Error("the set given is not in force")
				}
				return
			}
			k.do(err)
			first := listed.Swap(0)
			if first > 40 {
				t.Errorf("%d requests: everything was read again", first)
			}
			d := k.declared()
			if d.Shipped != tc.shipped || !slices.Equal(d.RawRedact, tc.blanked) || k.emails() != tc.shipped {
				t.Errorf("shipped %t, blanked %q, in the clear %t", d.Shipped, d.RawRedact, k.emails())
			}
			if tc.shipped {
				k.text("SELECT count(*)::VARCHAR FROM payments_unassigned") // a mart that came later
			}
			if !k.said("the lake keeps from now on what it was made with") {
				t.Error("it does not say what it took over")
			}
			if found := laketest.Verify(t, k.dir, false); len(found) > 0 {
				t.Errorf("verify: %q", found)
			}
			before := laketest.Digest(t, k.dir)
			k.do(k.rebuild(nil))
			if diff := cmp.Diff(before, laketest.Digest(t, k.dir)); diff != "" {
				t.Errorf("a rebuild makes other tables:\n%s", diff)
			}
		})
	}
}
