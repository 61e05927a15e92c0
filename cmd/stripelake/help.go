package main

import (
	"context"
	"fmt"

	"github.com/urfave/cli/v2"

	"github.com/stripelake/stripelake/internal/pipeline"
)

func helpCommand(env *environment) *cli.Command {
	a := arguments{usage: "[COMMAND [SUBCOMMAND]]", most: anyNumber}
	return takes(a, &cli.Command{
		Name:   "help",
		Usage:  "show the help of the program, or of a command",
		Action: func(c *cli.Context) error { return env.help(c.Context, a, c.Args().Slice()) },
	})
}

// help prints what --help prints for the command of these words.
func (env *environment) help(ctx context.Context, a arguments, words []string) error {
	app := newApp(env)
	commands := app.Commands
	for _, word := range words {
		if len(commands) == 0 {
			return &pipeline.UsageError{Message: fmt.Sprintf("%q is one argument too many: stripelake help %s", word, a.usage)}
		}
		command := commandNamed(commands, word)
		if command == nil {
			return unknownCommand(commands, word)
		}
		commands = command.Subcommands
	}
	return app.RunContext(ctx, append(append([]string{app.Name}, words...), "--help"))
}

func commandNamed(commands []*cli.Command, name string) *cli.Command {
	for _, command := range commands {
		if command.HasName(name) {
			return command
		}
	}
	return nil
}
