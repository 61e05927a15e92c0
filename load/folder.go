package load

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// Folders of the raw log may be links: people put what is large on another disk.
// Whoever lists folders does it by the functions here, so that no command takes
// less of a lake for the whole than another does. Files may not be links: one is
// replaced by a rename, and what it led to would stay (docs/adr/0035).

// subdirs returns the names of the folders in dir, in order.
func subdirs(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, leadsNowhere(dir)
	}
	var names []string
	for _, e := range entries {
		is, folderErr := e.IsDir(), error(nil)
		if isLink(e) {
			is, folderErr = isFolder(filepath.Join(dir, e.Name()))
		}
		if is {
			names = append(names, e.Name())
		}
		err = errors.Join(err, folderErr)
	}
	return names, err
}

func isLink(e fs.DirEntry) bool { return e.Type()&fs.ModeSymlink != 0 }

// isFolder reports whether a folder is at path, or a link leads to one there.
func isFolder(path string) (bool, error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, leadsNowhere(path)
	}
	return err == nil && info.IsDir(), err
}

// leadsNowhere is the error of a folder of the log that is not there because it, or
// one above it, is a link whose disk may not be there; nil if there is none. To go
// on would be to take a part of the lake for the whole.
func leadsNowhere(dir string) error {
	for up := 0; up <= linkedBelow; up++ {
		_, statErr := os.Stat(dir)
		if _, err := os.Lstat(dir); err == nil && errors.Is(statErr, fs.ErrNotExist) {
			return hinted(dir+" is a link that leads nowhere", "mount the disk that it leads to, or remove the link")
		}
		dir = filepath.Dir(dir)
	}
	return nil
}

// linkedFile says that a file is a link.
func linkedFile(path string) error {
	return hinted(path+" is a link", "put the file itself in its place: links are followed to folders only, or an erasure would leave what they lead to")
}

// linkedBelow is how deep below raw/ folders may be links: those of accounts and
// those of streams. No other link is followed: who knows where it leads.
const linkedBelow = 2

// walk calls f for dir and for each file and folder below it, of a folder before
// what is in it; fs.SkipDir leaves that out. It follows links so many levels deep.
// What goes meanwhile is passed over.
func walk(dir string, links int, f func(path string, isDir bool) error) error {
	if err := f(dir, true); errors.Is(err, fs.SkipDir) {
		return nil
	} else if err != nil {
		return err
	}
	entries, err := os.ReadDir(dir)
	for _, e := range entries {
		path, is, linkErr := filepath.Join(dir, e.Name()), e.IsDir(), error(nil)
		if isLink(e) && links > 0 {
			is, linkErr = isFolder(path)
		}
		switch {
		case linkErr != nil:
			err = linkErr
		case is:
			err = walk(path, links-1, f)
		default:
			err = f(path, false)
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return err
}

// walkLake is walk through a lake's folder, or a backup's, following what the log
// may have for links.
func walkLake(dir string, f func(path string, isDir bool) error) error {
	raw := filepath.Join(dir, rawDir)
	err := walk(dir, 0, func(path string, isDir bool) error {
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
	return walk(raw, linkedBelow, f)
}
