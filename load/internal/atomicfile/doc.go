// Package atomicfile writes files that appear whole under their final name, or
// not at all: temporary name, write, fsync, rename, fsync of the folder. Every file
// of a lake that DuckDB does not write itself is written so; Invariants 1 and 2 rest
// on it.
//
// It knows no file of a lake by name, and imports no package of ours but folder and
// trace beside it.
package atomicfile
