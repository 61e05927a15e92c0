// Package report makes a page from a published warehouse: one HTML file that
// needs nothing else, for people who decide something with it.
//
// Each part of the page is a [figure]: a question in SQL, a table, a chart and
// some sentences. This package renders the tables for no filter, by running the
// SQL that the page shows. For filters the browser adds up the sums of each
// [cube], which the page carries. Both must give the same rows; a test with a
// browser compares them. The page asks no network for anything.
package report

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
)

// Lake is what a page says about the source of its data.
type Lake struct {
	Generation string
	Mode       string                    // live or test
	Version    string                    // of this program
	Decimals   func(currency string) int // places of the currency's amounts
}

// Page is a report, ready to be written.
type Page struct {
	First, Last string // days of the first and the last attempt (UTC); empty without any
	content     content
}

// BNPL makes the report about who buys now and pays later. The database is a
// warehouse, opened for reading; its connection gets temporary tables. A mart
// that is missing or lacks a column is an error that says what to do.
func BNPL(ctx context.Context, db *sql.DB, lake Lake) (_ *Page, err error) {
	s, err := openSnapshot(ctx, db)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	v, err := s.readDimensions(ctx, lake.Decimals)
	if err != nil {
		return nil, err
	}
	page := &Page{First: v.first, Last: v.last}
	page.content, err = s.content(ctx, v, lake)
	return page, err
}

// Write writes the page as one HTML file.
func (p *Page) Write(w io.Writer) error {
	if err := pageTemplate.Execute(w, p.content); err != nil {
		return fmt.Errorf("write the page: %w", err)
	}
	return nil
}
