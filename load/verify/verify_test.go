package verify_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stripelake/stripelake/load"
	"github.com/stripelake/stripelake/load/internal/lakedir"
)

// What breaks an invariant of a lake made by hand is found, and under its name alone.
func TestBrokenInvariantIsFound(t *testing.T) {
	t.Parallel()
	sound := soundLake(t)
	const one, two, three = "00000001-00000001", "00000002-00000002", "00000003-00000003"
	part := filepath.Join("current", "things", "acct="+testAccount, "created_month=2024-01", "part-00.parquet")
	for name, tc := range map[string]struct {
		damage damage
		rows   bool
		want   string
	}{
		"nothing": {func(*testing.T, string) {}, true, ""},

		// Invariant 1: no cursor without the objects that it follows.
		"cursor ahead": {write(filepath.Join(filepath.Dir(segment("")), "cursor.json"), `{"after_segment":4,"cursor":"ahead"}`), false, "segment missing"},

		// Invariant 2: segments follow each other, each whole and in its place.
		"segment missing":        {remove(segment(two)), false, "segment missing"},
		"newest segment missing": {remove(segment(three)), false, "segment missing"},
		"segment torn":           {cut(segment(two)), false, "segment truncated"},
		"segment changed":        {flip(segment(two)), false, "segment bit-flipped"},
		"checksum edited": {change(segment(two), func(data []byte) []byte {
			key := []byte("stripelake.xxh3")
			digit := &data[bytes.LastIndex(data, key)+len(key)+2] // after Thrift's type and length
			*digit = map[bool]byte{true: '2', false: '1'}[*digit == '1']
			return data
		}), false, "footer edited"},
		"segments overlap": {move(segment(two), segment("00000001-00000002"), segment(three), segment("00000002-00000003")), false, "segment overlapping"},
		"segments swapped": {move(segment(one), "x", segment(two), segment(one), "x", segment(two)), false, "segments swapped"},
		"segment twice":    {copyTo(segment(one), segment("00000004-00000004")), false, "segment duplicated"},
		"another stream's": {func(t *testing.T, dir string) {
			lake, err := load.Open(dir, load.Options{Tables: testTables()})
			if err != nil {
				t.Fatal(err)
			}
			log, err := lake.OpenLog(t.Context(), testAccount)
			if err != nil {
				t.Fatal(err)
			}
			_, err = log.Append(t.Context(), "other", []load.Raw{{ID: "o", ObservedAt: testDay, Object: []byte("{}")}}, "after o")
			if err := errors.Join(err, log.Close()); err != nil {
				t.Fatal(err)
			}
			copyTo(filepath.Join(lakedir.RawDir, testAccount, "other", one+".parquet"), segment(two))(t, dir)
		}, false, "segment of another stream"},
		"segment of nobody": {copyTo(segment(one), segment("00000002-00000001")), false, "foreign file"},

		// Invariant 3: each object has its row or its reject, and no key is there twice.
		"row lost":            {inState("DELETE FROM things WHERE id = 'a'"), false, "state row removed"},
		"row of no object":    {inState("INSERT INTO things SELECT * REPLACE ('x' AS id, 'x' AS _source_id) FROM things WHERE id = 'a'"), false, "state row added"},
		"row twice":           {inState("INSERT INTO things FROM things WHERE id = 'a'"), false, "state row doubled"},
		"reject lost":         {inState("DELETE FROM meta.rejects"), false, "state row removed"},
		"row of another one":  {inState("UPDATE things SET account = 'acct_2' WHERE id = 'a'"), false, "state row moved to another account"},
		"object not known":    {inState("DELETE FROM state.objects WHERE id = 'a'"), false, "state row removed"},
		"object known twice":  {inState("INSERT INTO state.objects FROM state.objects WHERE id = 'a'"), false, "state row doubled"},
		"object of no log":    {inState("INSERT INTO state.objects SELECT * REPLACE ('x' AS id, hash('x') AS id_hash) FROM state.objects WHERE id = 'a'"), false, "state row added"},
		"object without hash": {inState("UPDATE state.objects SET hash = 0 WHERE id = 'a'"), false, "state row altered"},

		// Invariant 4: the position is that of the rows.
		"position ahead of the log":   {inState("UPDATE meta.positions SET segment = 4"), false, "position moved forward"},
		"position ahead of the state": {inState("DELETE FROM state.objects WHERE seq > 5"), false, "position moved forward"},
		"position behind":             {inState("UPDATE meta.positions SET segment = 2"), false, "position moved back"},
		"position lost":               {inState("DELETE FROM meta.positions"), false, "position moved back"},
		"position twice":              {inState("INSERT INTO meta.positions FROM meta.positions"), false, "position doubled"},

		// Invariant 6: what is known of an object is its newest version.
		"row of an older version": {inState("UPDATE things SET _seq = 1 WHERE id = 'a'"), false, "state row of another version"},
		"older version known":     {inState("UPDATE state.objects SET seq = 1 WHERE id = 'a'"), false, "state row altered"},
		"brought back":            {inState("UPDATE state.objects SET deleted = false WHERE id = 'b'"), false, "state row altered"},

		// Invariant 7: what is published is what the state linked, whole.
		"link rolled back": {func(t *testing.T, dir string) {
			remove("current")(t, dir)
			if err := os.Symlink(filepath.Join(".state", "generations", "000001"), filepath.Join(dir, "current")); err != nil {
				t.Fatal(err)
			}
		}, false, "generation rolled back"},
		"link missing":      {remove("current"), false, "generation missing"},
		"file missing":      {remove(part), false, "partition file missing"},
		"file torn":         {cut(part), false, "partition file truncated"},
		"file changed":      {flip(part), false, "partition file damaged"},
		"older file":        {copyTo(filepath.Join(".state", "generations", "000001", "things", "acct="+testAccount, "created_month=2024-01", "part-00.parquet"), part), false, "partition file from another generation"},
		"file of nobody":    {copyTo(part, filepath.Join(filepath.Dir(part), "part-01.parquet")), false, "foreign file"},
		"manifest changed":  {change(filepath.Join("current", lakedir.ManifestName), func(data []byte) []byte { return append(data, '\n') }), false, "manifest altered"},
		"warehouse written": {write(filepath.Join("current", lakedir.WarehouseName+".wal"), "x"), false, "warehouse written to"},
		"warehouse missing": {remove(filepath.Join("current", lakedir.WarehouseName)), false, "warehouse missing"},
		"other rows":        {inState("UPDATE things SET created = created + INTERVAL 1 SECOND WHERE id = 'a'"), true, "state row altered"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(t.TempDir(), "lake")
			if err := os.CopyFS(dir, os.DirFS(sound)); err != nil {
				t.Fatal(err)
			}
			tc.damage(t, dir)
			if diff := cmp.Diff(tc.want, strings.Join(findings(verified(t, dir, tc.rows)), ", ")); diff != "" {
				t.Errorf("found (-want +got):\n%s", diff)
			}
		})
	}
}

// Invariant 9: how far a stream was read is told of a log alone that is whole, and
// compared with Stripe where all of it is applied.
func TestDamagedLogTellsNoCoverage(t *testing.T) {
	t.Parallel()
	sound := soundLake(t)
	for name, tc := range map[string]struct {
		damage     damage
		cursors    []string
		comparable bool
	}{
		"nothing":          {func(*testing.T, string) {}, []string{"after b", "after r", "after b"}, true},
		"segment missing":  {remove(segment("00000002-00000002")), nil, false},
		"not all applied":  {inState("DELETE FROM state.objects WHERE seq > 5", "UPDATE meta.positions SET segment = 2"), []string{"after b", "after r", "after b"}, false},
		"cursor ahead":     {write(filepath.Join(filepath.Dir(segment("")), "cursor.json"), `{"after_segment":4,"cursor":"ahead"}`), nil, false},
		"cursor of before": {write(filepath.Join(filepath.Dir(segment("")), "cursor.json"), `{"after_segment":2,"cursor":"before"}`), []string{"after b", "after r", "after b"}, true},
		"newest cursor":    {write(filepath.Join(filepath.Dir(segment("")), "cursor.json"), `{"after_segment":3,"cursor":"quiet"}`), []string{"after b", "after r", "after b", "quiet"}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(t.TempDir(), "lake")
			if err := os.CopyFS(dir, os.DirFS(sound)); err != nil {
				t.Fatal(err)
			}
			tc.damage(t, dir)
			v := verified(t, dir, false)
			if diff := cmp.Diff(tc.cursors, v.Cursors(testAccount, testStream)); diff != "" {
				t.Errorf("cursors (-want +got):\n%s", diff)
			}
			if got := v.Comparable(testAccount, testStream); got != tc.comparable {
				t.Errorf("comparable: %t", got)
			}
		})
	}
}
