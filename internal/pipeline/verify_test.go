package pipeline_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	_ "github.com/duckdb/duckdb-go/v2"

	"github.com/stripelake/stripelake/internal/pipeline"
	"github.com/stripelake/stripelake/internal/pipeline/laketest"
	"github.com/stripelake/stripelake/internal/stripesim"
)

// soundLake is a lake of two syncs and two generations, with segments of a
// hundred objects. It returns how the state was after the first.
func soundLake(t *testing.T) (dir, former string) {
	t.Helper()
	server := laketest.Shop(t, func(c *stripesim.Config) { c.Charges, c.LongLists, c.Deletions = 400, true, 50 })
	s := laketest.NewScene(t, server.Handler())
	s.Sync()
	former = filepath.Join(t.TempDir(), "work.duckdb")
	laketest.CopyTo(t, filepath.Join(s.Lake, ".state", "work.duckdb"), former)
	server.SetNow(laketest.ShopEnd)
	for range 5 {
		laketest.Act(t, server, stripesim.CreateCharge)
		laketest.Act(t, server, stripesim.CreateRefund)
	}
	laketest.Act(t, server, stripesim.DisputeCharge)
	laketest.Act(t, server, stripesim.DeleteCustomer)
	s.Sync()
	server.SetNow(laketest.ShopEnd.Add(time.Hour))
	s.Sync()
	return s.Lake, former
}

// Each damage, planted into a copy of a sound lake, is found under its name, and
// nothing else is: what breaks Invariants 2 (segments), 3 (rows and rejects), 4
// (positions), 7 (generations) and 9 (coverage).
func TestVerifyNamesEachDamage(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("nothing here runs side by side: not for the race detector")
	}
	sound, former := soundLake(t)
	charges := "raw/*/charges/"
	newest := filepath.Base(laketest.LastFile(t, sound, charges+"*.parquet"))
	part := changedPart(t, sound)
	for name, tc := range laketest.Sampled(map[string]struct {
		damage func(dir string) error
		want   []string // prefixes, in order
	}{
		"none": {},

		"segment missing":    {laketest.RemoveFiles(charges + "00000002-*"), []string{"segment missing: acct_", "!charges: segment 2:"}},
		"newest missing":     {laketest.RemoveFiles(charges + newest), []string{"segment missing: acct_"}},
		"segment truncated":  {laketest.Shorten(charges+"00000002-*", 1000), []string{"segment truncated: raw/"}},
		"segment bit flip":   {laketest.FlipBit(charges + "00000002-*"), []string{"segment bit-flipped: raw/"}},
		"segment duplicated": {laketest.Duplicate(charges+"00000001-00000001.parquet", following(newest)), []string{"segment duplicated: raw/"}},
		"segment replaced":   {laketest.Duplicate(charges+"00000001-00000001.parquet", "00000002-00000002.parquet"), []string{"segment duplicated: raw/"}},
		"segments swapped":   {laketest.SwapFiles(charges+"00000001-*", charges+"00000002-*"), []string{"segments swapped: raw/"}},
		"another stream's":   {laketest.CopyFiles("raw/*/refunds/00000001-*", charges, "00000002-00000002.parquet"), []string{"segment of another stream: raw/"}},
		"segment zero":       {laketest.Duplicate(charges+"00000001-00000001.parquet", "00000000-00000001.parquet"), []string{"foreign file: raw/"}},
		"segment backwards":  {laketest.Duplicate(charges+"00000001-00000001.parquet", "00000002-00000001.parquet"), []string{"foreign file: raw/"}},
		"segments overlap": {func(dir string) error {
			return errors.Join(laketest.RenameFile(charges+"00000002-*", "00000001-00000002.parquet")(dir), laketest.RenameFile(charges+"00000003-*", "00000002-00000003.parquet")(dir))
		}, []string{"segment overlapping: raw/"}},
		"checksum edited": {laketest.EditFooter(charges+"00000002-*", "stripelake.xxh3"), []string{"footer edited: raw/"}},
		"range edited":    {laketest.EditFooter(charges+"00000002-*", "stripelake.last_seq"), []string{"footer edited: raw/"}},
		"cursor edited":   {laketest.ReplaceText(charges+newest, `"high":1`, `"high":3`), []string{"coverage beyond what was read: acct_"}},
		"cursor moved": {
			laketest.WriteFile("raw/"+laketest.AccountOf(t, sound)+"/charges/cursor.json", fmt.Sprintf(`{"after_segment":%d,"cursor":"{\"v\":1,\"high\":4000000000}"}`, plural(newest))),
			[]string{"coverage beyond what was read: acct_"},
		},

		"schemas lost": {laketest.ReplaceText("lake.json", `"mode"`, `"schemas": 1, "mode"`), []string{"schemas in force lost: schemas/000001.json"}},
		"key damaged":  {laketest.WriteFile("pii.key", "0"), []string{"pii.key damaged: pii.key"}},

		"object removed": {laketest.ExecState("DELETE FROM state.objects WHERE id IN (SELECT id FROM state.objects WHERE stream = 'charges' ORDER BY id LIMIT 1)"), []string{"state row removed: objects acct_"}},
		"object doubled": {laketest.ExecState("INSERT INTO state.objects FROM state.objects WHERE stream = 'refunds' ORDER BY id LIMIT 1"), []string{"state row doubled: objects acct_"}},
		"object altered": {laketest.ExecState("UPDATE state.objects SET hash = hash + 1 WHERE id IN (SELECT id FROM state.objects WHERE stream = 'charges' ORDER BY id LIMIT 1)"), []string{"state row altered: objects acct_"}},
		"object hidden":  {laketest.ExecState("UPDATE state.objects SET id_hash = id_hash + 1 WHERE id IN (SELECT id FROM state.objects WHERE stream = 'charges' ORDER BY id LIMIT 1)"), []string{"state row altered: objects acct_"}},
		"object moved":   {laketest.ExecState("UPDATE state.objects SET account = 'acct_other' WHERE id IN (SELECT id FROM state.objects WHERE stream = 'charges' ORDER BY id LIMIT 1)"), []string{"state row moved to another account: objects acct_"}},

		"row removed":     {laketest.ExecState("DELETE FROM charges WHERE id IN (SELECT min(id) FROM charges)"), []string{"state row removed: charges acct_"}},
		"item removed":    {laketest.ExecState("DELETE FROM subscription_items WHERE id IN (SELECT min(id) FROM subscription_items)"), []string{"state row removed: subscription_items acct_"}},
		"row doubled":     {laketest.ExecState("INSERT INTO charges FROM charges ORDER BY id LIMIT 1"), []string{"state row doubled: charges acct_"}},
		"row altered":     {laketest.ExecState("UPDATE charges SET amount = amount + 1 WHERE id IN (SELECT min(id) FROM charges)"), []string{"state row altered: charges acct_"}},
		"row moved":       {laketest.ExecState("UPDATE charges SET account = 'acct_other' WHERE id IN (SELECT min(id) FROM charges)"), []string{"state row moved to another account: charges acct_"}},
		"row older":       {laketest.ExecState("UPDATE charges SET _seq = _seq - 1 WHERE id IN (SELECT min(id) FROM charges WHERE _seq > 1)"), []string{"state row of another version: charges acct_"}},
		"row swapped":     {laketest.ExecState("UPDATE charges SET _source_id = 'ch_x' WHERE id IN (SELECT min(id) FROM charges)"), []string{"state row added: charges acct_", "state row removed: charges acct_", "state row altered: charges acct_"}},
		"table gone":      {laketest.ExecState("DROP TABLE refunds"), []string{"state damaged: refunds: "}},
		"state damaged":   {laketest.Shorten(".state/work.duckdb", 5000), []string{"state damaged: .state/work.duckdb"}},
		"state lost":      {laketest.RemoveFiles(".state/work.duckdb"), []string{"state missing: .state/work.duckdb"}},
		"position ahead":  {laketest.ExecState("UPDATE meta.positions SET segment = segment + 1 WHERE stream = 'charges'"), []string{"position moved forward: acct_"}},
		"position back":   {laketest.ExecState("UPDATE meta.positions SET segment = segment - 1 WHERE stream = 'charges'"), []string{"position moved back: acct_"}},
		"position lost":   {laketest.ExecState("DELETE FROM meta.positions WHERE stream = 'charges'"), []string{"position moved back: acct_"}},
		"position within": {laketest.OlderState(former, plural(newest)), []string{"position moved forward: acct_", "state older than what is published: current: "}},
		"coverage beyond": {laketest.ExecState("UPDATE meta.coverage SET complete_through = complete_through + INTERVAL 1 DAY WHERE resource = 'refunds'"), []string{"coverage beyond the cursor: acct_"}},

		"file missing":       {laketest.RemoveFiles("current/" + part), []string{"partition file missing: current/" + part}},
		"file truncated":     {laketest.Shorten("current/"+part, 1000), []string{"partition file truncated: current/" + part}},
		"file bit flip":      {laketest.FlipBit("current/" + part), []string{"partition file damaged: current/" + part}},
		"file's first byte":  {laketest.FlipBitAt("current/"+part, 0), []string{"partition file damaged: current/" + part}},
		"file's last byte":   {laketest.FlipBitAt("current/"+part, -1), []string{"partition file damaged: current/" + part}},
		"footer's length":    {laketest.FlipBitAt("current/"+part, -8), []string{"partition file damaged: current/" + part}},
		"footer":             {laketest.FlipBitAt("current/"+part, -100), []string{"partition file damaged: current/" + part}},
		"schemas":            {laketest.FlipBitAt("current/schemas.json", 1000), []string{"schemas damaged: current/schemas.json: is damaged"}},
		"schemas missing":    {laketest.RemoveFiles("current/schemas.json"), []string{"schemas damaged: current/schemas.json: is missing"}},
		"manifest altered":   {laketest.ReplaceText("current/generation.json", `"rows": 1`, `"rows": 2`), []string{"manifest altered: current/generation.json"}},
		"another generation": {laketest.OlderFile(part), []string{"partition file from another generation: current/" + part}},
		"file row removed":   {laketest.RewritePart(part, "FROM rows WHERE id <> (SELECT min(id) FROM rows)"), []string{"partition file ", "partition row removed: charges acct_"}},
		"file row doubled":   {laketest.RewritePart(part, "FROM rows UNION ALL (FROM rows ORDER BY id LIMIT 1)"), []string{"partition file ", "partition row doubled: charges acct_"}},
		"file row altered":   {laketest.RewritePart(part, "SELECT * REPLACE (CASE WHEN id = (SELECT min(id) FROM rows) THEN amount + 1 ELSE amount END AS amount) FROM rows"), []string{"partition file ", "partition row altered: charges acct_"}},
		"history added":      {laketest.ExecState("INSERT INTO history.charges_replaced (SELECT created, created, * FROM charges ORDER BY id LIMIT 1)"), []string{"state history "}},
		"history published":  {laketest.ExecDuckDB("current/warehouse.duckdb", "INSERT INTO history.charges_replaced (SELECT created, created, * FROM charges ORDER BY id LIMIT 1)"), []string{"state history "}},
		"foreign file":       {laketest.CopyFiles("current/"+part, "current/charges/", "mine.parquet"), []string{"foreign file: current/charges/mine.parquet"}},
		"manifest":           {laketest.WriteFile("current/generation.json", "{}"), []string{"manifest damaged: "}},
		"unlinked":           {laketest.RemoveFiles("current"), []string{"generation missing: current"}},
		"warehouse missing":  {laketest.RemoveFiles("current/warehouse.duckdb"), []string{"warehouse missing: current/warehouse.duckdb"}},
		"warehouse's log":    {laketest.WriteFile("current/warehouse.duckdb.wal", "x"), []string{"warehouse written to: current/warehouse.duckdb"}},
		"warehouse altered":  {laketest.ExecDuckDB("current/warehouse.duckdb", "UPDATE charges SET amount = amount + 1 WHERE id IN (SELECT min(id) FROM charges)"), []string{"warehouse row altered: charges acct_"}},
	}) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := laketest.Copied(t, sound)
			if tc.damage != nil {
				if err := errors.Join(laketest.OpenLake(dir), tc.damage(dir)); err != nil {
					t.Fatal(err)
				}
			}
			got := laketest.Verify(t, dir, false)
			var want []string
			for _, w := range tc.want {
				if part, ok := strings.CutPrefix(w, "!"); !ok {
					want = append(want, w)
				} else if !strings.Contains(strings.Join(got, "\n"), part) {
					t.Errorf("nothing says %q", part)
				}
			}
			if !slices.EqualFunc(got, want, strings.HasPrefix) {
				t.Errorf("found:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
		})
	}
}

func plural(segment string) (n int) {
	_, _ = fmt.Sscanf(segment, "%08d", &n)
	return n
}

func following(segment string) string {
	return fmt.Sprintf("%08[1]d-%08[1]d.parquet", plural(segment)+1)
}

// changedPart is a partition file of the charges that differs from the
// generation before.
func changedPart(t *testing.T, dir string) string {
	t.Helper()
	var paths []string
	if err := laketest.EachFile("current/charges/*/*/*.parquet", func(path string) error {
		paths = append(paths, path)
		return nil
	})(dir); err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		name := strings.TrimPrefix(path, filepath.Join(dir, "current")+"/")
		if now, err := os.ReadFile(path); err == nil {
			if before, err := os.ReadFile(filepath.Join(dir, ".state/generations/000001", name)); err == nil && !bytes.Equal(now, before) {
				return name
			}
		}
	}
	t.Fatal("no part changed")
	return ""
}

// Where every place says the same wrong thing, only the log mapped again knows.
func TestVerifyDeepKnowsTheTruth(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("nothing here runs side by side: not for the race detector")
	}
	s := laketest.NewScene(t, laketest.Recorded(t, 1, laketest.Noon, laketest.Paid("ch_1", laketest.Noon.Add(-time.Hour)), laketest.Paid("ch_2", laketest.Noon.Add(-time.Hour), `"created":"never"`)))
	if _, err := s.Try(); err == nil {
		t.Fatal("nothing was refused")
	}
	if err := laketest.OpenLake(s.Lake); err != nil {
		t.Fatal(err)
	}
	part := strings.TrimPrefix(laketest.LastFile(t, s.Lake, "current/charges/*/*/*.parquet"), filepath.Join(s.Lake, "current")+"/")
	wrong := "UPDATE charges SET amount = 7"
	err := errors.Join(
		laketest.ExecState(wrong, "UPDATE meta.rejects SET reason = 'none'")(s.Lake),
		laketest.ExecDuckDB("current/warehouse.duckdb", wrong)(s.Lake),
		laketest.RewritePart(part, "SELECT * REPLACE (CAST(7 AS DECIMAL(18,3)) AS amount) FROM rows")(s.Lake))
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		deep bool
		want []string
	}{
		{false, []string{"partition file of another size: "}},
		{true, []string{
			"partition file of another size: ", "state row altered: charges acct_", "warehouse row altered: charges acct_", "partition row altered: charges acct_",
			"reject removed or altered: meta.rejects acct_", "reject added or altered: meta.rejects acct_",
		}},
	} {
		got := laketest.Verify(t, s.Lake, tc.deep)
		got = slices.DeleteFunc(got, func(f string) bool { return strings.HasPrefix(f, "warehouse truncated") }) // as DuckDB left it
		if !slices.EqualFunc(got, tc.want, strings.HasPrefix) {
			t.Errorf("deep %t found:\n%s\nwant:\n%s", tc.deep, strings.Join(got, "\n"), strings.Join(tc.want, "\n"))
		}
	}
}

// A verification waits its turn, and keeps its outcome without making anyone
// publish.
func TestVerifyTakesTurns(t *testing.T) {
	t.Parallel()
	s := laketest.NewScene(t, laketest.Shop(t, nil).Handler())
	s.Sync()
	sync := laketest.NewPatientSync(t, s.Lake, s.API, nil)
	held, err := sync.Lake.OpenState(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	_, err = (&pipeline.Verify{Dir: s.Lake, Wait: -1}).Run(t.Context())
	if pipeline.ExitCode(err) != 75 {
		t.Errorf("while the state is held: %v", err)
	}
	if err := held.Close(); err != nil {
		t.Fatal(err)
	}
	laketest.CheckSound(t, s.Lake, false)
	state, err := sync.Lake.OpenState(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if needed, err := state.NeedsPublish(t.Context()); needed || err != nil {
		t.Errorf("needs to publish: %t, %v", needed, err)
	}
	if _, err := state.Publish(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := state.Close(); err != nil {
		t.Fatal(err)
	}
	s.Expect("verifications", `SELECT "check", looked_at > 0, findings FROM meta.verifications WHERE "check" IN ('charges', 'references')`, "charges true 0", "references true 0")
}
