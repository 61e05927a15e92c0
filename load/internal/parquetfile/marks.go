package parquetfile

import (
	"errors"
	"io"
	"os"
)

// IsMarked reports whether a file of this size begins and ends as a Parquet file does,
// and its footer begins where its end says.
func IsMarked(path string, size int64) (bool, error) {
	f, err := os.Open(path)
	if err != nil {
		return false, err
	}
	defer func() { _ = f.Close() }() // opened for reading only
	head, err1 := hasMark(f, 0)
	begins, err2 := beginsFooter(f, size)
	return err1 == nil && err2 == nil && head && begins, nil
}

// parquetMark begins and ends a Parquet file.
const parquetMark = "PAR1"

// hasMark reports whether the mark is at an offset.
func hasMark(r io.ReaderAt, at int64) (bool, error) {
	var mark [len(parquetMark)]byte
	if _, err := r.ReadAt(mark[:], at); err != nil && !errors.Is(err, io.EOF) {
		return false, err
	}
	return string(mark[:]) == parquetMark, nil
}

// LacksEnd reports whether a file does not end as a Parquet file does.
func LacksEnd(path string) (bool, error) {
	f, err := os.Open(path)
	if err != nil {
		return false, err
	}
	defer func() { _ = f.Close() }() // opened for reading only
	info, err := f.Stat()
	if err != nil || info.Size() < 12 {
		return true, err
	}
	marked, err := hasMark(f, info.Size()-int64(len(parquetMark)))
	return err == nil && !marked, err
}
