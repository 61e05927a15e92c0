package load

import (
	"strings"
	"testing"
	"time"
)

// The end of a run removes the records that are too old by then, and never its own.
func TestOldRunsGo(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	now := time.Date(2025, 6, 1, 12, 0, 0, 0, time.UTC)
	for keep, want := range map[time.Duration]string{
		0:        "1 month,2 week,3 now",
		30 * day: "1 month,2 week,3 now", // to the second
		29 * day: "2 week,3 now",
		day:      "3 now",
		1:        "3 now",
	} {
		k := newLake(t, func(o *Options) { o.KeepRuns = keep })
		record := func(id string, started, finished time.Time) {
			t.Helper()
			run := Run{ID: id, Started: started, Finished: finished, Command: "sync", Outcome: "done"}
			if err := k.state.Runs().Begin(t.Context(), run); err != nil {
				t.Fatal(err)
			}
			if err := k.state.Runs().End(t.Context(), run); err != nil {
				t.Fatal(err)
			}
		}
		for id, ago := range map[string]time.Duration{"1 month": 30 * day, "2 week": 7 * day} {
			record(id, now.Add(-ago), now.Add(-ago)) // each long before the next ends
			if _, err := k.state.db.Exec(t.Context(), `INSERT INTO meta.verifications VALUES (?, '', 'log', 1, 0, ?)`, id, now.Add(-ago)); err != nil {
				t.Fatal(err)
			}
		}
		record("3 now", now.Add(-2*day), now) // it took two days
		if got := strings.Join(k.rows("SELECT run_id FROM meta.runs ORDER BY started"), ","); got != want {
			t.Errorf("keeping %v: runs %s, want %s", keep, got, want)
		}
		if got := strings.Join(append(k.rows(`SELECT run_id FROM meta.verifications ORDER BY "at"`), "3 now"), ","); got != want {
			t.Errorf("keeping %v: verifications of %s, want %s", keep, got, want)
		}
	}
}
