package lakedir

import (
	"io/fs"
	"os"
	"path/filepath"

	"github.com/stripelake/stripelake/load/internal/folder"
)

// Walk walks through a lake's folder or a backup's. It follows links only where the log
// may have them.
func Walk(dir string, f func(path string, isDir bool) error) error {
	raw := filepath.Join(dir, RawDir)
	err := folder.Walk(dir, 0, func(path string, isDir bool) error {
		switch {
		case path != raw:
			return f(path, isDir)
		case isDir:
			return fs.SkipDir
		}
		return nil
	})
	if _, rawErr := os.Stat(raw); err != nil || rawErr != nil {
		return err
	}
	return folder.Walk(raw, folder.MaxLinks, f)
}
