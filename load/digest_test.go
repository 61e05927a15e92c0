package load

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stripelake/stripelake/load/loadtest"
)

func TestDigestComparesFilesAndWarehouse(t *testing.T) {
	t.Parallel()
	k := newLake(t, func(o *Options) { o.KeepGenerations = -1 })
	k.sync(charge("ch_1", "paid"))
	one := k.publish()
	digest, err := loadtest.Digest(t.Context(), k.dir)
	if err != nil {
		t.Fatal(err)
	}
	other := newLake(t)
	other.sync(charge("ch_1", "pending"))
	other.sync(charge("ch_1", "paid"))
	other.publish()
	otherDigest, err := loadtest.Digest(t.Context(), other.dir)
	if err != nil {
		t.Fatal(err)
	}
	if digest["charges"] != otherDigest["charges"] || digest["log"] == otherDigest["log"] {
		t.Errorf("digests %v and %v", digest, otherDigest)
	}
	// Digest finds a Parquet file whose rows differ from the warehouse's.
	k.sync(charge("ch_1", "failed"))
	data, err := os.ReadFile(k.Generations().path(one.Number, filepath.FromSlash(one.Files[0].Path)))
	if err != nil {
		t.Fatal(err)
	}
	two := k.publish()
	path := k.Generations().path(two.Number, filepath.FromSlash(two.Files[0].Path))
	if err := errors.Join(os.Remove(path), os.WriteFile(path, data, 0o600)); err != nil {
		t.Fatal(err)
	}
	if _, err := loadtest.Digest(t.Context(), k.dir); err == nil || !strings.Contains(err.Error(), "hold other rows") {
		t.Error(err)
	}
}

func TestStatus(t *testing.T) {
	t.Parallel()
	k := newLake(t)
	if _, err := ReadStatus(k.dir); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	run := Run{ID: "run_1", Started: version{Day: "2025-01-01"}.created(), Command: "sync"}
	if err := k.state.Runs().Begin(t.Context(), run); err != nil {
		t.Fatal(err)
	}
	k.sync(charge("ch_1", "paid"))
	g := k.publish()
	run.Outcome, run.Rows, run.Finished = "done", 1, run.Started
	if err := k.state.Runs().End(t.Context(), run); err != nil {
		t.Fatal(err)
	}
	expect(t, "runs", k.rows("SELECT concat_ws(' ', run_id, outcome, rows) FROM meta.runs"), "run_1 done 1")
	if needs, err := k.state.NeedsPublish(t.Context()); needs || err != nil {
		t.Error("a run record is no reason to publish", err)
	}
	if err := k.state.WriteStatus(t.Context()); err != nil {
		t.Fatal(err)
	}
	st, err := ReadStatus(k.dir)
	if err != nil || st.Generation != g.Number || !st.Published || st.Logs[0].Newest != 1 || st.Summary.Resources[0].Rows != 1 {
		text, _ := json.Marshal(st)
		t.Errorf("%s %v", text, err)
	}
}
