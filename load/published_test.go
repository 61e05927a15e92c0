package load

import (
	"bytes"
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stripelake/stripelake/load/internal/lakedir"
)

// ofCustomers renames the table of charges to that of customers.
func ofCustomers(o *Options) {
	s := chargeSchema()
	s.Table = "customers"
	o.Tables = []Table{{Schema: s, Streams: []string{"charge"}, Main: "charge"}, testTables()[1]}
}

// A generation names those of its customers who are on the list of the forgotten,
// whether they or the list came first. A list that has grown causes a publish, and so
// does a generation that does not name the lake's mode.
func TestGenerationNamesTheForgotten(t *testing.T) {
	t.Parallel()
	k := newLake(t, ofCustomers)
	list, err := k.Forgotten()
	if err != nil {
		t.Fatal(err)
	}
	add := func(id string) {
		t.Helper()
		if err := list.Add(t.Context(), acct, []string{id}); err != nil {
			t.Fatal(err)
		}
	}
	needs := func(want bool, after string) {
		t.Helper()
		if got, err := k.state.NeedsPublish(t.Context()); got != want || err != nil {
			t.Errorf("after %s it needs to be published: %t, %v", after, got, err)
		}
	}
	published := func(want ...string) {
		t.Helper()
		var got []string
		for _, c := range k.publish().Forgotten {
			got = append(got, c.Account+" "+c.ID)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("forgotten (-want +got):\n%s", diff)
		}
		needs(false, "a publish")
	}
	k.sync(charge("a", "new"), charge("b", "new"))
	published()
	add("a")
	needs(true, "the list has grown")
	published("acct_1 a")
	add("z")
	published("acct_1 a")
	k.sync(version{ID: "c", Day: "2024-03-01"})
	published("acct_1 a")
	k.sync(version{ID: "z", Day: "2024-02-01"}) // an unchanged list
	published("acct_1 a", "acct_1 z")
	k.state.InvalidatePublished()
	published("acct_1 a", "acct_1 z")

	g, _, ok := k.Generations().Manifest()
	if !ok || g.Mode != "test" || g.Summary == nil || g.Summary.Resources[0].Rows != 4 {
		t.Errorf("the generation says of itself %+v", g)
	}
	path := k.path("current", lakedir.ManifestName)
	text := bytes.Replace([]byte(mustRead(t, path)), []byte(`"mode": "test"`), []byte(`"mode": ""`), 1)
	if err := os.Chmod(path, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	needs(true, "it is as of an older version")
}

// The published records are the state's at the time of the publish.
func TestOpenPublished(t *testing.T) {
	t.Parallel()
	k := newLake(t)
	day := func(n int) time.Time { return time.Date(2025, 1, n, 0, 0, 0, 0, time.UTC) }
	want := []Coverage{
		{Account: acct, Resource: "charges", Through: day(9), AsOf: day(8), APIVersion: "v", Gaps: []Gap{{To: day(2)}, {From: day(3), To: day(4)}}},
		{Account: acct, Resource: "refunds", APIVersion: "v"},
	}
	if err := k.state.Runs().SetCoverage(t.Context(), acct, want); err != nil {
		t.Fatal(err)
	}
	if err := k.state.Runs().Begin(t.Context(), Run{ID: "run_1", Started: day(9), Command: "sync"}); err != nil {
		t.Fatal(err)
	}
	k.sync(charge("a", "new"))
	if _, err := OpenPublished(t.Context(), k.dir); err == nil {
		t.Error("nothing is published, and it was read")
	}
	k.publish()
	k.sync(charge("b", "new"))
	p, err := OpenPublished(t.Context(), k.dir)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, p.Coverage); diff != "" {
		t.Errorf("coverage (-want +got):\n%s", diff)
	}
	if p.LastRun == nil || p.LastRun.ID != "run_1" || p.LastRun.Outcome != "running" || p.Summary.Resources[0].Objects != 1 {
		t.Errorf("%+v, last run %+v", p.Summary, p.LastRun)
	}
}

// Invariant 7: whoever has the folder of what is published goes on reading that
// generation, whatever is published meanwhile.
func TestPublishedDirIsOneGeneration(t *testing.T) {
	t.Parallel()
	k := newLake(t)
	k.sync(charge("a", "new"))
	first := k.publish()
	dir, err := PublishedDir(k.dir)
	if err != nil {
		t.Fatal(err)
	}
	k.sync(charge("b", "new"))
	second := k.publish()
	if n, err := PublishedNumber(dir); n != first.Number || n == second.Number || err != nil {
		t.Errorf("generation %d is read where %d was, and %d is linked now; %v", n, first.Number, second.Number, err)
	}
}
