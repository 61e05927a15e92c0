package forecast_test

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stripelake/stripelake/extract"
	"github.com/stripelake/stripelake/internal/pipeline/laketest"
)

func client(t *testing.T, key, api string) *extract.Client {
	t.Helper()
	c, err := extract.New(extract.Config{Key: key, BaseURL: api, MaxRPS: 100_000})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// sync copies an account into a lake, and returns the client that read it.
func sync(t *testing.T, dir, api string) *extract.Client {
	t.Helper()
	s := laketest.NewSync(dir, api, nil)
	if err := laketest.Run(s); err != nil {
		t.Fatal(err)
	}
	return s.Client
}

// tree is each file below a folder with when it was written.
func tree(t *testing.T, dir string) map[string]string {
	t.Helper()
	found := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := os.Lstat(path)
		if err == nil {
			found[path] = fmt.Sprint(info.Size(), info.ModTime())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}
