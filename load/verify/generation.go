package verify

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/stripelake/stripelake/internal/sqltext"
	"github.com/stripelake/stripelake/load"
	"github.com/stripelake/stripelake/load/internal/duck"
	"github.com/stripelake/stripelake/load/internal/folder"
	"github.com/stripelake/stripelake/load/internal/lakedir"
	"github.com/stripelake/stripelake/load/internal/oserr"
)

// CheckGeneration checks the linked generation as a sync does, and more closely
// (Invariant 7): the state linked it, each file is there and as it was written, and
// there are no others.
func (v *Verification) CheckGeneration(ctx context.Context) error {
	c := v.begin("", "generation", "files")
	aside, err := load.ReadSetAside(v.lake.Dir())
	if err != nil {
		return err
	}
	for _, name := range aside {
		c.Note("%s stood in the place of the link that people read: look at it, and remove it", name)
	}
	if published, err := v.everPublished(ctx); err != nil || !published {
		if err == nil {
			c.Note("nothing is published yet")
		}
		return err
	}
	var found load.Defects
	if v.noState == "" {
		if found, err = v.lake.Generations().StrayDefects(ctx, v.db.Session); err != nil {
			return err
		}
	}
	depth := load.BySum
	if v.Sample > 0 {
		depth = load.ByMarks // CheckSampledRows reads some
	}
	found = append(found, v.lake.Generations().Defects(depth)...)
	if err := found.Unknown(); err != nil {
		return err
	}
	g, _, ok := v.lake.Generations().Manifest()
	if ok {
		v.current = g
		c.LookedAt = int64(len(g.Files) + 1)
	}
	for _, d := range found {
		c.Add(v.findingOf(d))
	}
	if !ok {
		return nil
	}
	root := lakedir.Generation(v.lake.Dir(), g.Number)
	if err := v.attachWarehouse(ctx, c, filepath.Join(root, lakedir.WarehouseName)); err != nil {
		return err
	}
	return unknownFiles(c, root, g)
}

// everPublished reports whether anything was ever published, even if it is missing now.
func (v *Verification) everPublished(ctx context.Context) (bool, error) {
	if _, linked := v.lake.Generations().Linked(); linked || v.lake.Generations().InPlaceOfLink() != "" {
		return true, nil
	}
	made, err := folder.Glob(filepath.Join(v.lake.Dir(), lakedir.StateDir, lakedir.GenerationsDir), "*", lakedir.ManifestName)
	if err != nil || len(made) > 0 || v.noState != "" {
		return len(made) > 0, err
	}
	known := 0
	err = v.db.One(ctx, []any{&known}, "SELECT count(*) FROM work.state.published")
	return known > 0, err
}

// findingOf turns a defect into a finding. It adds what only a closer look shows:
// whether a file comes from an older generation.
func (v *Verification) findingOf(d load.Defect) Finding {
	f := Finding{d.Name, d.What, d.Says, FixState}
	switch d.Name {
	case "generation missing", "partition file missing", "warehouse missing":
		f.Says = "" // the finding's name says it
	case "generation replaced":
		f.Fix = "run stripelake sync, which sets it aside and publishes anew"
	case "partition file of another size", "partition file truncated", "partition file damaged":
		name := strings.TrimPrefix(d.What, lakedir.LinkName+"/")
		if older, found := v.inOlder(filepath.Join(v.lake.Dir(), filepath.FromSlash(d.What)), name); found {
			f.Name, f.Says = "partition file from another generation", fmt.Sprintf("it is that of generation %d", older)
		}
	}
	return f
}

// inOlder finds an older generation that has the same file under this name, byte for
// byte.
func (v *Verification) inOlder(path, name string) (uint64, bool) {
	numbers, err := v.lake.Generations().Numbers()
	if err != nil {
		return 0, false
	}
	for _, n := range slices.Backward(numbers) {
		if n == v.current.Number {
			continue
		}
		if same, err := sameBytes(path, lakedir.Generation(v.lake.Dir(), n, filepath.FromSlash(name))); err == nil && same {
			return n, true
		}
	}
	return 0, false
}

func sameBytes(a, b string) (bool, error) {
	left, err := os.Open(a)
	if err != nil {
		return false, err
	}
	defer func() { _ = left.Close() }() // opened for reading only
	right, err := os.Open(b)
	if err != nil {
		return false, err
	}
	defer func() { _ = right.Close() }() // opened for reading only
	var x, y [64 << 10]byte
	for {
		n, err1 := io.ReadFull(left, x[:])
		m, err2 := io.ReadFull(right, y[:])
		if !bytes.Equal(x[:n], y[:m]) {
			return false, nil
		}
		if err1 != nil || err2 != nil {
			ended := errors.Is(err1, io.EOF) || errors.Is(err1, io.ErrUnexpectedEOF)
			return ended && n == m, nil
		}
	}
}

// attachWarehouse opens the published warehouse for reading.
func (v *Verification) attachWarehouse(ctx context.Context, c *Checked, path string) error {
	if slices.ContainsFunc(c.Findings, func(f Finding) bool { return f.Name == "warehouse missing" || f.Name == "warehouse damaged" }) {
		return nil
	}
	err := v.db.Run(ctx, "ATTACH "+sqltext.Literal(path)+" AS warehouse (READ_ONLY)")
	if err == nil {
		v.published = true
		err = v.readMeta(ctx)
	}
	if err == nil || ctx.Err() != nil || !duck.IsDamage(err) {
		return err
	}
	c.Add(Finding{"warehouse damaged", lakedir.LinkName + "/" + lakedir.WarehouseName, oserr.FirstLine(err), FixState})
	return nil
}

// readMeta reads the tables that later checks do not read. DuckDB verifies a checksum
// for each block that it reads.
func (v *Verification) readMeta(ctx context.Context) error {
	var statements []string
	var table string
	err := v.db.Each(ctx, []any{&table}, func() error {
		statements = append(statements, "SELECT max(COLUMNS(*)) FROM warehouse.meta."+sqltext.Ident(table))
		return nil
	}, "SELECT table_name FROM duckdb_tables() WHERE database_name = 'warehouse' AND schema_name = 'meta'")
	if err != nil {
		return err
	}
	return v.db.Run(ctx, statements...)
}

// unknownFiles reports Parquet files that the manifest does not name: whoever reads a
// folder by a glob pattern reads them too.
func unknownFiles(c *Checked, root string, g load.Generation) error {
	known := map[string]bool{}
	for _, f := range g.Files {
		known[f.Path] = true
	}
	return filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, err := filepath.Rel(root, path)
		if name = filepath.ToSlash(name); err == nil && !known[name] && strings.HasSuffix(name, ".parquet") {
			c.Add(Finding{"foreign file", lakedir.LinkName + "/" + name, "the manifest does not name it", "move it out of the generation"})
		}
		return err
	})
}
