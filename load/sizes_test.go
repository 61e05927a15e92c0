package load

import (
	"os"
	"path/filepath"
	"testing"
)

// ReadRoom measures the nearest existing folder, and creates nothing.
func TestRoom(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "not", "yet")
	room, err := ReadRoom(dir)
	if err != nil || !room.Writable || room.Free == 0 {
		t.Errorf("%+v, %v", room, err)
	}
	if _, err := os.Stat(dir); err == nil {
		t.Error("measuring made the folder")
	}
	if os.Getuid() == 0 {
		return // this user may write everywhere
	}
	closed := t.TempDir()
	if err := os.Chmod(closed, 0o500); err != nil {
		t.Fatal(err)
	}
	if room, err := ReadRoom(closed); err != nil || room.Writable {
		t.Errorf("%+v, %v", room, err)
	}
}
