package pipeline_test

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// lakeIlls are what becomes of a lake as a whole, by those who mean well.
var lakeIlls = map[string]func(w *world) error{
	"segments swapped": func(w *world) error { return w.swap("raw/*/*/*.parquet", "raw/*/*/*.parquet") },
	"cursors swapped":  func(w *world) error { return w.swap("raw/*/*/cursor.json", "raw/*/*/cursor.json") },
	"parts swapped":    func(w *world) error { return w.swap("current/*/*/*/*.parquet", "current/*/*/*/*.parquet") },
	"manifests swapped": func(w *world) error {
		return w.swap(".state/generations/*/generation.json", ".state/generations/*/generation.json")
	},
	"a stream is gone":             func(w *world) error { return w.gone("raw/*/*") },
	"an account's log is gone":     func(w *world) error { return w.gone("raw/*") },
	"a stream's segments are gone": func(w *world) error { return w.goneAll("raw/*/*", "*.parquet") },
	"a stream of another":          (*world).another,
	"the state is gone":            func(w *world) error { return w.gone(".state/work.duckdb") },
	"all that is derived is gone":  func(w *world) error { return w.gone(".state") },
	"a generation is gone":         func(w *world) error { return w.gone(".state/generations/*") },
	"a table is gone":              func(w *world) error { return w.gone("current/*/acct=*") },
	"current is gone":              func(w *world) error { return os.Remove(filepath.Join(w.lake, "current")) },
	"current leads back":           (*world).rollBack,
	"current leads nowhere":        func(w *world) error { return dangle(w.lake) },
	"current is a folder":          (*world).unlink,
	"a generation is copied":       (*world).copyGeneration,
	"stray files":                  (*world).stray,
	"a segment under another name": (*world).renumber,
	"a rebuild's state is garbage": func(w *world) error { return w.put(".state/next.duckdb") },
	"a write-ahead log is garbage": func(w *world) error { return w.put(".state/work.duckdb.wal") },
	"an erasure is garbage":        func(w *world) error { return w.put("forget.json") },
	"a list of names is garbage":   func(w *world) error { return w.put("forgotten.json") },
	"a repair's record is garbage": func(w *world) error { return w.beside("repair.json") },
	"a loss's record is garbage":   func(w *world) error { return w.beside("lost.json") },
	"the state and lake.json of an earlier time": func(w *world) error {
		return w.both(".state/work.duckdb", "lake.json")
	},
	"the state and current of an earlier time": func(w *world) error {
		if err := w.from(w.former, filepath.Join(w.lake, ".state/work.duckdb")); err != nil {
			return err
		}
		return w.rollBack()
	},
}

func (w *world) both(names ...string) error {
	for _, name := range names {
		if err := w.from(w.former, filepath.Join(w.lake, name)); err != nil {
			return err
		}
	}
	return nil
}

func (w *world) swap(one, other string) error {
	a, ok := w.pick(w.lake, one)
	b, also := w.pick(w.lake, other)
	if !ok || !also || a == b {
		return fs.ErrNotExist
	}
	w.tell("%s and %s", w.name(a), w.name(b))
	first, err := os.ReadFile(a)
	if err != nil {
		return err
	}
	second, err := os.ReadFile(b)
	if err == nil {
		err = changed(a, func([]byte) []byte { return second })
	}
	if err == nil {
		err = changed(b, func([]byte) []byte { return first })
	}
	return err
}

func (w *world) gone(pattern string) error {
	path, ok := w.pick(w.lake, pattern)
	if !ok {
		return fs.ErrNotExist
	}
	w.tell("%s", w.name(path))
	return os.RemoveAll(path)
}

func (w *world) goneAll(folder, pattern string) error {
	path, ok := w.pick(w.lake, folder)
	if !ok {
		return fs.ErrNotExist
	}
	w.tell("%s", w.name(path))
	paths, err := filepath.Glob(filepath.Join(path, pattern))
	for _, path := range paths {
		err = os.Remove(path)
	}
	return err
}

// another puts a stream of a time before in the place of a stream.
func (w *world) another() error {
	path, ok := w.pick(w.lake, "raw/*/*")
	info, err := os.Stat(path)
	if !ok || err != nil || !info.IsDir() {
		return fs.ErrNotExist
	}
	from := filepath.Join(w.former, w.name(path))
	if _, err := os.Stat(from); err != nil {
		return err
	}
	w.tell("%s", w.name(path))
	if err := os.RemoveAll(path); err != nil {
		return err
	}
	return os.CopyFS(path, os.DirFS(from))
}

func (w *world) rollBack() error {
	path, ok := w.pick(w.lake, ".state/generations/*")
	if !ok {
		return fs.ErrNotExist
	}
	w.tell("%s", w.name(path))
	return asLink(w.name(path))(w.lake)
}

// unlink makes a folder of the link that people read, as cp -L does.
func (w *world) unlink() error {
	path := filepath.Join(w.lake, "current")
	from, err := filepath.EvalSymlinks(path)
	if err == nil {
		err = os.Remove(path)
	}
	if err == nil {
		err = os.CopyFS(path, os.DirFS(from))
	}
	return err
}

// copyGeneration makes a generation of another number of one.
func (w *world) copyGeneration() error {
	path, ok := w.pick(w.lake, ".state/generations/*")
	if !ok {
		return fs.ErrNotExist
	}
	to := filepath.Join(filepath.Dir(path), fmt.Sprintf("%06d", plural(filepath.Base(path))+1+w.random.IntN(3)))
	w.tell("%s to %s", w.name(path), filepath.Base(to))
	if _, err := os.Stat(to); err == nil {
		if err := os.RemoveAll(to); err != nil {
			return err
		}
	}
	return os.CopyFS(to, os.DirFS(path))
}

// stray leaves files where nobody expects any.
func (w *world) stray() error {
	var folders []string
	err := filepath.WalkDir(w.lake, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() {
			folders = append(folders, path)
		}
		return err
	})
	for range 1 + w.random.IntN(4) {
		name := []string{"mine.parquet", ".DS_Store", "notes.txt", "x.tmp-123", "charges", "00000009-00000009.parquet.tmp", "Thumbs.db"}[w.random.IntN(7)]
		path := filepath.Join(folders[w.random.IntN(len(folders))], name)
		if _, already := os.Lstat(path); err == nil && already != nil {
			w.tell("%s", w.name(path))
			err = os.WriteFile(path, []byte("stray"), 0o600)
		}
	}
	return err
}

func (w *world) renumber() error {
	path, ok := w.pick(w.lake, "raw/*/*/*.parquet")
	if !ok {
		return fs.ErrNotExist
	}
	n := plural(filepath.Base(path)) + 1 + w.random.IntN(2)
	to := filepath.Join(filepath.Dir(path), fmt.Sprintf("%08[1]d-%08[1]d.parquet", n))
	w.tell("%s to %s", w.name(path), filepath.Base(to))
	return os.Rename(path, to)
}

// put writes garbage, or nothing, under a name.
func (w *world) put(name string) error {
	text := []string{"", "{", "{}", "null", "[]", "garbage", string(bytes.Repeat([]byte{0}, 5000))}[w.random.IntN(7)]
	w.tell("%s is %.20q", name, text)
	return os.WriteFile(filepath.Join(w.lake, name), []byte(text), 0o600)
}

// beside puts garbage beside a segment.
func (w *world) beside(ending string) error {
	path, ok := w.pick(w.lake, "raw/*/*/*.parquet")
	if !ok {
		return fs.ErrNotExist
	}
	return w.put(strings.TrimSuffix(w.name(path), "parquet") + ending)
}
