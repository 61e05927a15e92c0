package lakedir

import (
	"io/fs"
	"os"
	"path/filepath"

	"github.com/stripelake/stripelake/load/internal/folder"
)

// Walk is walk through a lake's folder, or a backup's, following what the log
// may have for links.
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
