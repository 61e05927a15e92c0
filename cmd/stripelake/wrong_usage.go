package main

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/stripelake/stripelake/internal/pipeline"
	"github.com/stripelake/stripelake/internal/spelling"
)

// What package flag says of a mistake, which has no type of its own.
var (
	undefinedFlag = regexp.MustCompile(`^flag provided but not defined: -(.*)$`)
	missingValue  = regexp.MustCompile(`^flag needs an argument: -(.*)$`)
	invalidValue  = regexp.MustCompile(`(?s)^invalid (?:boolean )?value (".*") for (?:flag )?-([^ :]+): (.*)$`)
)

// usageError turns a mistake in the flags into a *pipeline.UsageError.
func usageError(c *cli.Context, err error, _ bool) error {
	flags := c.App.Flags
	if c.Command != nil && c.Command.Name != "" && c.Command.Name != c.App.Name {
		flags = c.Command.Flags
	}
	return &pipeline.UsageError{Message: fmt.Sprintf("%s (see %s --help)", flagMistake(err.Error(), flags), fullName(c))}
}

func flagMistake(said string, flags []cli.Flag) string {
	if m := undefinedFlag.FindStringSubmatch(said); m != nil {
		return "unknown flag " + dashed(m[1]) + nearestFlag(m[1], flags)
	}
	if m := missingValue.FindStringSubmatch(said); m != nil {
		return dashed(m[1]) + " needs a value"
	}
	if m := invalidValue.FindStringSubmatch(said); m != nil {
		return dashed(m[2]) + " " + m[1] + wrongValue(m[2], m[3], flags)
	}
	return said
}

// nearestFlag returns "; did you mean --format?", or nothing where none is near.
func nearestFlag(name string, flags []cli.Flag) string {
	names := cli.HelpFlag.Names()
	for _, flag := range flags {
		names = append(names, flag.Names()...)
	}
	if near := spelling.Nearest(name, names); near != "" {
		return "; did you mean " + dashed(near) + "?"
	}
	return ""
}

// wrongValue says what is wrong with a value, by the type of the flag.
func wrongValue(name, why string, flags []cli.Flag) string {
	for _, flag := range flags {
		if flag.Names()[0] != name {
			continue
		}
		switch flag.(type) {
		case *cli.BoolFlag:
			return " is neither true nor false"
		case *cli.IntFlag, *cli.Int64Flag, *cli.UintFlag, *cli.Float64Flag:
			return " is not a number"
		case *cli.DurationFlag:
			return " is not a duration like 30m or 24h"
		}
	}
	if says, ok := strings.CutPrefix(why, "it is not "); ok {
		return " is not " + says
	}
	return ": " + why
}

// dashed returns a flag as it is given: -v, --version.
func dashed(name string) string {
	if len(name) == 1 {
		return "-" + name
	}
	return "--" + name
}

func unknownCommand(commands []*cli.Command, name string) error {
	var names []string
	for _, command := range commands {
		if !command.Hidden {
			names = append(names, command.Name)
		}
	}
	return &pipeline.UsageError{Message: fmt.Sprintf("unknown command %q; %s", name, spelling.Choices(name, "commands", names))}
}
