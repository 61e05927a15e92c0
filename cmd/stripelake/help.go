package main

import (
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/stripelake/stripelake/internal/pipeline"
)

func helpCommand(env *environment) *cli.Command {
	a := arguments{usage: "[COMMAND [SUBCOMMAND]]", most: anyNumber}
	return takes(a, &cli.Command{
		Name:        "help",
		Usage:       "show the help of the program, or of a command",
		Description: "Prints what the command prints with --help. Example: stripelake help schema check",
		Action:      func(c *cli.Context) error { return env.help(a, c.Args().Slice()) },
	})
}

// help prints what --help prints for the command of these words.
func (env *environment) help(a arguments, words []string) error {
	app := newApp(env)
	var command *cli.Command
	commands := app.Commands
	for i, word := range words {
		if len(commands) == 0 {
			return &pipeline.UsageError{Message: fmt.Sprintf("%q is one argument too many: stripelake help %s", word, a.usage)}
		}
		if command = commandNamed(commands, word); command == nil {
			return unknownCommand(commands, word)
		}
		command.HelpName = strings.Join(append([]string{app.Name}, words[:i+1]...), " ")
		commands = command.Subcommands
	}
	if command == nil {
		cli.HelpPrinter(env.stdout, "", app)
		return nil
	}
	command.Flags = append(command.Flags, cli.HelpFlag)
	cli.HelpPrinter(env.stdout, "", command)
	return nil
}

// ofHelp turns `help --help` into `help help`: to the library, which has a command help
// of its own, it would be the help of the program.
func ofHelp(args []string) []string {
	if len(args) == 3 && args[1] == "help" && (args[2] == "--help" || args[2] == "-h") {
		return []string{args[0], "help", "help"}
	}
	return args
}

func commandNamed(commands []*cli.Command, name string) *cli.Command {
	for _, command := range commands {
		if command.HasName(name) {
			return command
		}
	}
	return nil
}
