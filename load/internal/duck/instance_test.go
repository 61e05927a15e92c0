package duck

import (
	"os"
	"path/filepath"
	"testing"
)

func TestThreadsFor(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "work.duckdb")
	for _, tc := range []struct{ size, want int64 }{{-1, 4}, {0, 1}, {soloBytes - 1, 1}, {soloBytes, 4}} {
		if tc.size >= 0 {
			if err := os.WriteFile(file, nil, 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.Truncate(file, tc.size); err != nil {
				t.Fatal(err)
			}
		}
		if got := ThreadsFor(4, file); int64(got) != tc.want {
			t.Errorf("%d bytes: %d threads, want %d", tc.size, got, tc.want)
		}
	}
}
