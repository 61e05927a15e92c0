package load

import (
	"fmt"
	"testing"
	"time"
)

// Drift is added up over segments. Applying a segment again adds nothing (Invariant 5).
func TestDriftIsAddedUp(t *testing.T) {
	t.Parallel()
	k := newLake(t)
	at := func(day int) time.Time { return time.Date(2024, 1, day, 0, 0, 0, 0, time.UTC) }
	apply := func(position Position, drift ...Drift) Applied {
		applied, err := k.state.Apply(t.Context(), position, func(yield func(Batch, error) bool) { yield(Batch{Drift: drift}, nil) })
		if err != nil {
			t.Fatal(err)
		}
		return applied
	}
	position := func(segment uint64) Position { return Position{Account: "acct_1", Stream: "charges", Segment: segment} }
	novel := Drift{Path: "charge.novel", Found: "a field", Objects: 2, FirstID: "ch_1", FirstSeen: at(1), LastSeen: at(2)}
	if got := apply(position(1), novel, novel).Drift; got != 1 {
		t.Errorf("%d new kinds, want 1", got)
	}
	later := Drift{Path: "charge.novel", Found: "a field", Objects: 1, FirstID: "ch_9", FirstSeen: at(3), LastSeen: at(3)}
	if got := apply(position(2), later).Drift; got != 0 {
		t.Errorf("%d new kinds, want none", got)
	}
	apply(position(2), later)
	var rows []string
	var path, id string
	var objects int64
	var first, last time.Time
	err := k.state.db.Each(t.Context(), []any{&path, &objects, &id, &first, &last}, func() error {
		rows = append(rows, fmt.Sprintln(path, objects, id, first.Day(), last.Day()))
		return nil
	}, "SELECT path, objects, first_id, first_seen, last_seen FROM meta.drift")
	if err != nil {
		t.Fatal(err)
	}
	expect(t, "drift", rows, "charge.novel 5 ch_1 1 3\n")
}
