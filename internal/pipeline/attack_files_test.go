package pipeline_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// files are the kinds of files that a lake has.
var lakeFiles = []string{
	"raw/*/*/*.parquet", "raw/*/*/*.parquet", "raw/*/*/*.parquet", "raw/*/*/cursor.json", "lake.json", "schemas/*.json", ".state/status.json",
	".state/work.duckdb", ".state/work.duckdb", ".state/work.duckdb.wal", ".state/generations/*/generation.json", ".state/generations/*/schemas.json",
	".state/generations/*/warehouse.duckdb", ".state/generations/*/*/*/*/*.parquet", ".state/generations/*/*/*/*/*.parquet",
}

// fileIlls are what becomes of one file of a lake.
var fileIlls = map[string]func(w *world, path string) error{
	"bit flipped": func(w *world, path string) error {
		return changed(path, func(data []byte) []byte {
			if len(data) > 0 {
				data[w.random.IntN(len(data))] ^= byte(1 << w.random.IntN(8))
			}
			return data
		})
	},
	"footer flipped": func(w *world, path string) error {
		return changed(path, func(data []byte) []byte {
			if n := min(len(data), 400); n > 0 {
				data[len(data)-1-w.random.IntN(n)] ^= byte(1 << w.random.IntN(8))
			}
			return data
		})
	},
	"truncated": func(w *world, path string) error {
		return changed(path, func(data []byte) []byte { return data[:w.random.IntN(len(data)+1)] })
	},
	"emptied": func(_ *world, path string) error { return changed(path, func([]byte) []byte { return nil }) },
	"garbage": func(w *world, path string) error {
		return changed(path, func(data []byte) []byte {
			for i := range data {
				data[i] = byte(w.random.Uint32())
			}
			return data
		})
	},
	"zeros": func(w *world, path string) error {
		return changed(path, func(data []byte) []byte {
			clear(data[w.random.IntN(len(data)+1):])
			return data
		})
	},
	"longer": func(_ *world, path string) error {
		return changed(path, func(data []byte) []byte { return append(data, "more"...) })
	},
	"removed":            func(_ *world, path string) error { return os.Remove(path) },
	"of an earlier time": func(w *world, path string) error { return w.from(w.former, path) },
	"of another lake":    func(w *world, path string) error { return w.from(w.stranger, path) },
}

// changed writes a file anew: it may be linked from elsewhere, or closed.
func changed(path string, change func([]byte) []byte) error {
	data, err := os.ReadFile(path)
	if err == nil {
		err = os.Remove(path)
	}
	if err == nil {
		err = os.WriteFile(path, change(data), 0o600)
	}
	return err
}

// from puts a file in the place of one of the same kind.
func (w *world) from(lake, path string) error {
	name, err := filepath.Rel(w.lake, path)
	if err != nil {
		return err
	}
	parts := strings.Split(filepath.ToSlash(name), "/")
	for i := range parts { // what differs from lake to lake
		if strings.HasPrefix(parts[i], "acct") || parts[max(i-1, 0)] == "generations" {
			parts[i] = "*"
		}
	}
	source, ok := w.pick(lake, strings.Join(parts, "/"))
	if !ok {
		return fs.ErrNotExist
	}
	data, err := os.ReadFile(source)
	if err != nil {
		return err
	}
	return changed(path, func([]byte) []byte { return data })
}

// pick chooses a file or folder of a lake.
func (w *world) pick(lake, pattern string) (path string, ok bool) {
	paths, err := filepath.Glob(filepath.Join(lake, pattern))
	if err != nil || len(paths) == 0 {
		return "", false
	}
	slices.Sort(paths)
	return paths[w.random.IntN(len(paths))], true
}

// name is a path as people write it: inside the lake.
func (w *world) name(path string) string {
	name, err := filepath.Rel(w.lake, path)
	if err != nil {
		return path
	}
	return filepath.ToSlash(name)
}
