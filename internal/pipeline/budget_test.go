package pipeline_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/stripelake/stripelake/internal/pipeline/laketest"
	"github.com/stripelake/stripelake/internal/stripesim"
)

// A sync that finds nothing takes nine requests: one for the account, one for
// each list, one more for inactive prices, one for the events. The first one of a
// day looks back, in the events and the balance transactions. What changed
// costs one each, or less where changes lie close together.
func TestRequestsOfSmallSyncs(t *testing.T) {
	t.Parallel()
	from := time.Date(2025, 3, 1, 0, 0, 0, 0, time.UTC)
	server, err := stripesim.New(stripesim.Config{Charges: 1000, From: from, To: from.AddDate(0, 2, 0), Now: from.AddDate(0, 1, 0)})
	if err != nil {
		t.Fatal(err)
	}
	dir, api := filepath.Join(t.TempDir(), "lake"), laketest.Serve(t, server)
	sync := func() int {
		t.Helper()
		before := total(server)
		if err := laketest.Run(laketest.NewSync(dir, api, nil)); err != nil {
			t.Fatal(err)
		}
		return total(server) - before
	}
	change := func(action stripesim.Action, n int) {
		t.Helper()
		if _, err := server.Change(action, n); err != nil {
			t.Fatal(err)
		}
	}
	pending := func() (n int) {
		t.Helper()
		if err := laketest.Warehouse(t, dir).QueryRow("SELECT count(*) FROM balance_transactions WHERE status = 'pending'").Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	change(stripesim.UpdateCharge, 1) // the first change ends what the business does of itself
	sync()
	server.Advance(30 * 24 * time.Hour) // until nothing is pending
	sync()
	server.Advance(time.Hour)
	if n := sync(); n != 9 {
		t.Errorf("a quiet sync takes %d requests", n)
	}
	change(stripesim.CreateCharge, 1)
	server.Advance(time.Hour)
	sync()
	if n := pending(); n != 1 {
		t.Fatalf("%d balance transactions are pending, want the new one", n)
	}
	change(stripesim.UpdateCharge, 1)
	server.Advance(14 * 24 * time.Hour)
	if n := sync(); n > 11+2 { // the first sync of a day looks back in two lists
		t.Errorf("a changed charge and a balance transaction that became available take %d requests", n)
	}
	server.Advance(24 * time.Hour)
	if n := sync(); n != 9+2 {
		t.Errorf("a quiet sync that looks back takes %d requests", n)
	}
	if n := pending(); n != 0 {
		t.Errorf("%d are still pending", n)
	}
	change(stripesim.UpdateCharge, 200)
	server.Advance(time.Hour)
	if n := sync(); n > 9+200/4 {
		t.Errorf("200 changed charges of 1,000 take %d requests", n)
	}
}

func total(server *stripesim.Server) (n int) {
	for _, m := range server.Requests() {
		n += m
	}
	return n
}
