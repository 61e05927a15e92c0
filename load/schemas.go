package load

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/stripelake/stripelake/internal/hint"
	"github.com/stripelake/stripelake/load/internal/atomicfile"
	"github.com/stripelake/stripelake/load/internal/duck"
	"github.com/stripelake/stripelake/load/internal/oserr"
	"github.com/stripelake/stripelake/schemas"
)

// schemaTables are the statements for the tables that record what the state was built
// with: the files of the schema set and, for each table, a fingerprint of all that
// decides its rows and the id of its derivation. A table that is derived again gets a
// new id.
var schemaTables = []string{
	"CREATE TABLE state.schemas (path VARCHAR, text VARCHAR)",
	"CREATE TABLE state.tables (name VARCHAR, fingerprint VARCHAR, derivation VARCHAR, streams VARCHAR, main VARCHAR)",
}

const schemasName = "schemas.json"

// Change is a table whose schema in the state differs from the one that the lake was
// opened with.
type Change struct {
	Table string `json:"table"`
	What  string `json:"what"` // "changed", "new" or "removed"
}

// ReadSchemas returns the files of the schema set that the published generation was
// built with, by path. dir is the lake's folder.
func ReadSchemas(dir string) (map[string]string, error) {
	published, err := PublishedDir(dir)
	if err != nil {
		return nil, fmt.Errorf("read the schemas of %s: %w", dir, err)
	}
	return SchemasIn(published)
}

// SchemasIn returns the files of the schema set of the generation in a folder, by path.
// It is an error if they are damaged.
func SchemasIn(generation string) (files map[string]string, err error) {
	path := filepath.Join(generation, schemasName)
	g, _, err := readManifest(generation)
	sum := ""
	if err == nil {
		sum, err = sumFile(path)
	}
	if err == nil && g.SchemasSum != "" && g.SchemasSum != sum {
		err = errors.New("it is not as it was written")
	}
	if err == nil {
		err = atomicfile.ReadJSON(path, &files)
	}
	if oserr.IsShortage(err) {
		return nil, err
	}
	if err != nil {
		return nil, hint.New(fmt.Sprintf("read %s: %v", path, err), "run `stripelake sync`, which publishes it anew")
	}
	return files, nil
}

// Schemas returns the files of the schema set that the state is built with, by path.
func (s *State) Schemas(ctx context.Context) (map[string]string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return FilesIn(ctx, s.db.Session, "state.schemas")
}

// FilesIn reads a table of files and returns their texts by path.
func FilesIn(ctx context.Context, q duck.Session, table string) (map[string]string, error) {
	files := map[string]string{}
	var path, text string
	err := q.Each(ctx, []any{&path, &text}, func() error {
		files[path] = text
		return nil
	}, "SELECT path, text FROM "+table)
	return files, err
}

// storeSet records the set that the lake was opened with, for tables that were just
// created.
func (s *State) storeSet(ctx context.Context) error {
	if err := s.storeFiles(ctx); err != nil {
		return err
	}
	return s.feed.Insert(ctx, s.db.Session, "state.tables", len(s.tables), func(i int) []any {
		t := s.tables[i]
		return []any{t.Schema.Table, t.fingerprint(), rand.Text(), strings.Join(t.Streams, " "), t.Main}
	}, duck.KindText, duck.KindText, duck.KindText, duck.KindText, duck.KindText)
}

func (s *State) storeFiles(ctx context.Context) error {
	if err := s.db.Run(ctx, "DELETE FROM state.schemas"); err != nil {
		return err
	}
	files := s.lake.opts.Schemas
	paths := slices.Sorted(maps.Keys(files))
	return s.feed.Insert(ctx, s.db.Session, "state.schemas", len(paths), func(i int) []any { return []any{paths[i], files[paths[i]]} },
		duck.KindText, duck.KindText)
}

// fingerprint hashes everything that decides a table's content.
func (t *TableLayout) fingerprint() string {
	h := sha256.New()
	fmt.Fprintln(h, t.Fingerprint, duck.CreateTable(t.Schema), t.Schema.PrimaryKey, t.Streams, t.Main)
	return fmt.Sprintf("%x", h.Sum(nil)[:16])
}

// storedTable is a row of state.tables.
type storedTable struct{ name, fingerprint, derivation, streams, main string }

// builtAlike reports whether rows of both fit into one table.
func (t storedTable) builtAlike(other storedTable) bool {
	t.derivation, other.derivation = "", ""
	return t == other
}

// storedTables returns the tables that the state was built with.
func storedTables(ctx context.Context, q duck.Session) ([]storedTable, error) {
	var all []storedTable
	var t storedTable
	err := q.Each(ctx, []any{&t.name, &t.fingerprint, &t.derivation, &t.streams, &t.main}, func() error {
		all = append(all, t)
		return nil
	}, "SELECT name, fingerprint, derivation, streams, main FROM state.tables ORDER BY rowid")
	return all, err
}

// changes compares the tables that the lake was opened with and those that the state
// was built with.
func changes(given []*TableLayout, stored []storedTable) []Change {
	var out []Change
	for _, t := range given {
		i := slices.IndexFunc(stored, func(s storedTable) bool { return s.name == t.Schema.Table })
		switch {
		case i < 0:
			out = append(out, Change{t.Schema.Table, "new"})
		case stored[i].fingerprint != t.fingerprint():
			out = append(out, Change{t.Schema.Table, "changed"})
		}
	}
	for _, s := range stored {
		if !slices.ContainsFunc(given, func(t *TableLayout) bool { return t.Schema.Table == s.name }) {
			out = append(out, Change{s.name, "removed"})
		}
	}
	return out
}

// compareSet checks whether the state's tables are those that the lake was opened with.
// If not, the state continues with its own tables: rows of two mappings never mix in
// one table. compareSet returns the reason if the state cannot continue and must be
// replaced.
func (s *State) compareSet(ctx context.Context) (reason string, err error) {
	stored, err := storedTables(ctx, s.db.Session)
	if err != nil {
		return "", err
	}
	if s.Stale = changes(s.tables, stored); len(s.Stale) == 0 {
		return "", s.redescribe(ctx)
	}
	files, err := FilesIn(ctx, s.db.Session, "state.schemas")
	if err != nil || len(files) == 0 {
		s.Stale = nil
		return "schemas or mappings changed", err
	}
	set, err := schemas.LoadFiles(files)
	if err != nil {
		return "", fmt.Errorf("the lake was built with schemas that this program cannot read: run `stripelake rebuild --all`: %w", err)
	}
	var declared []Table
	for _, t := range stored {
		schema := set.Table(t.name)
		if schema == nil {
			return "", hint.New(fmt.Sprintf("the lake was built with a table %s that its schemas do not declare", t.name), "run `stripelake rebuild --all`")
		}
		declared = append(declared, Table{Schema: schema, Streams: strings.Fields(t.streams), Main: t.main, KeyIsID: set.KeyIsID(schema)})
	}
	s.tables, err = LayOut(declared)
	return "", err
}

// redescribe updates what may change without a new derivation: titles, descriptions and
// comments.
func (s *State) redescribe(ctx context.Context) error {
	var kept string
	err := s.db.One(ctx, []any{&kept}, "SELECT fingerprint FROM state.info")
	if err != nil || kept == s.lake.fingerprint() {
		return err
	}
	return s.db.InTx(ctx, func() error {
		if err := s.db.Run(ctx, "DELETE FROM meta.tables", "DELETE FROM meta.columns", "CREATE SCHEMA IF NOT EXISTS "+flatSchema); err != nil {
			return err
		}
		for _, t := range s.tables {
			if err := s.db.Run(ctx, append(duck.Comments(t.Schema), flatView(t.Schema)...)...); err != nil {
				return err
			}
		}
		if err := errors.Join(s.describeTables(ctx), s.storeFiles(ctx)); err != nil {
			return err
		}
		_, err := s.db.Exec(ctx, "UPDATE state.info SET fingerprint = ?, revision = revision + 1", s.lake.fingerprint())
		return err
	})
}
