package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/stripelake/stripelake/internal/pipeline"
	"github.com/stripelake/stripelake/load"
	"github.com/stripelake/stripelake/schemas"
	"github.com/stripelake/stripelake/transform"
)

// workOptions are the options of a command that works on a lake, with or
// without its locks.
type workOptions struct {
	declaredOptions
	command string // the command's name
	lake    string
	wait    optional[time.Duration]
	expose  cli.StringSlice
	keep    *retention // nil: the command has no such flags
	newList bool       // consents to a new list of the forgotten where the old one is lost
}

// exposeFlag is the flag of commands that may put a set in force which shows
// more.
func (o *workOptions) exposeFlag() cli.Flag {
	return &cli.StringSliceFlag{Name: "expose", Destination: &o.expose, Usage: "consent that --schemas shows the source `PATH`, or a whole object, that the lake hides or blanks, for example customer.email (repeatable; the lake keeps a record)"}
}

// openToWork opens the lake of --lake to work on it under its locks, with the
// schemas and the privacy that it keeps; --schemas is compared with those.
// derive is true where this run derives the tables of --schemas. options makes
// the lake's options for the set in force. mode is the key's mode, or empty
// without a key.
func (env *environment) openToWork(ctx context.Context, o *workOptions, mode string, derive bool, options func(*schemas.Set) load.Options) (*load.Lake, *pipeline.Declaration, error) {
	if len(o.expose.Value()) > 0 && (!derive || !o.schemas.given && env.override(&o.declaredOptions).IsEmpty()) {
		return nil, nil, &pipeline.UsageError{Message: "--expose goes with a rebuild of --schemas DIR: nothing else shows more than the lake does"}
	}
	return env.declare(ctx, o, derive, options, func() (*load.Lake, error) {
		return load.Open(o.lake, env.withWait(o.wait, load.Options{Mode: mode, NoList: o.newList}))
	})
}

// openToRead opens the lake of a command that changes nothing in it: the lake
// may be read-only. With write it does the same as openToWork.
func (env *environment) openToRead(ctx context.Context, o *workOptions, write bool) (*load.Lake, *pipeline.Declaration, error) {
	if write {
		return env.openToWork(ctx, o, "", false, loadOptions)
	}
	return env.declare(ctx, o, false, loadOptions, func() (*load.Lake, error) {
		return load.OpenToRead(o.lake, env.withWait(o.wait, load.Options{}))
	})
}

func (env *environment) declare(ctx context.Context, o *workOptions, derive bool, options func(*schemas.Set) load.Options, open func() (*load.Lake, error)) (*load.Lake, *pipeline.Declaration, error) {
	if err := o.keep.check(); err != nil {
		return nil, nil, err
	}
	given, base, err := env.namedSet(&o.declaredOptions)
	if err != nil {
		return nil, nil, err
	}
	lake, err := open()
	if err != nil {
		return nil, nil, err
	}
	declaration, err := pipeline.Declare{
		Lake: lake, Given: given, Base: base, Policy: env.override(&o.declaredOptions), Derive: derive, Expose: o.expose.Value(), Command: o.command, Program: version,
	}.Run(ctx)
	if err != nil {
		return nil, nil, err
	}
	env.signals.activity.arrange(declaration.Set.Resources.Names())
	return lake.Using(env.withWait(o.wait, o.keep.in(options(declaration.Set)))), declaration, nil
}

// resourcesOf returns the resources that a command will work with, before the lake is
// opened.
func (env *environment) resourcesOf(o *workOptions, derive bool) (*schemas.Resources, error) {
	exists, err := pipeline.HasLake(o.lake)
	if err != nil || o.schemas.value == "" || exists && !derive {
		return pipeline.ResourcesInForce(o.lake), err
	}
	set, _, err := env.namedSet(&o.declaredOptions)
	if err != nil {
		return nil, err
	}
	return set.Resources, nil
}

// loadOptions returns pipeline.LakeOptions for a lake that knows its mode.
func loadOptions(set *schemas.Set) load.Options { return pipeline.LakeOptions(set, "") }

// namedSet returns the set in the folder of --schemas, and the sums of the files that it
// was copied from, if they are known. It reports every mistake in the set at once. Without
// a folder both are nil.
func (env *environment) namedSet(o *declaredOptions) (*schemas.Set, map[string]string, error) {
	if o.schemas.value == "" {
		return nil, nil, nil
	}
	set, base, err := readSet(o.schemas.value)
	if source := env.inForce.values["schemas"].source; err != nil && source != "" && source != "--schemas" {
		if wrong, ok := errors.AsType[*pipeline.UsageError](err); ok { // no flag was given
			err = &pipeline.UsageError{Message: source + ": " + strings.TrimPrefix(wrong.Message, "--")}
		}
	}
	if err == nil {
		_, err = transform.Compile(set)
	}
	if err != nil {
		return nil, nil, err
	}
	return set, base, nil
}

// readSet reads the set in a folder, and what it was copied from.
func readSet(dir string) (*schemas.Set, map[string]string, error) {
	files, err := schemaFiles(dir)
	if err != nil {
		return nil, nil, err
	}
	set, err := schemas.Load(files)
	if err != nil {
		return nil, nil, err
	}
	base, err := copiedFrom(dir)
	return set, base, err
}

// copiedFrom reads the manifest that `init` wrote next to a copy of the shipped
// schemas. It returns nil where there is none.
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

// setOptions select the schemas of a command.
type setOptions struct {
	declaredOptions
	lake string
}

func (o *setOptions) setFlags() []cli.Flag {
	return append([]cli.Flag{lakeFlag(&o.lake)}, o.declaredFlags()...)
}

// compile loads the schemas of --schemas, otherwise those in force in the lake
// of --lake, otherwise the built-in ones, lays the policy of the options over
// them, and compiles their mappings. It reports every mistake in them at once.
func (env *environment) compile(o *setOptions) (*schemas.Set, *transform.Mappings, error) {
	policy := env.override(&o.declaredOptions)
	set, _, err := env.namedSet(&o.declaredOptions)
	switch {
	case err != nil:
	case set == nil:
		set, err = pipeline.InForceUnder(o.lake, policy)
	default:
		set, err = set.WithPrivacy(policy)
	}
	if err != nil {
		return nil, nil, err
	}
	compiled, err := transform.Compile(set)
	return set, compiled, err
}
