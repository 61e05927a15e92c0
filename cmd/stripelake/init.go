package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/stripelake/stripelake/internal/authoring"
	"github.com/stripelake/stripelake/internal/pipeline"
	"github.com/stripelake/stripelake/internal/settings"
	"github.com/stripelake/stripelake/load"
	"github.com/stripelake/stripelake/schemas"
)

type initOptions struct {
	lake     optional[string]
	fromLake bool
}

func (o *initOptions) flags() []cli.Flag {
	lake := lakeFlag(&o.lake.value)
	lake.Action = func(c *cli.Context, dir string) error {
		return errors.Join(o.lake.note(c, dir), refuseEmptyLake(c, dir))
	}
	return []cli.Flag{
		lake,
		&cli.BoolFlag{Name: "from-lake", Destination: &o.fromLake, Usage: "copy the schemas that the lake keeps, with their privacy"},
	}
}

func initCommand(env *environment) *cli.Command {
	var o initOptions
	return takes(arguments{usage: "[DIR]", most: 1}, &cli.Command{
		Name:  "init",
		Usage: "write settings and an editable copy of the schemas, or the schemas alone to DIR",
		Description: "Without DIR it writes " + settings.FileName + ", with every setting and its explanation, and ./schemas, which nothing uses\n" +
			"until the settings say so. With DIR it writes the schemas, mappings, marts and lookups there, with JSON Schemas and\n" +
			"settings for editors.\n" +
			"Example: stripelake init my-schemas",
		Flags: o.flags(),
		Action: func(c *cli.Context) error {
			if !c.Args().Present() && !o.fromLake {
				return env.initSettings(&o)
			}
			return env.initSchemas(&o, cmp.Or(c.Args().First(), "schemas"))
		},
	})
}

// initSettings writes the settings file, and the schemas beside it.
func (env *environment) initSettings(o *initOptions) error {
	if _, err := os.Lstat(settings.FileName); !errors.Is(err, fs.ErrNotExist) {
		return &pipeline.UsageError{Message: settings.FileName + " is there already, and nothing is written over; `stripelake init DIR` writes the schemas alone"}
	}
	if _, err := os.Lstat("schemas"); err == nil {
		fmt.Fprintln(env.stdout, "schemas is there already, and stays as it is")
	} else if err := env.initSchemas(o, "schemas"); err != nil {
		return err
	}
	if err := os.WriteFile(settings.FileName, []byte(settings.Template()), 0o644); err != nil {
		return fmt.Errorf("write the settings: %w", err)
	}
	fmt.Fprintf(env.stdout, "%s: read it once, then try stripelake config and stripelake doctor\n", settings.FileName)
	return nil
}

func (env *environment) initSchemas(o *initOptions, dir string) error {
	if o.lake.given && !o.fromLake {
		return &pipeline.UsageError{Message: "--lake goes with --from-lake"}
	}
	copied, err := o.copied()
	if err != nil {
		return err
	}
	n, err := layOut(dir, copied)
	if err != nil {
		return err
	}
	fmt.Fprintf(env.stdout, "%s in %s; begin with %s\n", counted(n, "file"), dir, filepath.Join(dir, "README.md"))
	return nil
}

// copied returns the files that init writes, by path: a set, the files for
// editors, and the manifest of the files that the set was copied from.
func (o *initOptions) copied() (map[string]string, error) {
	copied := map[string]string{}
	err := fs.WalkDir(schemas.Embedded(), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := fs.ReadFile(schemas.Embedded(), name)
		copied[name] = string(text)
		return err
	})
	if err != nil {
		return nil, err
	}
	base, err := schemas.ShippedSums()
	if err == nil && o.fromLake {
		base, err = fromLake(o.lake.value, copied, base)
	}
	if err != nil {
		return nil, err
	}
	editor, err := authoring.EditorSettings()
	if err != nil {
		return nil, err
	}
	maps.Copy(copied, editor)
	manifest, err := json.MarshalIndent(base, "", "  ")
	copied[schemas.CopyManifest] = string(manifest) + "\n"
	return copied, err
}

// fromLake replaces the shipped set in copied by the set that a lake keeps. It
// returns the sums of the files that the lake's set was copied from.
func fromLake(dir string, copied, shipped map[string]string) (base map[string]string, err error) {
	if _, err := load.ReadMode(dir); err != nil {
		return nil, err
	}
	kept, err := load.ReadDeclared(dir)
	if err != nil {
		return nil, fmt.Errorf("lake %s: %w", dir, err)
	}
	set, err := pipeline.InForce(dir)
	if err != nil {
		return nil, err
	}
	for name := range shipped {
		delete(copied, name)
	}
	maps.Copy(copied, set.Files())
	generated, err := authoring.JSONSchemas(set)
	if err != nil {
		return nil, err
	}
	for name, text := range generated {
		copied["meta/"+name] = string(text)
	}
	if kept != nil && kept.Base != nil {
		return kept.Base, nil
	}
	return shipped, nil
}

// layOut writes files into an empty or new folder. Unlike a lake's files they
// are not private: they belong in the author's repository.
func layOut(dir string, files map[string]string) (int, error) {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return 0, err
	}
	if len(entries) > 0 {
		return 0, &pipeline.UsageError{Message: fmt.Sprintf("%s is not empty: name a new folder, nothing is written over", dir)}
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		err := os.MkdirAll(filepath.Join(dir, filepath.FromSlash(path.Dir(name))), 0o755)
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, filepath.FromSlash(name)), []byte(files[name]), 0o644)
		}
		if err != nil {
			return 0, fmt.Errorf("lay out schemas: %w", err)
		}
	}
	return len(files), nil
}
