package stripesim

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

// An object that is listed late exists by id, in the ledger and in the charge
// that names it. Once its time has come the list has it at the position of its
// created.
func TestLate(t *testing.T) {
	t.Parallel()
	s := newTestServer(t, Config{Charges: 3000, Late: 2 * time.Hour, Now: time.Date(2025, 8, 1, 12, 0, 0, 0, time.UTC)})
	k := dial(t, s)
	for range 40 { // one in eight is late
		if _, err := s.Act(CreateCharge, ""); err != nil {
			t.Fatal(err)
		}
	}
	s.Advance(time.Minute)
	since := fmt.Sprintf("?limit=100&created[gte]=%d", s.Now().Add(-time.Minute).Unix())
	count := func(path string) int { return len(got{body: k.ok(path + since)}.page(t).objects(t)) }
	late := map[string]string{}
	for path, want := range map[string]int{"/v1/charges": 40, "/v1/balance_transactions": 40, "/v1/events": 40} {
		n := count(path)
		if fewer := path != "/v1/charges"; n > want || (n < want) != fewer {
			t.Errorf("%s lists %d of %d", path, n, want)
		}
	}
	listed := k.ok("/v1/balance_transactions" + since)
	for txn := range s.Ledger().BalanceTransactions() {
		if txn.Created >= s.Now().Add(-time.Minute).Unix() && !strings.Contains(listed, txn.ID) {
			late[txn.ID] = txn.Source
		}
	}
	if len(late) == 0 {
		t.Fatal("the ledger has none that is late")
	}
	for id, source := range late {
		k.get("/v1/balance_transactions/"+id).says(t, http.StatusOK, id)
		k.get("/v1/charges/"+source).says(t, http.StatusOK, id)
	}
	s.Advance(2 * time.Hour)
	for _, path := range []string{"/v1/balance_transactions", "/v1/events"} {
		if n := count(path); n != 40 {
			t.Errorf("%s lists %d of 40 in the end", path, n)
		}
	}
}
