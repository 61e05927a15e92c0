// Package atomicfile owns the writing of files: a complete file appears under its final
// name, or none does. It writes a temporary file, fsyncs it, renames it and fsyncs the
// folder. Every file of a lake that DuckDB does not write is written this way.
// Invariants 1 and 2 depend on it.
//
// The package knows no file of a lake by name. Of our packages it may import only
// folder and trace.
package atomicfile
