package load

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
)

// CheckGeneration compares the files of the linked generation with its manifest
// (Invariant 7): each is there, is as large as it was made, and is the
// generation's own; nothing else is.
func (v *Verification) CheckGeneration(ctx context.Context) error {
	c := v.begin("", "generation", "files")
	aside, err := ReadSetAside(v.lake.dir)
	if err != nil {
		return err
	}
	for _, name := range aside {
		c.Note("%s stood in the place of the link that people read: look at it, and remove it", name)
	}
	number, linked := v.lake.linked()
	if !linked {
		if stands := v.lake.inPlaceOfLink(); stands != "" {
			c.Add(Finding{"generation replaced", linkName, stands, "run stripelake sync, which sets it aside and publishes anew"})
			return nil
		}
		made, err := filepath.Glob(v.lake.path(stateDir, generationsDir, "*", manifestName))
		if len(made) > 0 {
			c.Add(Finding{"generation missing", "current", "the link that people read is not there", fixState})
		} else {
			c.Note("nothing is published yet")
		}
		return err
	}
	if ok, err := v.readManifest(ctx, c, number); !ok || err != nil {
		return err
	}
	root := v.lake.generationPath(number)
	known := map[string]bool{manifestName: true, schemasName: true, warehouseName: true}
	for _, f := range v.current.Files {
		c.LookedAt++
		known[f.Path] = true
		if name, says := v.fileAmiss(filepath.Join(root, filepath.FromSlash(f.Path)), f.Path, f.Bytes); name != "" {
			c.Add(Finding{"partition file " + name, "current/" + f.Path, says, fixState})
		}
	}
	c.LookedAt++
	if name, says := v.fileAmiss(filepath.Join(root, warehouseName), warehouseName, v.current.Warehouse); name == "missing" || name == "truncated" {
		c.Add(Finding{"warehouse " + name, "current/" + warehouseName, says, fixState})
	} else if name != "" {
		c.Add(Finding{"warehouse written to", "current/" + warehouseName, says, fixState})
	}
	if err := v.attachWarehouse(ctx, c, filepath.Join(root, warehouseName)); err != nil {
		return err
	}
	return unknownFiles(c, root, known)
}

// readManifest reads what the generation says of itself, and whether the state
// knows it.
func (v *Verification) readManifest(ctx context.Context, c *Checked, number uint64) (bool, error) {
	g, sum, ok := v.lake.manifest()
	if !ok {
		path := v.lake.relative(v.lake.generationPath(number, manifestName))
		c.Add(Finding{"manifest damaged", path, "it is missing, unreadable or another generation's", fixState})
		return false, nil
	}
	v.current = g
	if v.noState != "" {
		return true, nil
	}
	known, err := v.remembered(ctx, "work")
	if name, says := stray(g, sum, known); name != "" {
		c.Add(Finding{name, linkName, says, fixState})
	}
	return true, err
}

// fileAmiss says in a word what is wrong with a file of the generation.
func (v *Verification) fileAmiss(path, name string, size int64) (amiss, says string) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return "missing", ""
	case info.Size() == size:
		return "", ""
	}
	says = fmt.Sprintf("%d bytes, and it was made with %d", info.Size(), size)
	if older, found := v.inOlder(path, name); found {
		return "from another generation", fmt.Sprintf("it is that of generation %d", older)
	}
	if cut, err := lacksEnd(path); info.Size() < size && (err != nil || cut) {
		return "truncated", says
	}
	return "of another size", says
}

// inOlder finds a file under its name in an older generation, byte for byte.
func (v *Verification) inOlder(path, name string) (uint64, bool) {
	numbers, err := v.lake.generations()
	if err != nil {
		return 0, false
	}
	for _, n := range slices.Backward(numbers) {
		if n == v.current.Number {
			continue
		}
		if same, err := sameBytes(path, v.lake.generationPath(n, filepath.FromSlash(name))); err == nil && same {
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
	defer func() { _ = left.Close() }() // only read from
	right, err := os.Open(b)
	if err != nil {
		return false, err
	}
	defer func() { _ = right.Close() }() // only read from
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
	if _, err := os.Stat(path); err != nil {
		return nil //nolint:nilerr // told already
	}
	err := v.run(ctx, "ATTACH "+literal(path)+" AS warehouse (READ_ONLY)")
	if err == nil {
		v.published = true
		return nil
	}
	if ctx.Err() != nil || passing(err) {
		return err
	}
	c.Add(Finding{"warehouse damaged", "current/" + warehouseName, firstLine(err), fixState})
	return nil
}

// unknownFiles tells of Parquet files that the manifest does not name: whoever
// reads a folder by a pattern reads them too.
func unknownFiles(c *Checked, root string, known map[string]bool) error {
	return filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, err := filepath.Rel(root, path)
		if name = filepath.ToSlash(name); err == nil && !known[name] && strings.HasSuffix(name, ".parquet") {
			c.Add(Finding{"foreign file", "current/" + name, "the manifest does not name it", "move it out of the generation"})
		}
		return err
	})
}
