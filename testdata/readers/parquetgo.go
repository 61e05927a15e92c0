package main

import (
	"errors"
	"io"
	"os"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"
)

// parquetGoFile is a Parquet file as parquet-go/parquet-go reads it.
type parquetGoFile struct {
	disk     *os.File
	rows     int64
	leaves   []leaf
	columns  []*parquet.Column
	metadata map[string]string
}

func openParquetGo(path string) (*parquetGoFile, error) {
	disk, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	info, err := disk.Stat()
	if err != nil {
		return nil, errors.Join(err, disk.Close())
	}
	opened, err := parquet.OpenFile(disk, info.Size())
	if err != nil {
		return nil, errors.Join(err, disk.Close())
	}
	footer := opened.Metadata()
	f := &parquetGoFile{disk: disk, rows: footer.NumRows, metadata: map[string]string{}}
	elements := make([]element, len(footer.Schema))
	for i := range footer.Schema {
		elements[i] = parquetGoElement(&footer.Schema[i])
	}
	f.leaves = leaves(elements)
	f.columns = leafColumns(opened.Root(), nil)
	for _, kv := range footer.KeyValueMetadata {
		f.metadata[kv.Key] = kv.Value
	}
	return f, nil
}

func parquetGoElement(e *format.SchemaElement) element {
	out := element{
		name: e.Name, children: int(e.NumChildren.V), length: int(e.TypeLength.V),
		converted: unset, scale: int(e.Scale.V), precision: int(e.Precision.V),
	}
	if e.RepetitionType.Valid {
		out.repetition = e.RepetitionType.V.String()
	}
	if e.Type.Valid {
		out.physical = e.Type.V.String()
	}
	if e.ConvertedType.Valid {
		out.converted = int(e.ConvertedType.V)
	}
	return out
}

func leafColumns(c *parquet.Column, found []*parquet.Column) []*parquet.Column {
	if c.Leaf() {
		return append(found, c)
	}
	for _, child := range c.Columns() {
		found = leafColumns(child, found)
	}
	return found
}

func (f *parquetGoFile) close() error { return f.disk.Close() }

// parquetGoColumn steps through one column.
type parquetGoColumn struct {
	leaf   leaf
	pages  parquet.Pages
	page   parquet.Page // the page that values point into
	reader parquet.ValueReader
	buffer [chunkRows]parquet.Value
	values []parquet.Value
}

func (f *parquetGoFile) column(index int) *parquetGoColumn {
	return &parquetGoColumn{leaf: f.leaves[index], pages: f.columns[index].Pages()}
}

// next returns io.EOF after the last cell.
func (c *parquetGoColumn) next() (cell, error) {
	for len(c.values) == 0 {
		if err := c.fill(); err != nil {
			return cell{}, err
		}
	}
	v := c.values[0]
	c.values = c.values[1:]
	return cell{v.RepetitionLevel(), v.DefinitionLevel(), c.leaf.canonical(plain(v))}, nil
}

func (c *parquetGoColumn) fill() error {
	if c.page == nil {
		page, err := c.pages.ReadPage()
		if err != nil {
			return err
		}
		c.page, c.reader = page, page.Values()
	}
	n, err := c.reader.ReadValues(c.buffer[:])
	c.values = c.buffer[:n]
	if n > 0 || err == nil {
		return nil
	}
	parquet.Release(c.page)
	c.page = nil
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

func (c *parquetGoColumn) close() error {
	parquet.Release(c.page)
	return c.pages.Close()
}

// plain copies the value out of its page.
func plain(v parquet.Value) any {
	if v.IsNull() {
		return nil
	}
	switch v.Kind() {
	case parquet.Boolean:
		return v.Boolean()
	case parquet.Int32:
		return v.Int32()
	case parquet.Int64:
		return v.Int64()
	case parquet.Float:
		return v.Float()
	case parquet.Double:
		return v.Double()
	default:
		return string(v.Bytes())
	}
}
