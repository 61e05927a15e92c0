package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/urfave/cli/v2"

	"github.com/stripelake/stripelake/internal/pipeline"
	"github.com/stripelake/stripelake/load"
	"github.com/stripelake/stripelake/schemas"
	"github.com/stripelake/stripelake/transform"
)

// exposeFlag is for commands that may put a set in force that shows more.
func exposeFlag() cli.Flag {
	return &cli.StringSliceFlag{Name: "expose", Usage: "consent that --schemas shows the source `PATH`, or whole object, that the lake hides or blanks: customer.email (repeatable; the lake keeps a record)"}
}

// workOn opens the lake that --lake names, to work on it under its locks, with
// the schemas and the privacy that it keeps; --schemas is compared with those.
// derive says that this run derives what --schemas names. Options are made for
// the set in force. mode is the key's, or empty where there is none.
func (env *environment) workOn(c *cli.Context, mode string, derive bool, options func(*schemas.Set) load.Options) (*load.Lake, *pipeline.Declaration, error) {
	if c.IsSet("expose") && (!derive || !c.IsSet("schemas")) {
		return nil, nil, &pipeline.UsageError{Message: "--expose goes with a rebuild of --schemas DIR: nothing else shows more than the lake does"}
	}
	return env.declare(c, derive, options, func() (*load.Lake, error) {
		return env.openLake(c, load.Options{Mode: mode, NoList: c.Bool(newListFlag)})
	})
}

// lookAt is workOn for a command that changes nothing in a lake, which may be
// read-only; unless it is to change it after all.
func (env *environment) lookAt(c *cli.Context, change bool) (*load.Lake, *pipeline.Declaration, error) {
	if change {
		return env.workOn(c, "", false, lakeOptions)
	}
	return env.declare(c, false, lakeOptions, func() (*load.Lake, error) {
		return load.OpenToRead(c.String("lake"), env.waiting(c, load.Options{}))
	})
}

func (env *environment) declare(c *cli.Context, derive bool, options func(*schemas.Set) load.Options, open func() (*load.Lake, error)) (*load.Lake, *pipeline.Declaration, error) {
	given, base, err := givenSet(c)
	if err != nil {
		return nil, nil, err
	}
	lake, err := open()
	if err != nil {
		return nil, nil, err
	}
	declaration, err := pipeline.Declare{
		Lake: lake, Given: given, Base: base, Derive: derive, Expose: c.StringSlice("expose"), Command: c.Command.Name, Program: version,
	}.Run(c.Context)
	if err != nil {
		return nil, nil, err
	}
	return lake.Using(env.waiting(c, options(declaration.Set))), declaration, nil
}

// lakeOptions are pipeline.LakeOptions of a lake that has its mode.
func lakeOptions(set *schemas.Set) load.Options { return pipeline.LakeOptions(set, "") }

// givenSet is the set that --schemas names, every mistake in it told at once, and
// what it was copied from, if its folder says so; nil if there is no such flag.
func givenSet(c *cli.Context) (*schemas.Set, map[string]string, error) {
	if c.String("schemas") == "" {
		return nil, nil, nil
	}
	files, err := schemaFiles(c)
	if err != nil {
		return nil, nil, err
	}
	set, err := schemas.Load(files)
	if err != nil {
		return nil, nil, err
	}
	if _, err := transform.Compile(set); err != nil {
		return nil, nil, err
	}
	base, err := copiedFrom(c.String("schemas"))
	return set, base, err
}

// copiedFrom reads what `init` wrote beside a copy of the shipped schemas; nil
// where there is no such file.
func copiedFrom(dir string) (base map[string]string, err error) {
	path := filepath.Join(dir, schemas.CopyManifest)
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err == nil {
		err = json.Unmarshal(text, &base)
	}
	if err != nil {
		return nil, fmt.Errorf("read %s, which says what these schemas were copied from: %w: restore it from your repository, or remove it", path, err)
	}
	return base, nil
}

// plan loads the schemas that --schemas names, else those in force in the lake
// that --lake names, else the built-in ones, and compiles their mappings. Every
// mistake in them is reported at once.
func plan(c *cli.Context) (*schemas.Set, *transform.Plan, error) {
	set, _, err := givenSet(c)
	if err == nil && set == nil {
		set, err = pipeline.InForce(c.String("lake"))
	}
	if err != nil {
		return nil, nil, err
	}
	compiled, err := transform.Compile(set)
	return set, compiled, err
}
