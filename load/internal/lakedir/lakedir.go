package lakedir

import (
	"fmt"
	"path/filepath"
)

// Names in a lake's folder that are no log. Those of .state are in it.
const (
	StateDir       = ".state"
	GenerationsDir = "generations"
	DeclaredDir    = "schemas"
	LinkName       = "current"
	PIIKeyName     = "pii.key" // not part of .state: the hashes of tables derived again must stay the same
)

// Names in the folder of a generation.
const (
	ManifestName  = "generation.json"
	WarehouseName = "warehouse.duckdb"
)

// Database is the state's DuckDB file.
func Database(lake string) string { return filepath.Join(lake, StateDir, "work.duckdb") }

// Verify is where a verification keeps what it makes: spilled data and the
// derivation to compare with. Nothing of it is of use to anyone afterwards.
func Verify(lake string) string { return filepath.Join(lake, StateDir, "verify") }

// Generation is the folder of a generation, or a file in it.
func Generation(lake string, number uint64, elem ...string) string {
	return filepath.Join(append([]string{lake, StateDir, GenerationsDir, fmt.Sprintf("%06d", number)}, elem...)...)
}

// Declared is the file with a version of what is declared.
func Declared(lake string, version int) string {
	return filepath.Join(lake, DeclaredDir, fmt.Sprintf("%06d.json", version))
}

// Relative is a path as people write it: inside the lake, slash-separated.
func Relative(lake, path string) string {
	name, err := filepath.Rel(lake, path)
	if err != nil {
		return path
	}
	return filepath.ToSlash(name)
}

// RawDir is the folder of the log in that of its lake.
const RawDir = "raw"
