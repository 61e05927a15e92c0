package query

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stripelake/stripelake/load"
	"github.com/stripelake/stripelake/load/internal/lakedir"
	"github.com/stripelake/stripelake/schemas"
)

// Invariant 7: a query is answered by the generation that was linked when it was asked,
// whatever is published meanwhile, and changes nothing of it.
func TestQueryReadsOneGeneration(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	schema := &schemas.Schema{
		Name: "stripe.thing", Version: "1.0.0", Title: "Thing", Table: "things", PrimaryKey: []string{"id"},
		Fields: []*schemas.Field{{Name: "id", Type: schemas.Type{Kind: schemas.String}, Title: "Id", Required: true}},
	}
	lake, err := load.Open(dir, load.Options{Mode: "test", Tables: []load.Table{{Schema: schema, Streams: []string{"thing"}, Main: "thing", KeyIsID: true}}})
	if err != nil {
		t.Fatal(err)
	}
	state, err := lake.OpenState(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := state.Close(); err != nil {
			t.Error(err)
		}
	}()
	publish := func(segment uint64, id string) { // an object that is a reject
		t.Helper()
		batch := load.Batch{
			Objects: []load.ObjectVersion{{ID: id, Seq: segment, Segment: segment, ObservedAt: time.Unix(9, 0)}},
			Tables:  []load.TableRows{{Schema: schema, Rejects: []load.Reject{{ID: id, Seq: segment, Segment: segment, Table: "things", Rule: "required"}}}},
		}
		_, err := state.Apply(t.Context(), load.Position{Account: "acct_1", Stream: "thing", Segment: segment}, func(yield func(load.Batch, error) bool) { yield(batch, nil) })
		if err == nil {
			_, err = state.Publish(t.Context())
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	ask := func() *Query {
		t.Helper()
		q, err := Ask(t.Context(), dir, Question{SQL: "SELECT id FROM meta.rejects ORDER BY id"})
		if err != nil {
			t.Fatal(err)
		}
		return q
	}
	expect := func(q *Query, want string) {
		t.Helper()
		var answer strings.Builder
		if err := errors.Join(q.Write(t.Context(), &answer, CSV), q.Close()); err != nil || answer.String() != want {
			t.Errorf("answered %q, want %q; %v", answer.String(), want, err)
		}
	}
	publish(1, "a")
	before := ask()
	publish(2, "b")
	after := ask()
	expect(before, "id\na\n")
	expect(after, "id\na\nb\n")

	opened, err := Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, q := range []*Query{ask(), opened} {
		if err := q.db.Run(t.Context(), "DELETE FROM warehouse.meta.rejects"); err == nil || !strings.Contains(err.Error(), "read-only") {
			t.Errorf("a published warehouse was written to: %v", err)
		}
		if err := q.Close(); err != nil {
			t.Error(err)
		}
	}
	if left, err := filepath.Glob(filepath.Join(dir, lakedir.LinkName, lakedir.WarehouseName+".*")); len(left) > 0 || err != nil {
		t.Errorf("left over: %v, %v", left, err)
	}
}
