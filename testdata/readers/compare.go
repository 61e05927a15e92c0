package main

import (
	"errors"
	"fmt"
	"io"
	"maps"
)

// maxDifferences is how many a file may show before the rest is left out.
const maxDifferences = 10

// tally counts what was compared.
type tally struct{ files, rows, cells int64 }

func (t *tally) add(o tally) {
	t.files += o.files
	t.rows += o.rows
	t.cells += o.cells
}

// difference is one cell on which the readers disagree.
type difference struct {
	row    int64 // from 0, as DuckDB's file_row_number
	column string
	x, p   string // as xitongsys and as parquet-go have it
}

func (d difference) String() string {
	return fmt.Sprintf("row %d, column %s: xitongsys has %s, parquet-go has %s", d.row, d.column, d.x, d.p)
}

// compare reads xPath with xitongsys and pPath with parquet-go. The two are
// the same file but in tests, which show that a difference would be seen. A
// file that either cannot read, or whose schemas, row counts or key-value
// metadata differ, is an error.
func compare(xPath, pPath string) (counted tally, found []difference, err error) {
	x, err := openXitongsys(xPath)
	if err != nil {
		return tally{}, nil, fmt.Errorf("open with xitongsys/parquet-go: %w", err)
	}
	defer func() { err = errors.Join(err, x.close()) }()
	p, err := openParquetGo(pPath)
	if err != nil {
		return tally{}, nil, fmt.Errorf("open with parquet-go/parquet-go: %w", err)
	}
	defer func() { err = errors.Join(err, p.close()) }()
	if err := compareFooters(x, p); err != nil {
		return tally{}, nil, err
	}

	counted = tally{files: 1, rows: p.rows}
	for i, l := range p.leaves {
		cells, differences, err := compareColumn(x.column(i), p.column(i))
		if err != nil {
			return counted, found, fmt.Errorf("column %s: %w", l.path, err)
		}
		counted.cells += cells
		if found = append(found, differences...); len(found) >= maxDifferences {
			return counted, found[:maxDifferences], nil
		}
	}
	return counted, found, nil
}

func compareFooters(x *xitongsysFile, p *parquetGoFile) error {
	if x.rows != p.rows {
		return fmt.Errorf("footer: xitongsys has %d rows, parquet-go has %d", x.rows, p.rows)
	}
	if len(x.leaves) != len(p.leaves) {
		return fmt.Errorf("schema: xitongsys has %d columns, parquet-go has %d", len(x.leaves), len(p.leaves))
	}
	for i := range x.leaves {
		if x.leaves[i] != p.leaves[i] {
			return fmt.Errorf("schema: xitongsys has %s, parquet-go has %s", x.leaves[i], p.leaves[i])
		}
	}
	if !maps.Equal(x.metadata, p.metadata) {
		return fmt.Errorf("key-value metadata: xitongsys has %q, parquet-go has %q", x.metadata, p.metadata)
	}
	return nil
}

// compareColumn walks both columns in step. A column that ends before the
// other is an error, and so, by xitongsysColumn, is one that holds other than
// the footer's number of rows.
func compareColumn(x *xitongsysColumn, p *parquetGoColumn) (cells int64, found []difference, err error) {
	defer func() { err = errors.Join(err, x.close(), p.close()) }()
	row := int64(-1)
	for ; ; cells++ {
		a, xErr := x.next()
		b, pErr := p.next()
		switch {
		case errors.Is(xErr, io.EOF) && errors.Is(pErr, io.EOF):
			return cells, found, nil
		case xErr != nil || pErr != nil:
			return cells, found, fmt.Errorf("cell %d: xitongsys: %w; parquet-go: %w", cells, said(xErr), said(pErr))
		}
		if b.repetition == 0 {
			row++
		}
		if a != b && len(found) < maxDifferences {
			found = append(found, difference{row, p.leaf.path, a.String(), b.String()})
		}
	}
}

// errFine stands in a message for the reader that went on.
var errFine = errors.New("ok")

func said(err error) error {
	if err == nil {
		return errFine
	}
	return err
}
