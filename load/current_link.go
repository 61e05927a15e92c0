package load

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/stripelake/stripelake/internal/hint"
	"github.com/stripelake/stripelake/load/internal/atomicfile"
	"github.com/stripelake/stripelake/load/internal/lakedir"
)

// asideMark is part of the name of a file that was set aside. The time (UTC) follows
// it.
const asideMark = ".set-aside-"

// InPlaceOfLink describes what is in the place of the link to a generation, if that is
// no such link: a folder or a file, as archives and object stores without links produce
// it, or a link to another place. It returns "" if there is nothing, or a proper link.
func (gs Generations) InPlaceOfLink() string {
	info, err := os.Lstat(gs.lake.path(lakedir.LinkName))
	if _, linked := gs.Linked(); err != nil || linked {
		return ""
	}
	is := "a file"
	switch {
	case info.IsDir():
		is = "a folder"
	case info.Mode()&fs.ModeSymlink != 0:
		is = "a link to somewhere else"
	}
	return "is " + is + " and not the link to a generation"
}

// unpublishedError is the error for a lake without a published generation. It is
// fs.ErrNotExist.
type unpublishedError struct{}

func (e unpublishedError) Error() string { return e.Hint().Error() }

// Hint returns the error, and what to do about it.
func (unpublishedError) Hint() *hint.Error {
	return hint.New("nothing is published there yet", "run `stripelake sync` first")
}

func (unpublishedError) Is(target error) bool { return target == fs.ErrNotExist }

// PublishedDir returns the folder of the published generation of the lake in dir. It
// follows the link once: a sync that publishes meanwhile does not change the folder
// (Invariant 7). A folder in the link's place is read as it is. The error is
// fs.ErrNotExist if nothing is published; otherwise it has the advice about what is in
// the link's place.
func PublishedDir(dir string) (string, error) {
	l := Lake{dir: dir}
	published, err := filepath.EvalSymlinks(l.path(lakedir.LinkName))
	stands := l.Generations().InPlaceOfLink()
	if stands == "" && errors.Is(err, fs.ErrNotExist) {
		return "", unpublishedError{}
	}
	if stands != "" && err == nil {
		_, err = os.Stat(filepath.Join(published, lakedir.WarehouseName))
	}
	if stands != "" && err != nil {
		return "", hint.New(lakedir.LinkName+" "+stands, "run `stripelake sync`, which sets it aside and publishes anew")
	}
	return published, err
}

// PublishedNumber returns the number of the generation in a folder that [PublishedDir]
// returned. It reads the manifest, because a folder in the link's place has another
// name.
func PublishedNumber(published string) (uint64, error) {
	g, _, err := readManifest(published)
	if err != nil {
		return 0, fmt.Errorf("read the number of what is published: %w", err)
	}
	return g.Number, nil
}

// setLinkAside renames what is in the place of the link. Only its owner knows whether
// it is needed, so the program never removes it unasked.
func (gs Generations) setLinkAside() error {
	if gs.InPlaceOfLink() == "" {
		return nil
	}
	from := gs.lake.path(lakedir.LinkName)
	info, err := os.Lstat(from)
	if err != nil {
		return err
	}
	to := from + asideMark + time.Now().UTC().Format("20060102T150405Z")
	for n, base := 2, to; ; n++ {
		if _, err := os.Lstat(to); errors.Is(err, fs.ErrNotExist) {
			break
		}
		to = fmt.Sprintf("%s-%d", base, n)
	}
	if info.Mode()&fs.ModeSymlink == 0 {
		// It may hold customers' data. If it belongs to another user, the lake's folder
		// keeps others out.
		mode := fs.FileMode(0o600)
		if info.IsDir() {
			mode = 0o700
		}
		if err := os.Chmod(from, mode); err != nil && !errors.Is(err, fs.ErrPermission) {
			return err
		}
	}
	return atomicfile.Rename(from, to, atomicfile.Hooks{})
}

// ReadSetAside returns the names of the files in dir that were set aside from the place
// of the link. It takes no lock.
func ReadSetAside(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("look for what was set aside: %w", err)
	}
	var names []string
	for _, e := range entries {
		if ok, _ := filepath.Match(lakedir.LinkName+asideMark+"*", e.Name()); ok {
			names = append(names, e.Name())
		}
	}
	return names, nil
}

// RemoveSetAside removes the files that were set aside, and returns their names.
func (gs Generations) RemoveSetAside() ([]string, error) {
	names, err := ReadSetAside(gs.lake.dir)
	if err == nil {
		err = gs.removeAside(names)
	}
	if err != nil {
		return nil, fmt.Errorf("remove what was set aside: %w", err)
	}
	return names, nil
}

func (gs Generations) removeAside(names []string) (err error) {
	for _, name := range slices.Sorted(slices.Values(names)) {
		err = errors.Join(err, removeTree(gs.lake.path(name)))
	}
	if len(names) > 0 {
		err = errors.Join(err, atomicfile.Sync(gs.lake.dir))
	}
	return err
}

// removeTree removes a folder, even if a copy of a generation has read-only folders.
func removeTree(path string) error {
	if os.RemoveAll(path) == nil {
		return nil
	}
	_ = filepath.WalkDir(path, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() {
			err = os.Chmod(path, 0o700)
		}
		return err
	})
	return os.RemoveAll(path)
}
