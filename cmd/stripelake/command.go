package main

import (
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/stripelake/stripelake/internal/pipeline"
)

// arguments are the arguments of a command besides its flags. The library knows
// only their text in the help.
type arguments struct {
	usage string // text in the help: "[resource…]"; empty where the command takes none
	needs string // the argument that is required: "a table"; empty where none is
	most  int    // greatest number of them, or anyNumber
}

// anyNumber is arguments.most of a command that takes any number of arguments.
const anyNumber = -1

// check returns a *pipeline.UsageError for too many arguments, and for a
// missing one.
func (a arguments) check(c *cli.Context) error {
	usage := strings.TrimSpace(fullName(c) + " " + a.usage)
	switch {
	case a.most != anyNumber && c.NArg() > a.most:
		return &pipeline.UsageError{Message: fmt.Sprintf("%q is one argument too many: %s", c.Args().Get(a.most), usage)}
	case a.needs != "" && c.Args().First() == "":
		return &pipeline.UsageError{Message: fmt.Sprintf("name %s: %s", a.needs, usage)}
	}
	return nil
}

// takes completes a command: it refuses arguments other than these, and adds to
// errors of the lake's disk what to do.
func takes(a arguments, command *cli.Command) *cli.Command {
	command.ArgsUsage, command.HideHelpCommand = a.usage, true
	refuseUnknownFlags(command)
	action := command.Action
	command.Action = func(c *cli.Context) error {
		if err := a.check(c); err != nil {
			return err
		}
		lake := c.String("lake")
		exitOnDuckDBAbort(command.Name, lake)
		if err := tryOpenFiles(); lake != "" && err != nil {
			return withDiskFix(err, lake)
		}
		return withDiskFix(action(c), lake)
	}
	return command
}

// takesNone completes a command without arguments.
func takesNone(command *cli.Command) *cli.Command { return takes(arguments{}, command) }

// groupCommand completes a command that only has subcommands.
func groupCommand(command *cli.Command) *cli.Command {
	command.HideHelpCommand, command.Action = true, showCommands
	refuseUnknownFlags(command)
	return command
}

func refuseUnknownFlags(command *cli.Command) {
	command.OnUsageError = usageError
	for _, flag := range command.Flags {
		if given, ok := flag.(*cli.BoolFlag); ok {
			given.DisableDefaultText = true // false is the obvious default
		}
	}
}

// fullName returns the command as it is called: "stripelake schema check".
func fullName(c *cli.Context) string {
	if c.Command == nil || c.Command.Name == "" {
		return "stripelake"
	}
	return strings.TrimSpace("stripelake " + strings.TrimPrefix(strings.TrimPrefix(c.Command.HelpName, "stripelake"), " "))
}

// showCommands is the action of a command that only has subcommands.
func showCommands(c *cli.Context) error {
	if c.NArg() > 0 {
		return unknownCommand(c.Command.Subcommands, c.Args().First())
	}
	return cli.ShowSubcommandHelp(c)
}
