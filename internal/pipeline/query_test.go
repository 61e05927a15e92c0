package pipeline_test

import (
	"bytes"
	"path/filepath"
	"testing"

	"github.com/stripelake/stripelake/internal/pipeline/laketest"
	"github.com/stripelake/stripelake/internal/stripesim"
	"github.com/stripelake/stripelake/load"
	"github.com/stripelake/stripelake/load/query"
)

// TestQueryDuringSync holds that a query reads the generation that was linked
// when it was asked, whatever a sync is doing, and does not wait for it.
// (Invariant 7.)
func TestQueryDuringSync(t *testing.T) {
	t.Parallel()
	server := laketest.Shop(t, func(c *stripesim.Config) { c.Charges = 60 })
	api, lake := laketest.Serve(t, server), filepath.Join(t.TempDir(), "lake")
	if err := laketest.Run(laketest.NewSync(lake, api, nil)); err != nil {
		t.Fatal(err)
	}
	ask := func() *query.Query {
		q, err := query.Ask(t.Context(), lake, query.Question{SQL: "SELECT count(*) AS n, max(seq) AS newest FROM (SELECT max(_seq) AS seq FROM charges GROUP BY id)"})
		if err != nil {
			t.Fatal(err)
		}
		return q
	}
	answer := func(q *query.Query) string {
		var b bytes.Buffer
		if err := q.Write(t.Context(), &b, query.CSV); err != nil {
			t.Error(err)
		}
		if err := q.Close(); err != nil {
			t.Error(err)
		}
		return b.String()
	}
	before, early := answer(ask()), ask()
	changeSomething(t, server, 0)
	during := map[string]string{}
	at := func(moment string) func() { return func() { during[moment] = answer(ask()) } }
	err := laketest.Run(laketest.NewSync(lake, api, func(o *load.Options) {
		o.Trace.BatchStaged, o.Trace.BeforeCommit, o.Trace.WarehouseCopied = at("staged"), at("merged"), at("copied")
		o.Trace.GenerationReady, o.Trace.GenerationLinked = at("ready"), at("linked")
	}))
	if err != nil {
		t.Fatal(err)
	}
	after := answer(ask())
	if before == after {
		t.Fatalf("the sync changed nothing: %s", after)
	}
	for _, moment := range []string{"staged", "merged", "copied", "ready", "linked"} {
		want := before
		if moment == "linked" {
			want = after
		}
		if during[moment] != want {
			t.Errorf("%s: %q, want %q", moment, during[moment], want)
		}
	}
	if late := answer(early); late != before {
		t.Errorf("asked before the sync, answered after it: %q, want %q", late, before)
	}
}
