package pipeline_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stripelake/stripelake/internal/pipeline/laketest"
	"github.com/stripelake/stripelake/internal/stripesim"
	"github.com/stripelake/stripelake/load"
)

// A history answers what was known on a day: as of each sync it holds exactly the
// rows that the tables had then, whatever was changed, deleted and brought back
// since. Derived again from the log it is the same.
func TestHistoryIsWhatWasKnown(t *testing.T) {
	t.Parallel()
	server := laketest.Shop(t, nil)
	s := laketest.NewScene(t, server.Handler())
	tables := laketest.NewSync(s.Lake, s.API, nil).Lake.Tables()
	type known struct {
		at   time.Time
		rows map[string][]string
	}
	var looks []known
	look := func() {
		s.Sync()
		k := known{server.Now(), map[string][]string{}}
		for _, table := range tables {
			k.rows[table] = s.Rows("SELECT t::VARCHAR FROM " + table + " t ORDER BY ALL")
		}
		looks = append(looks, k)
	}
	recall := func(when string) {
		t.Helper()
		for i, k := range looks {
			at := "TIMESTAMP '" + k.at.UTC().Format(time.DateTime) + "'"
			for _, table := range tables {
				got := s.Rows("SELECT t::VARCHAR FROM (SELECT * EXCLUDE (valid_from, valid_to) FROM " + table + "_history WHERE valid_from <= " + at +
					" AND (valid_to > " + at + " OR valid_to IS NULL)) t ORDER BY ALL")
				if diff := cmp.Diff(k.rows[table], got); diff != "" {
					t.Errorf("%s: %s as of sync %d (-then +recalled):\n%s", when, table, i, diff)
				}
			}
		}
	}
	look()
	for range laketest.Sample(2, 3) {
		for _, action := range []stripesim.Action{
			stripesim.UpdateCharge, stripesim.UpdateCustomer, stripesim.DeleteCustomer, stripesim.UpdateSubscription, stripesim.PartialRefund, stripesim.UpdateRefund,
		} {
			laketest.Act(t, server, action)
		}
		server.Advance(time.Hour)
		look()
	}
	if n := s.Rows("SELECT count(*) > 2 FROM charges_history WHERE valid_to IS NOT NULL UNION ALL SELECT count(*) > 0 FROM customers_history WHERE deleted"); n[0] != "true" || n[1] != "true" {
		t.Fatalf("too little happened: %v", n)
	}
	recall("live")
	if findings := laketest.Verify(t, s.Lake, true); len(findings) > 0 {
		t.Errorf("findings: %v", findings)
	}
	if _, err := laketest.NewSync(s.Lake, s.API, func(o *load.Options) { o.Anew = true }).Rebuild(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	recall("derived again")
	// Derived beside: the refunds have a column more now, the others are carried over.
	if _, err := laketest.NewEditedSync(s.Lake, s.API, nil).Rebuild(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	tables = slices.DeleteFunc(tables, func(table string) bool { return table == "refunds" })
	recall("carried over")
	if n := s.Rows("SELECT count(*) > 0 AND count(reason_code) = count(reason) FROM refunds_history WHERE valid_to IS NOT NULL"); n[0] != "true" {
		t.Error("the refunds' history was not derived again")
	}
}
