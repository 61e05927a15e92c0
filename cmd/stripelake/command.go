package main

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/stripelake/stripelake/internal/pipeline"
	"github.com/stripelake/stripelake/load"
)

// arguments are what a command takes beside its flags. The library knows of them no
// more than the text of the help.
type arguments struct {
	usage string // as the help shows them: "[resource…]"; empty where there are none
	needs string // what the one is that must be there: "a table"; empty where none must
	most  int    // how many there may be; anyNumber
}

// anyNumber of arguments.
const anyNumber = -1

// check refuses more arguments than there may be, and none where there must be one.
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

// takes completes a command: it refuses other arguments than these, and says what to do
// where its lake's disk fails it.
func takes(a arguments, command *cli.Command) *cli.Command {
	command.ArgsUsage = a.usage
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
		err := action(c)
		warnOfLostList(c.App.ErrWriter, lake, err)
		return withDiskFix(err, lake)
	}
	return command
}

// takesNone is takes for a command without arguments.
func takesNone(command *cli.Command) *cli.Command { return takes(arguments{}, command) }

// groupCommand completes a command that only groups others.
func groupCommand(command *cli.Command) *cli.Command {
	command.HideHelpCommand, command.Action = true, showCommands
	refuseUnknownFlags(command)
	return command
}

func refuseUnknownFlags(command *cli.Command) {
	command.OnUsageError = usageError
	for _, flag := range command.Flags {
		if given, ok := flag.(*cli.BoolFlag); ok {
			given.DisableDefaultText = true // that it is not given goes without saying
		}
	}
}

// warnOfLostList says that the list of the forgotten is lost, after a command that
// was not refused for it.
func warnOfLostList(stderr io.Writer, lake string, err error) {
	if lake == "" || errors.As(err, new(*load.ListLostError)) {
		return
	}
	if lost := load.ReadListLost(lake); lost != nil {
		fmt.Fprintf(stderr, "warning: %v\n", lost)
	}
}

// fullName is how a command is called: "stripelake schema check".
func fullName(c *cli.Context) string {
	if c.Command == nil || c.Command.Name == "" {
		return "stripelake"
	}
	return strings.TrimSpace("stripelake " + strings.TrimPrefix(c.Command.HelpName, "stripelake "))
}

func usageError(c *cli.Context, err error, _ bool) error {
	return &pipeline.UsageError{Message: fmt.Sprintf("%v (see %s --help)", err, fullName(c))}
}

func unknownCommand(commands []*cli.Command, name string) error {
	var names []string
	for _, command := range commands {
		if command.Name == "help" {
			continue
		}
		names = append(names, command.Name)
	}
	return &pipeline.UsageError{Message: fmt.Sprintf("unknown command %q; the commands are %s", name, strings.Join(names, ", "))}
}

// showCommands is what a command does that only groups others.
func showCommands(c *cli.Context) error {
	if c.NArg() > 0 {
		return unknownCommand(c.Command.Subcommands, c.Args().First())
	}
	return cli.ShowSubcommandHelp(c)
}
