package lakedir

import (
	"fmt"
	"path/filepath"
)

// Names in a lake's folder, other than the log's. GenerationsDir is inside StateDir.
const (
	StateDir       = ".state"
	GenerationsDir = "generations"
	DeclaredDir    = "schemas"
	LinkName       = "current"
	PIIKeyName     = "pii.key" // not in .state: the hashes must stay the same when tables are derived again
)

// Names in the folder of a generation.
const (
	ManifestName  = "generation.json"
	WarehouseName = "warehouse.duckdb"
)

// Database returns the path of the state's DuckDB file.
func Database(lake string) string { return filepath.Join(lake, StateDir, "work.duckdb") }

// Verify returns the path of the folder for a verification's temporary files: spilled
// data and the rederived state. Nobody needs them afterwards.
func Verify(lake string) string { return filepath.Join(lake, StateDir, "verify") }

// Generation returns the path of a generation's folder, or of a file in it.
func Generation(lake string, number uint64, elem ...string) string {
	return filepath.Join(append([]string{lake, StateDir, GenerationsDir, fmt.Sprintf("%06d", number)}, elem...)...)
}

// Declared returns the path of the file with a version of the schemas in force.
func Declared(lake string, version int) string {
	return filepath.Join(lake, DeclaredDir, fmt.Sprintf("%06d.json", version))
}

// Relative returns a path relative to the lake, slash-separated, for people.
func Relative(lake, path string) string {
	name, err := filepath.Rel(lake, path)
	if err != nil {
		return path
	}
	return filepath.ToSlash(name)
}

// RawDir is the name of the log's folder in a lake's folder.
const RawDir = "raw"
