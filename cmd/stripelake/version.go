package main

import (
	"cmp"
	"context"
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/stripelake/stripelake/extract"
	"github.com/stripelake/stripelake/load"
)

// The Makefile sets these by -ldflags "-X main.linkedVersion=…" where there is git. A
// value may end in -dirty.
var linkedVersion, linkedCommit, linkedDate string

// version is the program's version. Receipts, reports and the lake's record of schemas
// name it.
var version = thisBuild().Version

// build identifies a build of the program.
type build struct {
	Version  string `json:"version"`            // a tag, or "devel" where nothing says which
	Commit   string `json:"commit,omitempty"`   // git's, whole
	Date     string `json:"date,omitempty"`     // of the commit
	Modified bool   `json:"modified,omitempty"` // built from files that are not the commit's
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

// thisBuild returns what the linker was told, otherwise what Go recorded: the version
// of the module after `go install …@v1.2.3`, the commit after a build in a clone.
func thisBuild() build {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		info = new(debug.BuildInfo)
	}
	return buildOf(info, linkedVersion, linkedCommit, linkedDate)
}

func buildOf(info *debug.BuildInfo, linkedVersion, linkedCommit, linkedDate string) build {
	recorded := map[string]string{}
	for _, s := range info.Settings {
		recorded[s.Key] = s.Value
	}
	module := info.Main.Version
	if module == "(devel)" {
		module = ""
	}
	linkedCommit, dirty := strings.CutSuffix(linkedCommit, "-dirty")
	return build{
		Version:  cmp.Or(linkedVersion, module, "devel"),
		Commit:   cmp.Or(linkedCommit, recorded["vcs.revision"]),
		Date:     cmp.Or(linkedDate, recorded["vcs.time"]),
		Modified: dirty || recorded["vcs.modified"] == "true",
		Go:       runtime.Version(),
		Platform: runtime.GOOS + "/" + runtime.GOARCH,
	}
}

// String is the first line of `stripelake version`.
func (b build) String() string {
	var details []string
	if b.Commit != "" {
		details = append(details, "commit "+b.Commit)
	}
	if b.Date != "" {
		details = append(details, b.Date)
	}
	if b.Modified {
		details = append(details, "modified")
	}
	if len(details) == 0 {
		return "stripelake " + b.Version
	}
	return fmt.Sprintf("stripelake %s (%s)", b.Version, strings.Join(details, ", "))
}

// versions are the versions that matter to a report of a bug.
type versions struct {
	build
	load.Versions
	StripeAPI string `json:"stripe_api"`
}

func versionCommand(env *environment) *cli.Command {
	var asJSON bool
	return takesNone(&cli.Command{
		Name:        "version",
		Usage:       "print the version of the program and of what it writes",
		Description: "A report of a bug should have all of it. Example: stripelake version --json",
		Flags:       []cli.Flag{jsonFlag(&asJSON, "print one JSON object")},
		Action:      func(c *cli.Context) error { return env.version(c.Context, asJSON) },
	})
}

func (env *environment) version(ctx context.Context, asJSON bool) error {
	written, err := load.ReadVersions(ctx)
	if err != nil {
		return err
	}
	v := versions{build: thisBuild(), Versions: written, StripeAPI: extract.APIVersion}
	if asJSON {
		return env.printJSON(v)
	}
	fmt.Fprintf(env.stdout, "%s\n", v.build)
	fmt.Fprintf(env.stdout, "DuckDB       %s\n", v.DuckDB)
	fmt.Fprintf(env.stdout, "lake format  %d, generations %d, state %d\n", v.Lake, v.Generations, v.State)
	fmt.Fprintf(env.stdout, "Stripe API   %s\n", v.StripeAPI)
	_, err = fmt.Fprintf(env.stdout, "built with   %s for %s\n", v.Go, v.Platform)
	return err
}
