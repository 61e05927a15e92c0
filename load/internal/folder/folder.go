package folder

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/stripelake/stripelake/internal/hint"
)

// Subdirs returns the names of the folders in dir, in order.
func Subdirs(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, BrokenLink(dir)
	}
	var names []string
	for _, e := range entries {
		is, folderErr := e.IsDir(), error(nil)
		if IsLink(e) {
			is, folderErr = Exists(filepath.Join(dir, e.Name()))
		}
		if is {
			names = append(names, e.Name())
		}
		err = errors.Join(err, folderErr)
	}
	return names, err
}

// IsLink reports a symbolic link.
func IsLink(e fs.DirEntry) bool { return e.Type()&fs.ModeSymlink != 0 }

// Exists reports whether a folder is at path, or a link leads to one there.
func Exists(path string) (bool, error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, BrokenLink(path)
	}
	return err == nil && info.IsDir(), err
}

// BrokenLink is the error of a folder of the log that is not there because it, or
// one above it, is a link whose disk may not be there; nil if there is none. To go
// on would be to take a part of the lake for the whole.
func BrokenLink(dir string) error {
	for up := 0; up <= MaxLinks; up++ {
		_, statErr := os.Stat(dir)
		if _, err := os.Lstat(dir); err == nil && errors.Is(statErr, fs.ErrNotExist) {
			return hint.New(dir+" is a link that leads nowhere", "mount the disk that it leads to, or remove the link")
		}
		dir = filepath.Dir(dir)
	}
	return nil
}

// LinkedFile says that a file is a link.
func LinkedFile(path string) error {
	return hint.New(path+" is a link", "put the file itself in its place: links are followed to folders only, or an erasure would leave what they lead to")
}

// MaxLinks is how deep below raw/ folders may be links: those of accounts and
// those of streams. No other link is followed: who knows where it leads.
const MaxLinks = 2

// Walk calls f for dir and for each file and folder below it, of a folder before
// what is in it; fs.SkipDir leaves that out. It follows links so many levels deep.
// What goes meanwhile is passed over.
func Walk(dir string, links int, f func(path string, isDir bool) error) error {
	if err := f(dir, true); errors.Is(err, fs.SkipDir) {
		return nil
	} else if err != nil {
		return err
	}
	entries, err := os.ReadDir(dir)
	for _, e := range entries {
		path, is, linkErr := filepath.Join(dir, e.Name()), e.IsDir(), error(nil)
		if IsLink(e) && links > 0 {
			is, linkErr = Exists(path)
		}
		switch {
		case linkErr != nil:
			err = linkErr
		case is:
			err = Walk(path, links-1, f)
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

// Glob is filepath.Glob below a folder, with a pattern for each level, that tells
// of folders that it cannot look into.
func Glob(dir string, patterns ...string) (paths []string, err error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return nil, nil
	}
	for _, e := range entries {
		matched, badErr := filepath.Match(patterns[0], e.Name())
		err = errors.Join(err, badErr)
		path := filepath.Join(dir, e.Name())
		switch {
		case !matched:
		case len(patterns) == 1:
			paths = append(paths, path)
		default:
			below, belowErr := Glob(path, patterns[1:]...)
			paths, err = append(paths, below...), errors.Join(err, belowErr)
		}
	}
	return paths, err
}
