package rawlog

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stripelake/stripelake/load/internal/trace"
)

// Invariants 3 and 6: what a retention takes out of the log changes no table. It leaves
// each object's newest version and, under a tombstone, the last full one.
func TestRetentionKeepsWhatTablesAreMadeOf(t *testing.T) {
	t.Parallel()
	day := func(n int) time.Time { return time.Date(2025, 1, n, 0, 0, 0, 0, time.UTC) }
	for name, tc := range map[string]struct {
		drop func(*Log) (int, error)
		want string
	}{
		"superseded by the fourth": {func(g *Log) (int, error) { return g.DropSuperseded(t.Context(), "charge", day(4)) }, "after b: 4: c3 a4 c5 b6 a7 b8"},
		"superseded by the ninth":  {func(g *Log) (int, error) { return g.DropSuperseded(t.Context(), "charge", day(9)) }, "after b: 4: c3 c5 b6 a7 b8"},
		"superseded by the first":  {func(g *Log) (int, error) { return g.DropSuperseded(t.Context(), "charge", day(1)) }, "after b: 4: a1 b2 c3 a4 c5 b6 a7 b8"},
		"read before the third":    {func(g *Log) (int, error) { return g.DropBefore(t.Context(), "charge", day(3)) }, "after b: 4: c5 b6 a7 b8"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			g := openLog(t, dir, trace.Trace{})
			defer g.Close()
			g.opts.MemoryLimit, g.opts.Threads = "64MB", 1
			for n, objects := range [][]Raw{
				{{ID: "a"}, {ID: "b"}, {ID: "c"}},
				{{ID: "a"}},
				{{ID: "c", Deleted: true}, {ID: "b"}},
				{{ID: "a"}, {ID: "b", Deleted: true}},
			} {
				for i := range objects {
					objects[i].ObservedAt, objects[i].Object = day(n+1), []byte("{}")
				}
				if _, err := g.Append(t.Context(), "charge", objects, "after "+objects[len(objects)-1].ID); err != nil {
					t.Fatal(err)
				}
			}
			dropped, err := tc.drop(g)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, found(t, dir)); diff != "" {
				t.Errorf("%d dropped (-want +got):\n%s", dropped, diff)
			}
		})
	}
}

// Invariant 8: a stub in the place of an object that is too large says how large that
// is, as long as it is in the log, and is another version if that changes.
func TestStubKeepsTheSize(t *testing.T) {
	t.Parallel()
	g := openLog(t, t.TempDir(), trace.Trace{})
	defer g.Close()
	at := time.Unix(9, 0).UTC()
	in := []Raw{
		{ID: "a", ObservedAt: at, Object: []byte(`{"id":"a"}`), LeftOut: 7 << 20},
		{ID: "a", ObservedAt: at, Object: []byte(`{"id":"a"}`), LeftOut: 8 << 20},
		{ID: "a", ObservedAt: at, Object: []byte(`{"id":"a"}`)},
	}
	if _, err := g.Append(t.Context(), "charge", in, "after a"); err != nil {
		t.Fatal(err)
	}
	if _, _, err := g.Compact(t.Context(), "charge"); err != nil {
		t.Fatal(err)
	}
	got, err := readAll(t.Context(), g, "charge", 0)
	if diff := cmp.Diff(in, got); diff != "" || err != nil {
		t.Errorf("(-want +got):\n%s%v", diff, err)
	}
	hashes := map[string]bool{}
	for i := range got {
		hashes[fmt.Sprint(got[i].Hash())] = true
	}
	if len(hashes) != len(in) {
		t.Errorf("%d versions have %d hashes", len(in), len(hashes))
	}
}
