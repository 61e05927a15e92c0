package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/stripelake/stripelake/internal/pipeline"
)

func yesFlag(yes *bool, what string) *cli.BoolFlag {
	return &cli.BoolFlag{Name: "yes", Destination: yes, Usage: what + " without asking, as a script must; without it, a terminal is asked, and anything else is refused"}
}

// canAsk returns a *pipeline.UsageError where nobody can be asked: standard input or
// standard error is no terminal.
func canAsk(what, see string) error {
	if isTerminal(os.Stdin) && isTerminal(os.Stderr) {
		return nil
	}
	return &pipeline.UsageError{Message: fmt.Sprintf("%s for good, and there is no terminal to ask on: add --yes if that is what you want%s", what, see)}
}

// confirm asks for the word yes, on standard error: the output of the command stays as
// it is. Any other answer, or none, is an error that says what was not done.
func (env *environment) confirm(ctx context.Context, question, undone string) error {
	fmt.Fprintf(env.stderr, "%s Type yes to go on: ", question)
	answered := make(chan string, 1)
	go func() { // a read of a terminal cannot be interrupted
		line, _ := bufio.NewReader(os.Stdin).ReadString('\n')
		answered <- line
	}()
	select {
	case <-ctx.Done():
		fmt.Fprintln(env.stderr)
		return errInterrupted(undone)
	case line := <-answered:
		word, whole := strings.CutSuffix(line, "\n")
		if !whole {
			fmt.Fprintln(env.stderr)
		}
		if !whole || strings.TrimSpace(word) != "yes" {
			return errors.New("not confirmed; " + undone)
		}
		return nil
	}
}

// errInterrupted is the error of a command that was interrupted and that the next run
// does not continue. The text says what it left undone.
type errInterrupted string

func (e errInterrupted) Error() string { return "interrupted; " + string(e) }

// ExitCode is 130.
func (errInterrupted) ExitCode() int { return pipeline.ExitCode(context.Canceled) }
