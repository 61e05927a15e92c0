package main

import (
	"fmt"
	"io/fs"
	"path/filepath"
)

// parquetFiles lists the segments under raw and the partitions under current,
// in lexical order. A lake that lacks either is an error: an empty comparison
// proves nothing.
func parquetFiles(lake string) ([]string, error) {
	var files []string
	for _, part := range []string{"raw", "current"} {
		// current is a link to the newest generation, and WalkDir follows none.
		root, err := filepath.EvalSymlinks(filepath.Join(lake, part))
		if err != nil {
			return nil, err
		}
		found := len(files)
		err = filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
			if err == nil && entry.Type().IsRegular() && filepath.Ext(path) == ".parquet" {
				files = append(files, path)
			}
			return err
		})
		if err != nil {
			return nil, err
		}
		if len(files) == found {
			return nil, fmt.Errorf("%s: no Parquet file to compare", root)
		}
	}
	return files, nil
}
