package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/urfave/cli/v2"

	"github.com/stripelake/stripelake/internal/authoring"
	"github.com/stripelake/stripelake/internal/pipeline"
	"github.com/stripelake/stripelake/internal/spelling"
	"github.com/stripelake/stripelake/schemas"
)

func schemaCommand(env *environment) *cli.Command {
	return groupCommand(&cli.Command{
		Name:      "schema",
		Usage:     "check, preview and explain schemas and mappings",
		UsageText: "stripelake schema COMMAND [command options] [argument]",
		Description: "A schema declares a table. A mapping declares how a Stripe object becomes its rows. To change them,\n" +
			"make a copy with `stripelake init my-schemas`, run `check` after each edit, see with `diff` what the edit would change,\n" +
			"and derive the tables again with `stripelake rebuild --schemas my-schemas`. None of this makes a request to Stripe.",
		Subcommands: []*cli.Command{
			schemaCheckCommand(env), schemaPreviewCommand(env), schemaExplainCommand(env), schemaCoverageCommand(env),
			schemaDiffCommand(env), schemaNewCommand(env), schemaDocsCommand(env), schemaExportCommand(env),
		},
	})
}

// tableOf returns the table with this name. An unknown name is a
// *pipeline.UsageError.
func tableOf(set *schemas.Set, name string) (*schemas.Schema, error) {
	if s := set.Table(name); s != nil {
		return s, nil
	}
	var names []string
	for _, s := range set.Schemas {
		names = append(names, s.Table)
	}
	return nil, &pipeline.UsageError{Message: fmt.Sprintf("there is no table %q; %s", name, spelling.Choices(name, "tables", names))}
}

// lakeIfAny opens the lake for additional information. It returns nil if
// nothing is published there.
func lakeIfAny(dir string) *authoring.Lake {
	lake, err := authoring.OpenLake(dir)
	if err != nil {
		return nil
	}
	return lake
}

// inDir returns the path at which the user can open a file of the set.
func (o *setOptions) inDir(file string) string {
	if o.schemas.value != "" {
		return filepath.Join(o.schemas.value, filepath.FromSlash(file))
	}
	return file
}

// readInput reads a file, or standard input for "-".
func readInput(name string) ([]byte, error) {
	if name == "-" {
		return io.ReadAll(os.Stdin)
	}
	return os.ReadFile(name)
}
