package schemas

import (
	"embed"
	"io/fs"
)

//go:embed resources/*.yaml types/*.yaml stripe/*.yaml lookups/*.yaml mappings/stripe/*.yaml marts/*.sql segments/*.sql meta/*.json privacy.yaml README.md
var files embed.FS

// Embedded returns the files of the shipped set, in the layout that Load reads.
func Embedded() fs.FS { return files }
