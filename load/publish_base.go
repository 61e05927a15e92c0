package load

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"

	"github.com/stripelake/stripelake/load/internal/atomicfile"
	"github.com/stripelake/stripelake/load/internal/filelock"
	"github.com/stripelake/stripelake/load/internal/lakedir"
)

// The warehouse of the generation that a publish would remove becomes the one of the
// new generation, if nobody has it open: what changed since is written into it. This
// costs what changed; a copy costs the whole state (docs/adr/0051). All doubt leads to
// a copy.

// patchShare is the part of a warehouse's size that may be patched into it, in bytes of
// raw JSON, before it is copied again. So copies cost at most a few times what changes,
// and a patched file stays about as compact as the state.
const patchShare = 4

// baseFolder is the name of the generation that goes, in the folder of the new one.
const baseFolder = "base" + atomicfile.TempSuffix

// findBase returns the generation whose warehouse can become the new one's. The state
// must have made it and every generation since: then state.dirty has every change.
func (p *publisher) findBase(ctx context.Context) (base Generation, ok bool, err error) {
	old, err := p.lake.Generations().old(p.Number)
	if err != nil || len(old) == 0 || p.prev.Number == 0 {
		return base, false, err
	}
	base, sum, err := readManifest(p.lake.Generations().path(old[len(old)-1]))
	if err != nil {
		return base, false, nil //nolint:nilerr // a copy needs no base
	}
	bases, err := publications(ctx, p.db.Session, "work.state.bases")
	_, linked, _ := p.lake.Generations().Manifest()
	if err != nil || base.Number >= p.prev.Number || !isKnown(sum, bases) || !isKnown(linked, bases) || !p.fits(base) {
		return base, false, err
	}
	ok, err = p.pays(ctx, base)
	return base, ok, err
}

// pays reports whether a patch takes less time than a copy. It compares one partition
// of a table after the other, which takes as long as the copy of a MiB each; the marts
// of a copy take as long as some of them (measured).
func (p *publisher) pays(ctx context.Context, base Generation) (bool, error) {
	const marts = 32
	var changed int64
	err := p.db.One(ctx, []any{&changed}, `SELECT count(*) FROM (SELECT DISTINCT "table", account, partition FROM state.dirty WHERE revision > ?)`, base.Revision)
	return changed <= marts+base.Warehouse>>20 || p.lake.opts.warehouseBy == byPatch, err
}

// fits reports whether a generation differs from the new one only by changes that the
// state knows, and by few enough of them.
func (p *publisher) fits(base Generation) bool {
	return base.Lineage == p.Lineage && base.Export == p.Export && base.Layout == p.Layout && maps.Equal(base.Derived, p.Derived) &&
		patchShare*(base.Patched+p.bytesSince(base.Positions)) <= base.Warehouse &&
		len(p.lake.Generations().fileDefects(base, BySize)) == 0
}

// takeBase removes a generation and makes its warehouse a temporary file of the new
// one. The folder goes first, in one rename: after a crash the old generation is whole
// or gone. Then the file leaves the folder, so that nobody who has that open finds it.
// Only then nobody can open the file any more, and it is of use if nobody has. All of
// this is on the disk before the file is changed (Invariant 7).
func (p *publisher) takeBase(base Generation, tmp string) error {
	from, to := p.lake.Generations().path(base.Number), filepath.Join(p.dir, baseFolder)
	if err := os.Rename(from, to); err != nil {
		return err
	}
	err := os.Rename(filepath.Join(to, lakedir.WarehouseName), tmp)
	err = errors.Join(err, os.RemoveAll(to))
	if err == nil && !filelock.IsUnread(tmp) {
		err = errors.New("it is in use")
	}
	if err == nil {
		err = atomicfile.SyncAll([]string{p.dir, filepath.Dir(from)})
	}
	if err == nil {
		err = os.Chmod(tmp, 0o600)
	}
	return err
}

// layout hashes everything in a warehouse that no row of the state says: its views with
// their comments, the comments of its tables, and meta.lake.
func (p *publisher) layout(ctx context.Context) (string, error) {
	var declared string
	if err := p.db.One(ctx, []any{&declared}, "SELECT fingerprint || ' ' || duckdb FROM state.info"); err != nil {
		return "", err
	}
	h := sha256.New()
	fmt.Fprintln(h, declared, strings.Join(lakeTable, "\n"))
	for _, t := range p.tables {
		if t.Schema.History {
			fmt.Fprintln(h, strings.Join(historyView(t.Schema), "\n"))
		}
	}
	for _, v := range p.lake.opts.Views {
		fmt.Fprintln(h, strings.Join(v.Statements(), "\n"))
	}
	return fmt.Sprintf("%x", h.Sum(nil)[:16]), nil
}

// noteBases records, in the transaction of note, which generations may become the base
// of a later one, and removes the changes before the oldest of them.
func (p *publisher) noteBases(ctx context.Context) error {
	bases, err := publications(ctx, p.db.Session, "work.state.bases")
	if err != nil {
		return err
	}
	keep := p.lake.opts.KeepGenerations
	if p.prev.Number == 0 || !isNewest(p.prev.Number, bases) {
		keep = 0 // changes since the others may be unknown
	}
	statements := []string{
		fmt.Sprintf("DELETE FROM state.bases WHERE generation NOT IN (SELECT generation FROM state.bases ORDER BY generation DESC LIMIT %d)", keep),
		fmt.Sprintf("INSERT INTO state.bases SELECT generation, revision, manifest FROM state.published WHERE generation = %d", p.Number),
		"DELETE FROM state.dirty WHERE revision <= (SELECT min(revision) FROM state.bases)",
	}
	return p.db.Run(ctx, statements...)
}

func isNewest(number uint64, all []publication) bool {
	return len(all) > 0 && all[len(all)-1].generation == number
}
