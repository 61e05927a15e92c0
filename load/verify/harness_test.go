package verify_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stripelake/stripelake/load"
	"github.com/stripelake/stripelake/load/internal/duck"
	"github.com/stripelake/stripelake/load/internal/lakedir"
	"github.com/stripelake/stripelake/load/loadtest"
	"github.com/stripelake/stripelake/load/verify"
	"github.com/stripelake/stripelake/schemas"
)

const (
	testAccount = "acct_1"
	testStream  = "thing"
)

// testTables are one table, of things that have an id and a day.
func testTables() []load.Table {
	return []load.Table{{
		Schema: &schemas.Schema{
			Name: "stripe.thing", Version: "1.0.0", Title: "Thing", Table: "things", PrimaryKey: []string{"id"}, Timestamp: "created",
			Fields: []*schemas.Field{
				{Name: "id", Type: schemas.Type{Kind: schemas.String}, Title: "Id", Required: true},
				{Name: "created", Type: schemas.Type{Kind: schemas.DateTime}, Title: "Created", Required: true},
			},
		},
		Streams: []string{testStream}, Main: testStream, KeyIsID: true,
	}}
}

// thing is one version: of a full object, of one that is rejected, or a tombstone.
type thing struct {
	id       string
	rejected bool
	deleted  bool
}

var testDay = time.Date(2024, 1, 5, 0, 0, 0, 0, time.UTC)

// sync appends things as one segment and applies it, as mapped by hand.
func sync(t *testing.T, log *load.Log, state *load.State, things ...thing) {
	t.Helper()
	var objects []load.Raw
	for _, v := range things {
		objects = append(objects, load.Raw{ID: v.id, Created: testDay, ObservedAt: testDay, Origin: "list", Deleted: v.deleted, Object: []byte(`{"id":"` + v.id + `"}`)})
	}
	p, err := log.Append(t.Context(), testStream, objects, "after "+things[len(things)-1].id)
	if err != nil {
		t.Fatal(err)
	}
	schema := testTables()[0].Schema
	batch := load.Batch{Tables: []load.TableRows{{Schema: schema}}, UpTo: p.Segment}
	var rows []map[string]any
	for i, v := range things {
		batch.Objects = append(batch.Objects, load.VersionOf(&objects[i], p.Segment))
		switch {
		case v.rejected:
			batch.Tables[0].Rejects = append(batch.Tables[0].Rejects, load.Reject{ID: v.id, Seq: objects[i].Seq, Segment: p.Segment, Table: schema.Table, Rule: "required"})
		case !v.deleted:
			rows = append(rows, map[string]any{
				"account": testAccount, "id": v.id, "created": testDay.Format(time.DateTime), "deleted": false, "_source_id": v.id, "_seq": objects[i].Seq,
			})
		}
	}
	if batch.Tables[0].Rows, err = loadtest.Records(schema, rows); err != nil {
		t.Fatal(err)
	}
	if _, err := state.Apply(t.Context(), p, func(yield func(load.Batch, error) bool) { yield(batch, nil) }); err != nil {
		t.Fatal(err)
	}
}

// soundLake is a lake of three segments, all applied, and two generations.
func soundLake(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	lake, err := load.Open(dir, load.Options{Mode: "test", Tables: testTables()})
	if err != nil {
		t.Fatal(err)
	}
	if err := lake.Remember(testAccount, false); err != nil {
		t.Fatal(err)
	}
	log, err := lake.OpenLog(t.Context(), testAccount)
	if err != nil {
		t.Fatal(err)
	}
	state, err := lake.OpenState(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	publish := func() {
		t.Helper()
		if _, err := state.Publish(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	sync(t, log, state, thing{id: "a"}, thing{id: "b"})
	publish()
	sync(t, log, state, thing{id: "a"}, thing{id: "c"}, thing{id: "r", rejected: true})
	sync(t, log, state, thing{id: "d"}, thing{id: "b", deleted: true})
	publish()
	if err := errors.Join(state.Close(), log.Close()); err != nil {
		t.Fatal(err)
	}
	return dir
}

// verified opens a lake for verification and checks its log, its state and what is
// published; the rows one by one only if asked to.
func verified(t *testing.T, dir string, rows bool) *verify.Verification {
	t.Helper()
	v := opened(t, dir)
	err := errors.Join(v.CheckLog(t.Context()), v.CheckPositions(t.Context()), v.CheckObjects(t.Context()),
		v.CheckState(t.Context()), v.CheckGeneration(t.Context()))
	if rows {
		err = errors.Join(err, v.CheckRows(t.Context()))
	}
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// sampled does the same with a part of the lake only.
func sampled(t *testing.T, dir string, sample int) *verify.Verification {
	t.Helper()
	v := opened(t, dir)
	v.Sample = sample
	err := errors.Join(v.CheckLog(t.Context()), v.CheckSampledObjects(t.Context()), v.CheckGeneration(t.Context()), v.CheckSampledRows(t.Context()))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func opened(t *testing.T, dir string) *verify.Verification {
	t.Helper()
	lake, err := load.OpenToRead(dir, load.Options{})
	if err != nil {
		t.Fatal(err)
	}
	v, err := verify.Open(t.Context(), lake)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := v.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := v.Use(testTables()); err != nil {
		t.Fatal(err)
	}
	return v
}

// A damage spoils the lake in a folder.
type damage func(t *testing.T, dir string)

// inState runs statements on the state.
func inState(statements ...string) damage {
	return func(t *testing.T, dir string) {
		err := duck.With(t.Context(), "64MB", 1, "", func(q duck.Session) error {
			return errors.Join(q.Run(t.Context(), duck.Attach(lakedir.Database(dir), "work", "")...), q.Run(t.Context(), statements...))
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// segment is the path of a segment, given its range.
func segment(span string) string {
	return filepath.Join(lakedir.RawDir, testAccount, testStream, span+".parquet")
}

// change gives a file of the lake another content: what f makes of its own.
func change(name string, f func([]byte) []byte) damage {
	return func(t *testing.T, dir string) {
		path := filepath.Join(dir, name)
		data, err := os.ReadFile(path)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
		_ = os.Remove(path) // it may be read-only
		if err := os.WriteFile(path, f(data), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func remove(name string) damage {
	return func(t *testing.T, dir string) {
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
}

func cut(name string) damage {
	return change(name, func(data []byte) []byte { return data[:len(data)/2] })
}

func flip(name string) damage {
	return change(name, func(data []byte) []byte {
		data[len(data)/4] ^= 1 // in a page: the headers in between have no checksum
		return data
	})
}

func write(name, text string) damage {
	return change(name, func([]byte) []byte { return []byte(text) })
}

// move renames files, in pairs of old and new names.
func move(names ...string) damage {
	return func(t *testing.T, dir string) {
		for pair := range slices.Chunk(names, 2) {
			if err := os.Rename(filepath.Join(dir, pair[0]), filepath.Join(dir, pair[1])); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// copyTo writes a file a second time.
func copyTo(from, to string) damage {
	return func(t *testing.T, dir string) {
		data, err := os.ReadFile(filepath.Join(dir, from))
		if err == nil {
			_ = os.Remove(filepath.Join(dir, to))
			err = os.WriteFile(filepath.Join(dir, to), data, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// findings are the names of all findings, each once.
func findings(v *verify.Verification) (names []string) {
	for _, c := range v.Checks {
		for _, f := range c.Findings {
			names = append(names, f.Name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}
