package main

import (
	"fmt"
	"strings"
)

// unset stands for an optional number that the footer does not hold.
const unset = -1

// decimalType is the number of DECIMAL among Parquet's converted types.
const decimalType = 5

// element is one entry of the footer's flattened schema, as a reader parsed it.
type element struct {
	name       string
	children   int
	repetition string // REQUIRED, OPTIONAL or REPEATED
	physical   string // empty for a group
	length     int    // of FIXED_LEN_BYTE_ARRAY
	converted  int
	scale      int
	precision  int
}

// leaf is a column that holds values.
type leaf struct {
	path       string
	repetition int // the deepest repetition level
	definition int // the deepest definition level: the value is there
	physical   string
	length     int
	converted  int
	scale      int
	precision  int
}

func (l leaf) String() string {
	return fmt.Sprintf("%s %s(%d) converted=%d decimal(%d,%d) levels=%d/%d",
		l.path, l.physical, l.length, l.converted, l.precision, l.scale, l.repetition, l.definition)
}

// leaves walks the flattened tree. The levels follow from the path: every
// REPEATED node adds to both, every OPTIONAL one to the definition level.
func leaves(elements []element) []leaf {
	var found []leaf
	next := 1 // 0 is the root
	var walk func(children int, path []string, repetition, definition int)
	walk = func(children int, path []string, repetition, definition int) {
		for range children {
			e := elements[next]
			next++
			path, repetition, definition := append(path, e.name), repetition, definition
			switch e.repetition {
			case "REPEATED":
				repetition++
				definition++
			case "OPTIONAL":
				definition++
			}
			if e.physical == "" {
				walk(e.children, path, repetition, definition)
				continue
			}
			found = append(found, leaf{
				strings.Join(path, "."), repetition, definition,
				e.physical, e.length, e.converted, e.scale, e.precision,
			})
		}
	}
	walk(elements[0].children, nil, 0, 0)
	return found
}
