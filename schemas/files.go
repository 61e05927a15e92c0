package schemas

import (
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"time"
)

// Files returns the files that the set was read from, by path. A lake stores them, so
// that the declarations behind a table can always be read again.
func (s *Set) Files() map[string]string { return maps.Clone(s.files) }

// LoadFiles loads a set from the result of Files.
func LoadFiles(files map[string]string) (*Set, error) { return Load(memory(files)) }

// WithoutPrivacy loads the set's files again without its policy: every declared field
// is included, as it was sent.
func (s *Set) WithoutPrivacy() (*Set, error) {
	files := s.Files()
	delete(files, privacyFile)
	return LoadFiles(files)
}

// memory is a file system of texts by path, with only the methods that Load needs.
type memory map[string]string

func (m memory) Open(name string) (fs.File, error) {
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrInvalid}
}

func (m memory) ReadFile(name string) ([]byte, error) {
	text, ok := m[name]
	if !ok {
		return nil, &fs.PathError{Op: "read", Path: name, Err: fs.ErrNotExist}
	}
	return []byte(text), nil
}

func (m memory) ReadDir(dir string) ([]fs.DirEntry, error) {
	var entries []fs.DirEntry
	for _, name := range slices.Sorted(maps.Keys(m)) {
		if path.Dir(name) == strings.TrimSuffix(dir, "/") {
			entries = append(entries, entry(path.Base(name)))
		}
	}
	return entries, nil
}

// entry is the name of one file.
type entry string

func (e entry) Name() string               { return string(e) }
func (e entry) IsDir() bool                { return false }
func (e entry) Type() fs.FileMode          { return 0 }
func (e entry) Info() (fs.FileInfo, error) { return info{e}, nil }

type info struct{ entry }

func (i info) Size() int64        { return 0 }
func (i info) Mode() fs.FileMode  { return 0 }
func (i info) ModTime() time.Time { return time.Time{} }
func (i info) Sys() any           { return nil }
