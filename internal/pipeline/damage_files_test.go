package pipeline_test

import (
	"errors"
	"os"
	"path/filepath"
)

func write(name, content string) func(string) error {
	return func(dir string) error {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return err
		}
		return os.WriteFile(path, []byte(content), 0o600)
	}
}

// remove makes what matches a pattern disappear.
func remove(pattern string) func(string) error {
	return each(pattern, os.RemoveAll)
}

func rename(pattern, to string) func(string) error {
	return each(pattern, func(path string) error { return os.Rename(path, filepath.Join(filepath.Dir(path), to)) })
}

func each(pattern string, do func(path string) error) func(string) error {
	return func(dir string) error {
		paths, err := filepath.Glob(filepath.Join(dir, pattern))
		if err == nil && len(paths) == 0 {
			err = errors.New("nothing matches " + pattern)
		}
		for _, path := range paths {
			err = errors.Join(err, do(path))
		}
		return err
	}
}
