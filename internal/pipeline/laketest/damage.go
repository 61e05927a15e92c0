package laketest

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// EachFile returns a damage that does something to each file that matches. It fails
// where none does.
func EachFile(pattern string, do func(path string) error) func(string) error {
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

// RemoveFiles returns a damage that removes what matches.
func RemoveFiles(pattern string) func(string) error {
	return EachFile(pattern, os.RemoveAll)
}

// RenameFile returns a damage that renames what matches, in its folder.
func RenameFile(pattern, to string) func(string) error {
	return EachFile(pattern, func(path string) error { return os.Rename(path, filepath.Join(filepath.Dir(path), to)) })
}

// TruncateFile returns a damage that leaves 100 bytes of what matches.
func TruncateFile(pattern string) func(string) error {
	return EachFile(pattern, func(path string) error { return os.Truncate(path, 100) })
}

// Shorten returns a damage that cuts bytes off the end of what matches.
func Shorten(pattern string, less int64) func(string) error {
	return EachFile(pattern, func(path string) error {
		info, err := os.Stat(path)
		if err != nil {
			return err
		}
		return os.Truncate(path, info.Size()-less)
	})
}

// WriteFile returns a damage that puts a file in a lake.
func WriteFile(name, content string) func(string) error {
	return func(dir string) error {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return err
		}
		return os.WriteFile(path, []byte(content), 0o600)
	}
}

// Altered returns a damage that changes a file's bytes, in a copy of its own: the
// file may be linked.
func Altered(pattern string, change func([]byte) []byte) func(string) error {
	return EachFile(pattern, func(path string) error {
		data, err := os.ReadFile(path)
		if err == nil {
			err = os.Remove(path)
		}
		if err == nil {
			err = os.WriteFile(path, change(data), 0o600)
		}
		return err
	})
}

// FlipBit returns a damage that changes one bit, a third into each file that matches.
func FlipBit(pattern string) func(string) error {
	return Altered(pattern, func(data []byte) []byte {
		data[len(data)/3] ^= 0x10
		return data
	})
}

// FlipBitAt returns a damage that changes one bit of a byte, counted from the end if
// at is negative.
func FlipBitAt(pattern string, at int) func(string) error {
	return Altered(pattern, func(data []byte) []byte {
		data[(at+len(data))%len(data)] ^= 0x04
		return data
	})
}

// EditFooter returns a damage that changes the last digit of a value in a segment's
// footer.
func EditFooter(pattern, key string) func(string) error {
	return Altered(pattern, func(data []byte) []byte {
		at := bytes.LastIndex(data, []byte(key)) + len(key) + 1 // the value's length
		data[at+int(data[at])] ^= 1
		return data
	})
}

// ReplaceText returns a damage that replaces a text in what matches.
func ReplaceText(pattern, old, with string) func(string) error {
	return Altered(pattern, func(data []byte) []byte { return bytes.ReplaceAll(data, []byte(old), []byte(with)) })
}

// Duplicate returns a damage that copies a file within its folder.
func Duplicate(pattern, as string) func(string) error {
	return CopyFiles(pattern, filepath.Dir(pattern), as)
}

// CopyFiles returns a damage that copies what matches into the one folder that
// matches.
func CopyFiles(pattern, folder, as string) func(string) error {
	return func(dir string) error {
		folders, err := filepath.Glob(filepath.Join(dir, folder))
		if err != nil || len(folders) != 1 {
			return fmt.Errorf("%v %w", folders, err)
		}
		return EachFile(pattern, func(path string) error {
			data, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			return os.WriteFile(filepath.Join(folders[0], as), data, 0o600)
		})(dir)
	}
}

// SwapFiles returns a damage by which two files change their places.
func SwapFiles(a, b string) func(string) error {
	return func(dir string) error {
		var paths []string
		keep := func(path string) error {
			paths = append(paths, path)
			return nil
		}
		err := errors.Join(EachFile(a, keep)(dir), EachFile(b, keep)(dir))
		return errors.Join(err, os.Rename(paths[0], paths[0]+"x"), os.Rename(paths[1], paths[0]), os.Rename(paths[0]+"x", paths[1]))
	}
}
