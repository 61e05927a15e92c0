package atomicfile

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
)

// Invariants 1 and 2: a file is whole under its final name, or is not there. It gets
// that name after all of it is on the disk, and an error leaves nothing behind.
func TestWriteIsAllOrNothing(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	for name, tc := range map[string]struct {
		prepare func(path string) error
		write   error // of the content, after half of it
		fails   bool
	}{
		"new":      {},
		"replaced": {prepare: func(path string) error { return os.WriteFile(path, []byte("old"), 0o600) }},
		"broken":   {write: broken, fails: true},
		// Whatever is written to the null device is taken, and cannot be flushed.
		"not flushed": {prepare: func(path string) error { return os.Symlink(os.DevNull, path+TempSuffix) }, fails: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "file")
			if tc.prepare != nil {
				if err := tc.prepare(path); err != nil {
					t.Fatal(err)
				}
			}
			before, _ := os.ReadFile(path)
			hits := ""
			look := func(moment, want string) func() {
				return func() {
					hits += moment
					if got, _ := os.ReadFile(path); string(got) != want {
						t.Errorf("%s: %q is there, want %q", moment, got, want)
					}
				}
			}
			m := Hooks{Written: look("written ", string(before)), Renamed: look("renamed ", "whole"), Synced: look("synced ", "whole")}
			err := Write(path, m, func(w io.Writer) error {
				_, err1 := io.WriteString(w, "wh")
				look("half ", string(before))()
				_, err2 := io.WriteString(w, "ole")
				return errors.Join(err1, err2, tc.write)
			})
			want, wantHits := "whole", "half written renamed synced "
			if tc.fails {
				want, wantHits = string(before), "half "
			}
			if got, _ := os.ReadFile(path); (err != nil) != tc.fails || string(got) != want || hits != wantHits {
				t.Errorf("%v: %q is there, want %q; moments %s", err, got, want, hits)
			}
			if _, err := os.Lstat(path + TempSuffix); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("left over: %v", err)
			}
		})
	}
}

// Invariants 1 and 2: a name is durable only once its folder is flushed, so that
// nobody is told of success before.
func TestNameIsFlushed(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "folder")
	if err := MakeDir(dir); err != nil {
		t.Fatal(err)
	}
	leave := func() { // the folder that is to be flushed is not there
		if err := os.Rename(dir, dir+".away"); err != nil {
			t.Error(err)
		}
	}
	synced := false
	err := Write(filepath.Join(dir, "file"), Hooks{Renamed: leave, Synced: func() { synced = true }}, func(w io.Writer) error { return nil })
	if !errors.Is(err, os.ErrNotExist) || synced {
		t.Errorf("the folder was not flushed, and that was no error: %v", err)
	}
}
