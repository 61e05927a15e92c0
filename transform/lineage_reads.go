package transform

import (
	"regexp"
	"slices"
	"strings"

	"github.com/stripelake/stripelake/schemas"
)

// Reads reports whether any table of the mappings depends on the value at a JSON
// Pointer ("/items") in one type of Stripe object ("subscription"). A table
// depends on it if a column, a condition or the list under each reads the value
// or something in it, or if a column copies something that contains it.
func (p *Mappings) Reads(object, pointer string) bool {
	program := p.programs[object]
	if program == nil {
		return false
	}
	at := ""
	for token := range strings.SplitSeq(strings.TrimPrefix(pointer, "/"), "/") {
		at = joinPath(at, strings.NewReplacer("~1", "/", "~0", "~").Replace(token))
	}
	at = anyElement(at)
	return slices.ContainsFunc(program.mappings, func(m mapping) bool {
		var rows []string // the paths that decide which rows there are
		if m.each != nil {
			rows = append(rows, sourcePath{scope: m.each, node: m.each.root}.fromRoot())
		}
		if m.forms.where != nil {
			rows = append(rows, m.forms.where.reads...)
		}
		return anyWithin(rows, at) || fieldsRead(m.fields, at)
	})
}

// fieldsRead reports whether any of the fields depends on the value at a source
// path.
func fieldsRead(fields []field, at string) bool {
	return slices.ContainsFunc(fields, func(f field) bool {
		if f.leaf == nil {
			return false // a system column
		}
		reads := f.leaf.value.reads
		if f.leaf.when != nil {
			reads = append(slices.Clip(reads), f.leaf.when.reads...)
		}
		if f.shape == shapeObjects {
			reads = append(slices.Clip(reads), f.leaf.from.fromRoot())
		}
		return anyWithin(reads, at) || fieldsRead(f.members, at) ||
			f.copies() && slices.ContainsFunc(reads, func(read string) bool { return Within(at, anyElement(read)) })
	})
}

// copies reports whether a field holds everything inside the value that it
// reads.
func (f *field) copies() bool {
	return f.shape == shapeValues || f.shape == shapeEntries || f.shape == shapeValue && f.leaf.declared.Type.Kind == schemas.JSON
}

// anyWithin reports whether one of the paths is at or below another one.
func anyWithin(reads []string, at string) bool {
	return slices.ContainsFunc(reads, func(read string) bool { return Within(anyElement(read), at) })
}

// elementStep is a step to one element of a list. A member whose name is a
// number looks the same in a JSON Pointer and counts as an element.
var elementStep = regexp.MustCompile(`\[\d*\]|\.\d+\b`)

// anyElement returns a source path with [] for each step to an element of a
// list.
func anyElement(path string) string { return elementStep.ReplaceAllString(path, "[]") }
