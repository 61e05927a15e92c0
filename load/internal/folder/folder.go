package folder

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/stripelake/stripelake/internal/hint"
)

// Subdirs returns the names of the folders in dir, sorted. A missing dir has none.
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

// IsLink reports whether e is a symbolic link.
func IsLink(e fs.DirEntry) bool { return e.Type()&fs.ModeSymlink != 0 }

// Exists reports whether path is a folder or a link to one.
func Exists(path string) (bool, error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, BrokenLink(path)
	}
	return err == nil && info.IsDir(), err
}

// BrokenLink returns an error if the folder dir is missing because it, or a folder
// above it, is a link to a missing place: its disk may not be mounted. It returns nil
// otherwise. To continue would be to take a part of the lake for the whole.
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

// LinkedFile returns the error for a file that is a link.
func LinkedFile(path string) error {
	return hint.New(path+" is a link", "put the file itself in its place: links are followed to folders only, or an erasure would leave what they lead to")
}

// MaxLinks is the depth below raw/ to which folders may be links: those of accounts and
// those of streams. No other link is followed, because it may lead anywhere.
const MaxLinks = 2

// Walk calls f for dir and for each file and folder below it, for a folder before its
// content. If f returns fs.SkipDir, Walk skips the folder. It follows links to folders
// down to links levels below dir. It ignores files that disappear meanwhile.
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

// Glob is filepath.Glob below a folder, with one pattern for each level. Unlike
// filepath.Glob it returns an error for folders that it cannot read.
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
