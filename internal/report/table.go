package report

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// table is the answer to a figure's question, as text. page/tables.js makes the
// same from the cubes.
type table struct {
	Head []column
	Rows [][]cell
}

// cell is one value: Raw as DuckDB returns it, Text as people read it.
type cell struct{ Raw, Text, Kind string }

func (w templateValues) table(f figure, answer [][]string) table {
	var t table
	for _, c := range f.Columns {
		if c.Key != eachProvider {
			c.Label = w.text(c.Label)
			c.Key = w.text(c.Key)
			t.Head = append(t.Head, c)
			continue
		}
		for _, p := range w.Providers {
			t.Head = append(t.Head, column{p, titleCase(p), c.Kind})
		}
	}
	for _, row := range answer {
		cells := make([]cell, len(t.Head))
		for i, c := range t.Head {
			cells[i] = cell{row[i], formatCell(row[i], c.Kind), c.Kind}
		}
		t.Rows = append(t.Rows, cells)
	}
	return t
}

// find returns the value in the column key of the row that begins with first,
// or "".
func (t table) find(first, key string) string {
	for _, row := range t.Rows {
		for i, c := range row {
			if row[0].Raw == first && t.Head[i].Key == key && c.Raw != "" {
				return c.Text
			}
		}
	}
	return ""
}

func formatCell(raw, kind string) string {
	switch {
	case raw == "":
		return "–"
	case kind == "name":
		return titleCase(raw)
	case kind == "count" || kind == "money":
		return groupThousands(raw)
	}
	return raw
}

// groupThousands puts commas between thousands.
func groupThousands(number string) string {
	whole, fraction, isDecimal := strings.Cut(number, ".")
	digits := strings.TrimPrefix(whole, "-")
	var out strings.Builder
	out.WriteString(whole[:len(whole)-len(digits)])
	for i, digit := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			out.WriteByte(',')
		}
		out.WriteRune(digit)
	}
	if isDecimal {
		out.WriteString("." + fraction)
	}
	return out.String()
}

// titleCase turns a name into words: bank_transfer becomes Bank transfer.
func titleCase(name string) string {
	switch name {
	case "later":
		return "Paid later"
	case "other":
		return "Other methods"
	case "afterpay_clearpay":
		return "Afterpay/Clearpay" // one provider, two brands
	}
	first, size := utf8.DecodeRuneInString(name)
	return string(unicode.ToUpper(first)) + strings.ReplaceAll(name[size:], "_", " ")
}

// text completes a title, a label or a lede.
func (w templateValues) text(template string) string {
	return placeholder.ReplaceAllStringFunc(template, func(found string) string {
		switch found {
		case "{currency}":
			return w.Currency
		case "{unit}":
			return w.Unit
		case "{middle}":
			return w.Middle
		case "{Unit}":
			return titleCase(w.Unit)
		case "{by}":
			return "paid later"
		}
		return found
	})
}

// finding completes a sentence with numbers of tables, named
// {figure.row.column}. It returns false if one of them is not there.
func (w templateValues) finding(f finding, tables map[string]table) (finding, bool) {
	whole := true
	complete := func(template string) string {
		return placeholder.ReplaceAllStringFunc(w.text(template), func(found string) string {
			figure, rest, _ := strings.Cut(found[1:len(found)-1], ".")
			at := strings.LastIndexByte(rest, '.')
			if at < 0 {
				return found
			}
			value := tables[figure].find(rest[:at], rest[at+1:])
			whole = whole && value != ""
			return value
		})
	}
	return finding{complete(f.Number), complete(f.Rest)}, whole
}
