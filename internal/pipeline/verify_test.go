package pipeline_test

import (
	"bytes"
	"database/sql"
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
	"github.com/stripelake/stripelake/internal/stripesim"
	"github.com/stripelake/stripelake/load"
	"github.com/stripelake/stripelake/schemas"
)

// verify verifies a lake and returns its findings as "name: what: says".
func verify(t *testing.T, dir string, deep bool) []string {
	t.Helper()
	set, err := schemas.Load(schemas.Embedded())
	if err != nil {
		t.Fatal(err)
	}
	found, err := (&pipeline.Verify{Dir: dir, Set: set, Deep: deep, Wait: -1}).Run(t.Context())
	if findings, ok := errors.AsType[*pipeline.FindingsError](err); ok != (found.Findings > 0) || ok && findings.Findings != found.Findings {
		t.Fatalf("%d findings, error %v", found.Findings, err)
	}
	if ok := found.Findings == 0; ok != (pipeline.ExitCode(err) == 0) || !ok && pipeline.ExitCode(err) != 3 {
		t.Fatalf("%d findings exit %d: %v", found.Findings, pipeline.ExitCode(err), err)
	}
	var lines []string
	for _, c := range found.Checks {
		if c.Check == "" || c.Unit == "" || int64(len(c.Findings)) > c.Found {
			t.Errorf("%+v", c)
		}
		for _, f := range c.Findings {
			if f.Fix == "" || strings.Contains(f.What+f.Says+f.Fix, "\n") {
				t.Errorf("%+v", f)
			}
			if f.Name != "coverage beyond what was read" && f.Name != "account unknown" { // a cursor that reads well, and lake.json
				advises(t, f.What, f.Fix)
			}
			lines = append(lines, f.Name+": "+f.What+": "+f.Says)
		}
		for _, note := range c.Notes {
			t.Log(c.Check + ": " + note)
		}
	}
	if left, err := filepath.Glob(filepath.Join(dir, ".state", "verify*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	return lines
}

// soundLake is a lake of two syncs and two generations, with segments of a
// hundred objects. It returns how the state was after the first.
func soundLake(t *testing.T) (dir, former string) {
	t.Helper()
	server := shop(t, func(c *stripesim.Config) { c.Charges, c.LongLists, c.Deletions = 400, true, 50 })
	s := newScene(t, server.Handler())
	s.sync()
	former = filepath.Join(t.TempDir(), "work.duckdb")
	copyTo(t, filepath.Join(s.lake, ".state", "work.duckdb"), former)
	server.SetNow(shopEnd)
	for range 5 {
		act(t, server, stripesim.CreateCharge)
		act(t, server, stripesim.CreateRefund)
	}
	act(t, server, stripesim.DisputeCharge)
	act(t, server, stripesim.DeleteCustomer)
	s.sync()
	server.SetNow(shopEnd.Add(time.Hour))
	s.sync()
	return s.lake, former
}

var shopEnd = time.Date(2025, 3, 14, 12, 0, 0, 0, time.UTC)

func copyTo(t *testing.T, from, to string) {
	t.Helper()
	data, err := os.ReadFile(from)
	if err == nil {
		err = os.WriteFile(to, data, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
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
	newest := filepath.Base(last(t, sound, charges+"*.parquet"))
	part := changedPart(t, sound)
	for name, tc := range map[string]struct {
		damage func(dir string) error
		want   []string // prefixes, in order
	}{
		"none": {},

		"segment missing":    {remove(charges + "00000002-*"), []string{"segment missing: acct_", "!charges: segment 2:"}},
		"newest missing":     {remove(charges + newest), []string{"segment missing: acct_"}},
		"segment truncated":  {shorten(charges+"00000002-*", 1000), []string{"segment truncated: raw/"}},
		"segment bit flip":   {flip(charges + "00000002-*"), []string{"segment bit-flipped: raw/"}},
		"segment duplicated": {duplicate(charges+"00000001-00000001.parquet", following(newest)), []string{"segment duplicated: raw/"}},
		"segment replaced":   {duplicate(charges+"00000001-00000001.parquet", "00000002-00000002.parquet"), []string{"segment duplicated: raw/"}},
		"segments swapped":   {swap(charges+"00000001-*", charges+"00000002-*"), []string{"segments swapped: raw/"}},
		"another stream's":   {copyFiles("raw/*/refunds/00000001-*", charges, "00000002-00000002.parquet"), []string{"segment of another stream: raw/"}},
		"segment zero":       {duplicate(charges+"00000001-00000001.parquet", "00000000-00000001.parquet"), []string{"foreign file: raw/"}},
		"segment backwards":  {duplicate(charges+"00000001-00000001.parquet", "00000002-00000001.parquet"), []string{"foreign file: raw/"}},
		"segments overlap": {func(dir string) error {
			return errors.Join(rename(charges+"00000002-*", "00000001-00000002.parquet")(dir), rename(charges+"00000003-*", "00000002-00000003.parquet")(dir))
		}, []string{"segment overlapping: raw/"}},
		"checksum edited": {edit(charges+"00000002-*", "stripelake.xxh3"), []string{"footer edited: raw/"}},
		"range edited":    {edit(charges+"00000002-*", "stripelake.last_seq"), []string{"footer edited: raw/"}},
		"cursor edited":   {replace(charges+newest, `"high":1`, `"high":3`), []string{"coverage beyond what was read: acct_"}},
		"cursor moved": {
			write("raw/"+account(t, sound)+"/charges/cursor.json", fmt.Sprintf(`{"after_segment":%d,"cursor":"{\"v\":1,\"high\":4000000000}"}`, number(newest))),
			[]string{"coverage beyond what was read: acct_"},
		},

		"schemas lost": {replace("lake.json", `"mode"`, `"schemas": 1, "mode"`), []string{"schemas in force lost: schemas/000001.json"}},
		"key damaged":  {write("pii.key", "0"), []string{"pii.key damaged: pii.key"}},

		"object removed": {state("DELETE FROM state.objects WHERE id IN (SELECT id FROM state.objects WHERE stream = 'charges' ORDER BY id LIMIT 1)"), []string{"state row removed: objects acct_"}},
		"object doubled": {state("INSERT INTO state.objects FROM state.objects WHERE stream = 'refunds' ORDER BY id LIMIT 1"), []string{"state row doubled: objects acct_"}},
		"object altered": {state("UPDATE state.objects SET hash = hash + 1 WHERE id IN (SELECT id FROM state.objects WHERE stream = 'charges' ORDER BY id LIMIT 1)"), []string{"state row altered: objects acct_"}},
		"object hidden":  {state("UPDATE state.objects SET id_hash = id_hash + 1 WHERE id IN (SELECT id FROM state.objects WHERE stream = 'charges' ORDER BY id LIMIT 1)"), []string{"state row altered: objects acct_"}},
		"object moved":   {state("UPDATE state.objects SET account = 'acct_other' WHERE id IN (SELECT id FROM state.objects WHERE stream = 'charges' ORDER BY id LIMIT 1)"), []string{"state row moved to another account: objects acct_"}},

		"row removed":     {state("DELETE FROM charges WHERE id IN (SELECT min(id) FROM charges)"), []string{"state row removed: charges acct_"}},
		"item removed":    {state("DELETE FROM subscription_items WHERE id IN (SELECT min(id) FROM subscription_items)"), []string{"state row removed: subscription_items acct_"}},
		"row doubled":     {state("INSERT INTO charges FROM charges ORDER BY id LIMIT 1"), []string{"state row doubled: charges acct_"}},
		"row altered":     {state("UPDATE charges SET amount = amount + 1 WHERE id IN (SELECT min(id) FROM charges)"), []string{"state row altered: charges acct_"}},
		"row moved":       {state("UPDATE charges SET account = 'acct_other' WHERE id IN (SELECT min(id) FROM charges)"), []string{"state row moved to another account: charges acct_"}},
		"row older":       {state("UPDATE charges SET _seq = _seq - 1 WHERE id IN (SELECT min(id) FROM charges WHERE _seq > 1)"), []string{"state row of another version: charges acct_"}},
		"row swapped":     {state("UPDATE charges SET _source_id = 'ch_x' WHERE id IN (SELECT min(id) FROM charges)"), []string{"state row added: charges acct_", "state row removed: charges acct_", "state row altered: charges acct_"}},
		"table gone":      {state("DROP TABLE refunds"), []string{"state damaged: refunds: "}},
		"state damaged":   {shorten(".state/work.duckdb", 5000), []string{"state damaged: .state/work.duckdb"}},
		"state lost":      {remove(".state/work.duckdb"), []string{"state missing: .state/work.duckdb"}},
		"position ahead":  {state("UPDATE meta.positions SET segment = segment + 1 WHERE stream = 'charges'"), []string{"position moved forward: acct_"}},
		"position back":   {state("UPDATE meta.positions SET segment = segment - 1 WHERE stream = 'charges'"), []string{"position moved back: acct_"}},
		"position lost":   {state("DELETE FROM meta.positions WHERE stream = 'charges'"), []string{"position moved back: acct_"}},
		"position within": {olderState(former, number(newest)), []string{"position moved forward: acct_", "state older than what is published: current: "}},
		"coverage beyond": {state("UPDATE meta.coverage SET complete_through = complete_through + INTERVAL 1 DAY WHERE resource = 'refunds'"), []string{"coverage beyond the cursor: acct_"}},

		"file missing":       {remove("current/" + part), []string{"partition file missing: current/" + part}},
		"file truncated":     {shorten("current/"+part, 1000), []string{"partition file truncated: current/" + part}},
		"file bit flip":      {flip("current/" + part), []string{"partition file damaged: current/" + part}},
		"file's first byte":  {bit("current/"+part, 0), []string{"partition file damaged: current/" + part}},
		"file's last byte":   {bit("current/"+part, -1), []string{"partition file damaged: current/" + part}},
		"footer's length":    {bit("current/"+part, -8), []string{"partition file damaged: current/" + part}},
		"footer":             {bit("current/"+part, -100), []string{"partition file damaged: current/" + part}},
		"schemas":            {bit("current/schemas.json", 1000), []string{"schemas damaged: current/schemas.json: is damaged"}},
		"schemas missing":    {remove("current/schemas.json"), []string{"schemas damaged: current/schemas.json: is missing"}},
		"manifest altered":   {replace("current/generation.json", `"rows": 1`, `"rows": 2`), []string{"manifest altered: current/generation.json"}},
		"another generation": {olderFile(part), []string{"partition file from another generation: current/" + part}},
		"file row removed":   {rewrite(part, "FROM rows WHERE id <> (SELECT min(id) FROM rows)"), []string{"partition file ", "partition row removed: charges acct_"}},
		"file row doubled":   {rewrite(part, "FROM rows UNION ALL (FROM rows ORDER BY id LIMIT 1)"), []string{"partition file ", "partition row doubled: charges acct_"}},
		"file row altered":   {rewrite(part, "SELECT * REPLACE (CASE WHEN id = (SELECT min(id) FROM rows) THEN amount + 1 ELSE amount END AS amount) FROM rows"), []string{"partition file ", "partition row altered: charges acct_"}},
		"history added":      {state("INSERT INTO history.charges_replaced (SELECT created, created, * FROM charges ORDER BY id LIMIT 1)"), []string{"state history "}},
		"history published":  {duck("current/warehouse.duckdb", "INSERT INTO history.charges_replaced (SELECT created, created, * FROM charges ORDER BY id LIMIT 1)"), []string{"state history "}},
		"foreign file":       {copyFiles("current/"+part, "current/charges/", "mine.parquet"), []string{"foreign file: current/charges/mine.parquet"}},
		"manifest":           {write("current/generation.json", "{}"), []string{"manifest damaged: "}},
		"unlinked":           {remove("current"), []string{"generation missing: current"}},
		"warehouse missing":  {remove("current/warehouse.duckdb"), []string{"warehouse missing: current/warehouse.duckdb"}},
		"warehouse's log":    {write("current/warehouse.duckdb.wal", "x"), []string{"warehouse written to: current/warehouse.duckdb"}},
		"warehouse altered":  {duck("current/warehouse.duckdb", "UPDATE charges SET amount = amount + 1 WHERE id IN (SELECT min(id) FROM charges)"), []string{"warehouse row altered: charges acct_"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(t.TempDir(), "lake")
			if err := os.CopyFS(dir, os.DirFS(sound)); err != nil {
				t.Fatal(err)
			}
			if tc.damage != nil {
				if err := errors.Join(open(dir), tc.damage(dir)); err != nil {
					t.Fatal(err)
				}
			}
			got := verify(t, dir, false)
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

// open makes published files writable, as whoever damages them may.
func open(dir string) error {
	return errors.Join(each("current/*.*", writable)(dir), each("current/*/*/*/*.parquet", writable)(dir))
}

func writable(path string) error { return os.Chmod(path, 0o600) }

func account(t *testing.T, dir string) string {
	t.Helper()
	accounts, err := load.ReadAccounts(dir)
	if err != nil || len(accounts) == 0 {
		t.Fatal(err)
	}
	return accounts[0].ID
}

// last is the last path that matches.
func last(t *testing.T, dir, pattern string) string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, pattern))
	if err != nil || len(paths) == 0 {
		t.Fatal(paths, err)
	}
	return paths[len(paths)-1]
}

func number(segment string) (n int) {
	_, _ = fmt.Sscanf(segment, "%08d", &n)
	return n
}

func following(segment string) string {
	return fmt.Sprintf("%08[1]d-%08[1]d.parquet", number(segment)+1)
}

// changedPart is a partition file of the charges that differs from the
// generation before.
func changedPart(t *testing.T, dir string) string {
	t.Helper()
	var paths []string
	if err := each("current/charges/*/*/*.parquet", func(path string) error {
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

func shorten(pattern string, less int64) func(string) error {
	return each(pattern, func(path string) error {
		info, err := os.Stat(path)
		if err != nil {
			return err
		}
		return os.Truncate(path, info.Size()-less)
	})
}

// altered changes a file's bytes, in a copy of its own: it may be linked.
func altered(pattern string, change func([]byte) []byte) func(string) error {
	return each(pattern, func(path string) error {
		data, err := os.ReadFile(path)
		if err == nil {
			err = os.Remove(path)
		}
		if err == nil {
			err = os.WriteFile(path, change(data), 0o600)
		}
		return err
	})
}

func flip(pattern string) func(string) error {
	return altered(pattern, func(data []byte) []byte {
		data[len(data)/3] ^= 0x10
		return data
	})
}

// bit changes one bit of a byte, counted from the end if at is negative.
func bit(pattern string, at int) func(string) error {
	return altered(pattern, func(data []byte) []byte {
		data[(at+len(data))%len(data)] ^= 0x04
		return data
	})
}

// edit changes the last digit of a value in a segment's footer.
func edit(pattern, key string) func(string) error {
	return altered(pattern, func(data []byte) []byte {
		at := bytes.LastIndex(data, []byte(key)) + len(key) + 1 // the value's length
		data[at+int(data[at])] ^= 1
		return data
	})
}

func replace(pattern, old, with string) func(string) error {
	return altered(pattern, func(data []byte) []byte { return bytes.ReplaceAll(data, []byte(old), []byte(with)) })
}

func duplicate(pattern, as string) func(string) error {
	return copyFiles(pattern, filepath.Dir(pattern), as)
}

// copyFiles copies what matches into the one folder that matches.
func copyFiles(pattern, folder, as string) func(string) error {
	return func(dir string) error {
		folders, err := filepath.Glob(filepath.Join(dir, folder))
		if err != nil || len(folders) != 1 {
			return fmt.Errorf("%v %w", folders, err)
		}
		return each(pattern, func(path string) error {
			data, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			return os.WriteFile(filepath.Join(folders[0], as), data, 0o600)
		})(dir)
	}
}

func swap(a, b string) func(string) error {
	return func(dir string) error {
		var paths []string
		keep := func(path string) error {
			paths = append(paths, path)
			return nil
		}
		err := errors.Join(each(a, keep)(dir), each(b, keep)(dir))
		return errors.Join(err, os.Rename(paths[0], paths[0]+"x"), os.Rename(paths[1], paths[0]), os.Rename(paths[0]+"x", paths[1]))
	}
}

// state runs statements on the state.
func state(statements ...string) func(string) error {
	return duck(".state/work.duckdb", statements...)
}

func duck(name string, statements ...string) func(string) error {
	return func(dir string) (err error) {
		db, err := sql.Open("duckdb", filepath.Join(dir, name))
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, db.Close()) }()
		for _, s := range statements {
			if _, err := db.Exec(s); err != nil {
				return err
			}
		}
		return nil
	}
}

// olderState puts the state of an earlier sync in place, and says that it is as
// far as the present one.
func olderState(former string, charges int) func(string) error {
	return func(dir string) error {
		data, err := os.ReadFile(former)
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, ".state/work.duckdb"), data, 0o600)
		}
		return errors.Join(err, state(fmt.Sprintf("UPDATE meta.positions SET segment = %d WHERE stream = 'charges'", charges))(dir))
	}
}

func olderFile(part string) func(string) error {
	return func(dir string) error {
		data, err := os.ReadFile(filepath.Join(dir, ".state/generations/000001", part))
		if err != nil {
			return err
		}
		return altered("current/"+part, func([]byte) []byte { return data })(dir)
	}
}

// rewrite writes a partition file again, with other rows.
func rewrite(part, query string) func(string) error {
	return func(dir string) error {
		path := filepath.Join(dir, "current", part)
		return errors.Join(
			duck("", fmt.Sprintf("CREATE TABLE rows AS FROM read_parquet('%s', hive_partitioning = false)", path),
				fmt.Sprintf("COPY (%s) TO '%s.new' (FORMAT parquet)", query, path))(""),
			os.Rename(path+".new", path))
	}
}

// Where every place says the same wrong thing, only the log mapped again knows.
func TestVerifyDeepKnowsTheTruth(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("nothing here runs side by side: not for the race detector")
	}
	s := newScene(t, recorded(t, 1, noon, paid("ch_1", noon.Add(-time.Hour)), paid("ch_2", noon.Add(-time.Hour), `"created":"never"`)))
	if _, err := s.try(); err == nil {
		t.Fatal("nothing was refused")
	}
	if err := open(s.lake); err != nil {
		t.Fatal(err)
	}
	part := strings.TrimPrefix(last(t, s.lake, "current/charges/*/*/*.parquet"), filepath.Join(s.lake, "current")+"/")
	wrong := "UPDATE charges SET amount = 7"
	err := errors.Join(
		state(wrong, "UPDATE meta.rejects SET reason = 'none'")(s.lake),
		duck("current/warehouse.duckdb", wrong)(s.lake),
		rewrite(part, "SELECT * REPLACE (CAST(7 AS DECIMAL(18,3)) AS amount) FROM rows")(s.lake))
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
		got := verify(t, s.lake, tc.deep)
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
	s := newScene(t, shop(t, nil).Handler())
	s.sync()
	sync := historySync(t, s.lake, s.api, nil)
	held, err := sync.Lake.OpenState(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	_, err = (&pipeline.Verify{Dir: s.lake, Wait: -1}).Run(t.Context())
	if pipeline.ExitCode(err) != 75 {
		t.Errorf("while the state is held: %v", err)
	}
	if err := held.Close(); err != nil {
		t.Fatal(err)
	}
	clean(t, s.lake, false)
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
	s.expect("verifications", `SELECT "check", looked_at > 0, findings FROM meta.verifications WHERE "check" IN ('charges', 'references')`, "charges true 0", "references true 0")
}
