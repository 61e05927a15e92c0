package load

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stripelake/stripelake/internal/sqltext"
	"github.com/stripelake/stripelake/load/internal/duck"
	"github.com/stripelake/stripelake/load/internal/lakedir"
)

// Instants in the published files are in UTC with a zone, nested ones too, and equal
// those of the warehouse. Instants in the warehouse and the raw log have no zone. No
// column has Parquet's JSON type, which not every reader knows.
func TestFilesSayUTC(t *testing.T) {
	t.Parallel()
	k := newLake(t)
	c := charge("ch_1", "paid", "it_1")
	c.Row = map[string]any{"address": map[string]any{"geo": map[string]any{"at": "2024-02-29 12:00:00"}}}
	k.sync(c)
	g := k.publish()
	for _, f := range g.Files {
		path := k.Generations().path(g.Number, filepath.FromSlash(f.Path))
		of := sqltext.Literal(path)
		want := map[string]string{"charges": "at created deleted_seen_at synced_at", "items": "created deleted_seen_at synced_at"}[f.Table]
		expect(t, f.Table+": instants of UTC", k.rows("SELECT string_agg(name, ' ' ORDER BY name) FROM parquet_schema("+of+") WHERE logical_type LIKE 'TimestampType(isAdjustedToUTC=1,%'"), want)
		expect(t, f.Table+": others", k.rows("SELECT name FROM parquet_schema("+of+") WHERE converted_type LIKE 'TIMESTAMP%' AND logical_type NOT LIKE '%isAdjustedToUTC=1%'"))
		expect(t, f.Table+": JSON is text", k.rows("SELECT name FROM parquet_schema("+of+") WHERE converted_type = 'JSON' OR logical_type LIKE 'Json%'"))
		columns := "id, epoch_us(created), epoch_us(synced_at)"
		if f.Table == "charges" {
			columns += ", epoch_us(address.geo.at)"
		}
		rows := "SELECT concat_ws(' ', " + columns + ") FROM "
		expect(t, f.Table+": rows", k.rows(rows+duck.ReadParquet([]string{path})), k.rows(rows+f.Table)...)
	}
	expect(t, "types of the warehouse", k.rows("SELECT DISTINCT data_type FROM duckdb_columns() WHERE NOT internal AND data_type LIKE 'TIMESTAMP%'"), "TIMESTAMP")
	raw := sqltext.Literal(filepath.Join(k.dir, "raw", "*", "*", "*.parquet"))
	expect(t, "the raw log", k.rows("SELECT DISTINCT concat_ws(' ', name, logical_type LIKE '%isAdjustedToUTC=0%') FROM parquet_schema("+raw+") WHERE converted_type LIKE 'TIMESTAMP%' OR logical_type LIKE 'Timestamp%' ORDER BY ALL"),
		"created true", "observed_at true")
}

// Files of another export version are not kept with new ones: DuckDB would use the
// types of the first file for all.
func TestAnotherExportIsNotLinked(t *testing.T) {
	t.Parallel()
	k := newLake(t)
	k.sync(charge("ch_1", "paid"), on("2024-02-01", charge("ch_2", "paid")))
	before := k.publish()
	manifest := k.Generations().path(before.Number, lakedir.ManifestName)
	text, err := os.ReadFile(manifest)
	if err != nil {
		t.Fatal(err)
	}
	former := map[string]any{}
	if err := json.Unmarshal(text, &former); err != nil {
		t.Fatal(err)
	}
	delete(former, "export") // earlier versions wrote no export
	if text, err = json.Marshal(former); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(manifest, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(manifest, text, 0o600); err != nil {
		t.Fatal(err)
	}
	if needed, err := k.state.NeedsPublish(t.Context()); err != nil || !needed {
		t.Fatal("nothing is to be published", err)
	}
	after := k.publish()
	if len(after.Files) != len(before.Files) {
		t.Fatalf("files %v, were %v", files(after), files(before))
	}
	for i, f := range after.Files {
		was, err1 := os.Stat(k.Generations().path(before.Number, filepath.FromSlash(before.Files[i].Path)))
		is, err2 := os.Stat(k.Generations().path(after.Number, filepath.FromSlash(f.Path)))
		if err1 != nil || err2 != nil || os.SameFile(was, is) {
			t.Errorf("%s is the file that was there: %v", f.Path, fmt.Sprint(err1, err2))
		}
	}
	if needed, err := k.state.NeedsPublish(t.Context()); err != nil || needed {
		t.Error("something is still to be published", err)
	}
}

// verify and Digest compare the warehouse with the rows of the files, whichever version
// exported them.
func TestFormerFilesHaveTheSameRows(t *testing.T) {
	t.Parallel()
	k := newLake(t)
	k.sync(charge("ch_1", "paid"))
	g := k.publish()
	file := k.Generations().path(g.Number, filepath.FromSlash(g.Files[0].Path))
	former := filepath.Join(t.TempDir(), "former.parquet")
	if _, err := k.state.db.Exec(t.Context(), "COPY charges TO "+sqltext.Literal(former)+" (FORMAT parquet)"); err != nil {
		t.Fatal(err)
	}
	rows := func(from string) string { return strings.Join(k.rows("SELECT c::VARCHAR FROM "+from+" c"), "\n") }
	for _, path := range []string{file, former} {
		if got, want := rows(duck.FileRows(chargeSchema(), path)), rows("charges"); got != want {
			t.Errorf("%s has\n%s\nwant\n%s", path, got, want)
		}
	}
}
