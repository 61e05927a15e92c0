package parquetfile

import (
	"errors"
	"io"
	"os"
)

// IsMarked reports whether a file begins and ends as Parquet does, with a footer
// where its end says that there is one.
func IsMarked(path string, size int64) (bool, error) {
	f, err := os.Open(path)
	if err != nil {
		return false, err
	}
	defer func() { _ = f.Close() }() // only read from
	head, err1 := hasMark(f, 0)
	begins, err2 := beginsFooter(f, size)
	return err1 == nil && err2 == nil && head && begins, nil
}

// parquetMark is what a Parquet file begins and ends with.
const parquetMark = "PAR1"

// hasMark reports whether the mark stands at a place.
func hasMark(r io.ReaderAt, at int64) (bool, error) {
	var mark [len(parquetMark)]byte
	if _, err := r.ReadAt(mark[:], at); err != nil && !errors.Is(err, io.EOF) {
		return false, err
	}
	return string(mark[:]) == parquetMark, nil
}

// LacksEnd reports whether a file does not end as Parquet does.
func LacksEnd(path string) (bool, error) {
	f, err := os.Open(path)
	if err != nil {
		return false, err
	}
	defer func() { _ = f.Close() }() // only read from
	info, err := f.Stat()
	if err != nil || info.Size() < 12 {
		return true, err
	}
	marked, err := hasMark(f, info.Size()-int64(len(parquetMark)))
	return err == nil && !marked, err
}
