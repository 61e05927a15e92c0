package main

import (
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
)

// compareFiles compares the Parquet files of a lake and writes the differences
// and one summary line to out. It stops after the first file that differs.
func compareFiles(lake string, out io.Writer) error {
	files, err := parquetFiles(lake)
	if err != nil {
		return err
	}
	var total tally
	for _, file := range files {
		counted, differences, err := compare(file, file)
		if err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		total.add(counted)
		for _, d := range differences {
			fmt.Fprintf(out, "%s: %s\n", file, d)
		}
		if len(differences) > 0 {
			return fmt.Errorf("%s: the readers disagree", file)
		}
	}
	_, err = fmt.Fprintf(out, "%d files, %d rows, %d cells: both readers in Go agree\n", total.files, total.rows, total.cells)
	return err
}

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
