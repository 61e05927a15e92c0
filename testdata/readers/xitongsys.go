package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/xitongsys/parquet-go/parquet"
	"github.com/xitongsys/parquet-go/reader"
	"github.com/xitongsys/parquet-go/source"
)

// chunkRows is how many rows of a column are held at a time. A page is decoded
// whole by either reader; beyond that, memory does not grow with the file.
const chunkRows = 1024

// xitongsysFile is a Parquet file as xitongsys/parquet-go v1.6.2 reads it.
// Its column reader returns the levels beside the values and so needs no Go
// struct for the rows; it re-cases names, so columns are known by position.
type xitongsysFile struct {
	reader   *reader.ParquetReader
	rows     int64
	leaves   []leaf
	metadata map[string]string
}

func openXitongsys(path string) (f *xitongsysFile, err error) {
	defer recovered(&err)
	disk, err := openDisk(path)
	if err != nil {
		return nil, err
	}
	r, err := reader.NewParquetColumnReader(disk, 1)
	if err != nil {
		return nil, errors.Join(err, disk.Close())
	}
	f = &xitongsysFile{reader: r, rows: r.GetNumRows(), metadata: map[string]string{}}
	elements := make([]element, len(r.Footer.Schema))
	for i, e := range r.Footer.Schema {
		elements[i] = xitongsysElement(e, r.SchemaHandler.GetExName(i))
	}
	f.leaves = leaves(elements)
	for _, kv := range r.Footer.KeyValueMetadata {
		f.metadata[kv.Key] = kv.GetValue()
	}
	return f, nil
}

func xitongsysElement(e *parquet.SchemaElement, name string) element {
	out := element{
		name: name, children: int(e.GetNumChildren()), length: int(e.GetTypeLength()),
		converted: unset, scale: int(e.GetScale()), precision: int(e.GetPrecision()),
	}
	if e.RepetitionType != nil {
		out.repetition = e.RepetitionType.String()
	}
	if e.Type != nil {
		out.physical = e.Type.String()
	}
	if e.ConvertedType != nil {
		out.converted = int(*e.ConvertedType)
	}
	return out
}

func (f *xitongsysFile) close() error { return f.reader.PFile.Close() }

// xitongsysColumn steps through one column.
type xitongsysColumn struct {
	file    *xitongsysFile
	index   int
	values  []any
	reps    []int32
	defs    []int32
	rowsRun int64 // rows in the chunks read so far
}

func (f *xitongsysFile) column(index int) *xitongsysColumn {
	return &xitongsysColumn{file: f, index: index}
}

// next returns io.EOF after the last cell. The reader drops a page's error and
// returns what came before it, which is why an early end is an error here.
func (c *xitongsysColumn) next() (cell, error) {
	if len(c.values) == 0 {
		if c.rowsRun == c.file.rows {
			return cell{}, io.EOF
		}
		if err := c.fill(); err != nil {
			return cell{}, err
		}
	}
	out := cell{int(c.reps[0]), int(c.defs[0]), c.file.leaves[c.index].canonical(c.values[0])}
	c.values, c.reps, c.defs = c.values[1:], c.reps[1:], c.defs[1:]
	return out, nil
}

func (c *xitongsysColumn) fill() (err error) {
	defer recovered(&err)
	c.values, c.reps, c.defs, err = c.file.reader.ReadColumnByIndex(int64(c.index), chunkRows)
	if err != nil {
		return err
	}
	if len(c.values) == 0 {
		return fmt.Errorf("%d of %d rows read: %w", c.rowsRun, c.file.rows, io.ErrUnexpectedEOF)
	}
	for _, repetition := range c.reps {
		if repetition == 0 {
			c.rowsRun++
		}
	}
	return nil
}

// close frees the column's pages and its file; the reader would keep both.
func (c *xitongsysColumn) close() error {
	buffers := c.file.reader.ColumnBuffers
	path := c.file.reader.SchemaHandler.ValueColumns[c.index]
	buffer := buffers[path]
	delete(buffers, path)
	if buffer == nil {
		return nil
	}
	return buffer.PFile.Close()
}

// recovered turns the reader's panics on files it cannot read into errors.
func recovered(err *error) {
	if r := recover(); r != nil {
		*err = fmt.Errorf("xitongsys/parquet-go panics: %v", r)
	}
}

// diskFile is the read-only half of the file that the reader asks for.
type diskFile struct{ *os.File }

var _ source.ParquetFile = diskFile{}

func openDisk(path string) (diskFile, error) {
	f, err := os.Open(path)
	return diskFile{f}, err
}

// Open opens the same file again: each column has a handle of its own.
func (d diskFile) Open(string) (source.ParquetFile, error) { return openDisk(d.Name()) }

// Create is asked for by the type and never called by a reader.
func (d diskFile) Create(string) (source.ParquetFile, error) { return nil, errors.ErrUnsupported }
