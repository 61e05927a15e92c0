package verify

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/stripelake/stripelake/internal/sqltext"
	"github.com/stripelake/stripelake/load"
	"github.com/stripelake/stripelake/load/internal/duck"
	"github.com/stripelake/stripelake/load/internal/lakedir"
	"github.com/stripelake/stripelake/load/internal/oserr"
	"github.com/stripelake/stripelake/load/internal/parquetfile"
	"github.com/stripelake/stripelake/schemas"
)

// A place is one of the copies of a table's rows.
type place string

const (
	inRederived place = "derivation" // the log, mapped again
	inState     place = "state"
	inWarehouse place = "warehouse"
	inFiles     place = "partition"
)

// CheckRows compares the rows of each table in all places that hold it. It first
// compares hashes, which need little memory. It compares rows only where the hashes
// differ. If the log was mapped again ([Verification.AttachRederived]) its rows are the
// reference; otherwise the places that agree with each other are.
func (v *Verification) CheckRows(ctx context.Context) error {
	c := v.begin("", "rows", "rows")
	names := map[string]*load.TableLayout{}
	for _, t := range v.tables {
		names[t.Schema.Table] = t
	}
	for name := range v.current.Rows {
		if names[name] == nil {
			c.Note("%s: published, and not among the present schemas", name)
		}
	}
	upToDate, err := v.upToDate(ctx)
	if err != nil {
		return err
	}
	if v.noState == "" && v.current.Number > 0 && !upToDate {
		c.Note("the state is ahead of what is published; each is compared by itself")
	}
	for _, t := range v.tables {
		if same, err := v.sameColumns(ctx, t); err != nil || !same {
			if err != nil {
				return err
			}
			c.Note("%s: published with other columns than it has now; not compared", t.Schema.Table)
			delete(v.current.Rows, t.Schema.Table)
		}
		if err := v.compareTable(ctx, c, t, upToDate); err != nil {
			return fmt.Errorf("table %s: %w", t.Schema.Table, err)
		}
	}
	return nil
}

// upToDate reports whether the published generation has the revision of the state.
func (v *Verification) upToDate(ctx context.Context) (bool, error) {
	if v.noState != "" || v.current.Number == 0 {
		return false, nil
	}
	var lineage string
	var revision int64
	err := v.db.One(ctx, []any{&lineage, &revision}, "SELECT lineage, revision FROM work.state.info")
	return lineage == v.current.Lineage && revision == v.current.Revision, err
}

func (v *Verification) compareTable(ctx context.Context, c *Checked, t *load.TableLayout, upToDate bool) error {
	digests := map[place]string{}
	for _, at := range []place{inRederived, inState, inWarehouse} {
		digest, err := v.digest(ctx, c, t, at)
		if err != nil {
			return err
		}
		if digest != "" {
			digests[at] = digest
		}
	}
	if _, published := v.current.Rows[t.Schema.Table]; published {
		var err error
		if digests[inFiles], err = v.digestFiles(ctx, t); err != nil {
			return err
		}
	}
	c.LookedAt += rowsOf(digests)
	return v.judge(ctx, c, t, digests, upToDate)
}

// judge finds which places are wrong, and reports their rows.
func (v *Verification) judge(ctx context.Context, c *Checked, t *load.TableLayout, digests map[place]string, upToDate bool) error {
	groups := [][]place{{inRederived, inState, inWarehouse, inFiles}}
	if !upToDate {
		groups = [][]place{{inRederived, inState}, {inWarehouse, inFiles}}
	}
	for _, group := range groups {
		reference := referenceIn(digests, group)
		for _, at := range group {
			if digest, known := digests[at]; !known || digest == digests[reference] {
				continue
			}
			if err := v.tellRows(ctx, c, t, reference, at); err != nil {
				return err
			}
		}
	}
	return nil
}

// referenceIn returns the place to trust: the log mapped again, else two of three that
// agree, else the warehouse.
func referenceIn(digests map[place]string, group []place) place {
	present := slices.DeleteFunc(slices.Clone(group), func(p place) bool { return digests[p] == "" || digests[p] == unreadable })
	if slices.Contains(present, inRederived) {
		return inRederived
	}
	for i, p := range present {
		for _, q := range present[i+1:] {
			if digests[p] == digests[q] {
				return p
			}
		}
	}
	if slices.Contains(present, inWarehouse) {
		return inWarehouse
	}
	if len(present) > 0 {
		return present[0]
	}
	return inWarehouse
}

// digest hashes a table in a place. It returns "" if the place does not have the table
// or cannot be compared.
func (v *Verification) digest(ctx context.Context, c *Checked, t *load.TableLayout, at place) (string, error) {
	from := v.from(t, at)
	if from == "" {
		return "", nil
	}
	digest, err := duck.DigestRows(ctx, v.db.Session, from, columnsOf(t.Schema))
	switch {
	case err == nil:
		return digest, nil
	case ctx.Err() != nil || !duck.IsDamage(err):
		return "", err
	}
	v.add(c, Finding{string(at) + " damaged", t.Schema.Table, oserr.FirstLine(err), FixState})
	return "", nil
}

// from returns the SQL relation for a table in a place, or "" if the place does not
// have it.
func (v *Verification) from(t *load.TableLayout, at place) string {
	name := "main." + sqltext.Ident(t.Schema.Table)
	_, isPublished := v.current.Rows[t.Schema.Table]
	switch {
	case at == inRederived && v.rederived:
		return "rederived." + name
	case at == inState && v.noState == "":
		return "work." + name
	case at == inWarehouse && v.published && isPublished:
		return "warehouse." + name
	}
	return ""
}

// sameColumns reports whether the published table has the columns that are declared
// now. Between a rebuild and its publication it has not.
func (v *Verification) sameColumns(ctx context.Context, t *load.TableLayout) (bool, error) {
	if v.from(t, inWarehouse) == "" {
		return true, nil
	}
	published, err := v.publishedColumns(ctx, t.Schema.Table)
	return slices.EqualFunc(published, t.Schema.Columns(), func(name string, c schemas.Column) bool { return name == c.Name }), err
}

// filesOf returns the files of a table in the manifest.
func (v *Verification) filesOf(t *load.TableLayout) (files []load.File) {
	for _, f := range v.current.Files {
		if f.Table == t.Schema.Table {
			files = append(files, f)
		}
	}
	return files
}

func (v *Verification) pathOf(f load.File) string {
	return lakedir.Generation(v.lake.Dir(), v.current.Number, filepath.FromSlash(f.Path))
}

func (v *Verification) unreadable(f load.File) (bool, error) {
	info, err := os.Stat(v.pathOf(f))
	if err != nil || info.Size() == 0 {
		return true, nil //nolint:nilerr // the check of the files reports it
	}
	cut, err := parquetfile.LacksEnd(v.pathOf(f))
	return err != nil || cut, oserr.OnlyShortage(err)
}

// digestFiles hashes the rows of a table's files.
func (v *Verification) digestFiles(ctx context.Context, t *load.TableLayout) (string, error) {
	files := v.filesOf(t)
	if len(files) == 0 {
		return "0 rows  ", nil // the form of duck.DigestRows
	}
	paths := make([]string, len(files))
	for i, f := range files {
		if is, err := v.unreadable(f); is {
			return unreadable, err
		}
		paths[i] = v.pathOf(f)
	}
	digest, err := duck.DigestRows(ctx, v.db.Session, duck.FileRows(t.Schema, paths...), columnsOf(t.Schema))
	if err != nil && ctx.Err() == nil && duck.IsDamage(err) {
		return unreadable, nil
	}
	return digest, err
}

// unreadable is the digest of files that cannot be read.
const unreadable = "unreadable"

// rowsOf returns the number of rows behind the digests, the largest of them.
func rowsOf(digests map[place]string) int64 {
	var most int64
	for _, digest := range slices.Sorted(maps.Values(digests)) {
		var n int64
		if _, err := fmt.Sscanf(digest, "%d rows", &n); err == nil {
			most = max(most, n)
		}
	}
	return most
}
