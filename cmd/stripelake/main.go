// Command stripelake copies a Stripe account into files its owner keeps: a raw
// log of every object as Stripe sent it, Parquet partitions in a declared
// schema, and a DuckDB warehouse.
//
// Exit status: 0 done; 1 failed, also by a mistake of the program; 2 wrong usage, or a mistake in SQL; 3 a selected resource was not
// read, more objects were refused than --max-rejects allows, doctor found a
// problem, or verify found anything; 75 another process has the lake, try again; 130 interrupted.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"

	"github.com/urfave/cli/v2"

	"github.com/stripelake/stripelake/extract"
	"github.com/stripelake/stripelake/internal/pipeline"
	"github.com/stripelake/stripelake/load"
)

// heapGoal is where Go's collector begins to work harder, in bytes. DuckDB has a
// limit of its own (load.Options.MemoryLimit); together they keep a sync of any
// size well under 400 MB.
const heapGoal = 64 << 20

func main() { os.Exit(process()) }

// process is the program from its start to its exit status.
func process() int {
	exitOnRuntimeAbort()
	debug.SetMemoryLimit(heapGoal)
	if len(os.Args) > 1 && os.Args[1] != "init" && os.Args[1] != "schema" { // what authors write belongs into their repository
		syscall.Umask(0o077) // DuckDB makes its write-ahead log for everybody
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	told := countStray()
	defer told(os.Stderr)
	return run(ctx, os.Args, os.Getenv, os.Stdout, os.Stderr)
}

// version is set by the release build; a plain build says "devel".
var version = "devel"

// run is main without globals. It returns the exit status.
func run(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) int {
	stderr = &visibleWriter{to: stderr}
	out := &output{to: stdout}
	env := &environment{getenv: getenv, stdout: &visibleWriter{to: out}, raw: out, stderr: stderr}
	app := newApp(env)
	err := runApp(ctx, app, flagsFirst(app.Commands, args))
	if err == nil {
		err = out.err()
	}
	if err == nil {
		return 0
	}
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		fmt.Fprintln(stderr, "stripelake: interrupted; what was read is kept, and the next run goes on from there")
		return pipeline.ExitCode(context.Canceled)
	}
	if errors.Is(err, errSilent) || errors.Is(err, syscall.EPIPE) { // who read it has enough
		return 1
	}
	// Invariant 11: no error text reaches anybody with a key in it.
	fmt.Fprintf(stderr, "stripelake: %s\n", extract.Redact(err.Error()))
	return pipeline.ExitCode(err)
}

func runApp(ctx context.Context, app *cli.App, args []string) (err error) {
	defer recovered(&err)
	return app.RunContext(ctx, args)
}

// errSilent is a failure that the command has said all about.
var errSilent = errors.New("said already")

func newApp(env *environment) *cli.App {
	app := &cli.App{
		Name:            "stripelake",
		Usage:           "copy a Stripe account into files you own",
		Version:         version,
		Writer:          env.stdout,
		ErrWriter:       env.stderr,
		HideHelpCommand: true,
		OnUsageError:    usageError,
		ExitErrHandler:  func(*cli.Context, error) {},
		Action: func(c *cli.Context) error {
			if c.NArg() > 0 {
				return unknownCommand(c.App.Commands, c.Args().First())
			}
			return cli.ShowAppHelp(c)
		},
		Commands: []*cli.Command{
			demoCommand(env), syncCommand(env), planCommand(env), statusCommand(env), queryCommand(env), reportCommand(env), exportCommand(env), rebuildCommand(env), compactCommand(env), backupCommand(env), verifyCommand(env), initCommand(env), schemaCommand(env), forgetCommand(env), doctorCommand(env), simulateCommand(env),
		},
	}
	for _, command := range app.Commands {
		refuseMisuse(command, "stripelake")
	}
	return app
}

// refuseMisuse makes a command, and those below it, refuse unknown flags and
// more arguments than its usage line names: none, one or, where that ends in an
// ellipsis, any number.
func refuseMisuse(command *cli.Command, above string) {
	command.OnUsageError = usageError
	for _, flag := range command.Flags {
		if given, ok := flag.(*cli.BoolFlag); ok {
			given.DisableDefaultText = true // that it is not given goes without saying
		}
	}
	name := above + " " + command.Name
	for _, sub := range command.Subcommands {
		refuseMisuse(sub, name)
	}
	action, usage := command.Action, strings.TrimSpace(name+" "+command.ArgsUsage)
	if len(command.Subcommands) > 0 {
		return
	}
	most := min(len(command.ArgsUsage), 1)
	command.Action = func(c *cli.Context) error {
		if c.NArg() > most && !strings.Contains(command.ArgsUsage, "…") {
			return &pipeline.UsageError{Message: fmt.Sprintf("%q is one argument too many: %s", c.Args().Get(most), usage)}
		}
		if c.IsSet("lake") && c.String("lake") == "" {
			return &pipeline.UsageError{Message: "--lake is empty: is the variable set that it was to hold?"}
		}
		lake := c.String("lake")
		exitOnDuckDBAbort(command.Name, lake)
		if err := tryOpenFiles(); lake != "" && err != nil {
			return withDiskFix(err, lake)
		}
		err := action(c)
		warnOfLostList(c, lake, err)
		return withDiskFix(err, lake)
	}
}

// warnOfLostList says that the list of the forgotten is lost, after a command that
// was not refused for it.
func warnOfLostList(c *cli.Context, lake string, err error) {
	if lake == "" || errors.As(err, new(*load.ListLostError)) {
		return
	}
	if lost := load.ReadListLost(lake); lost != nil {
		fmt.Fprintf(c.App.ErrWriter, "warning: %v\n", lost)
	}
}

// environment is what a command has of the world outside its flags.
type environment struct {
	getenv         func(string) string
	stdout, stderr io.Writer
	raw            *output // standard output for CSV, and for what is to command the terminal
}

// stdoutOf is standard output for a form of an answer. CSV has no way to write a
// character out, and what reads it would take the escape for the data.
func (env *environment) stdoutOf(format string) io.Writer {
	if format == "csv" {
		return env.raw
	}
	return env.stdout
}

func usageError(c *cli.Context, err error, _ bool) error {
	name := "stripelake"
	if c.Command != nil && c.Command.Name != "" {
		name = strings.TrimSpace("stripelake " + strings.TrimPrefix(c.Command.HelpName, "stripelake "))
	}
	return &pipeline.UsageError{Message: fmt.Sprintf("%v (see %s --help)", err, name)}
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

// flagsFirst moves a command's flags before its other arguments, because the
// library stops reading flags at the first argument that is none and people
// write `sync charges --from 2024-01-01`.
func flagsFirst(commands []*cli.Command, args []string) []string {
	if len(args) < 2 {
		return args
	}
	i := slices.IndexFunc(commands, func(c *cli.Command) bool { return c.HasName(args[1]) })
	if i < 0 {
		return args
	}
	if subs := commands[i].Subcommands; len(subs) > 0 {
		return append(slices.Clone(args[:1]), flagsFirst(subs, args[1:])...)
	}
	out, rest := slices.Clone(args[:2]), []string(nil)
	for j := 2; j < len(args); j++ {
		arg := args[j]
		if arg == "--" {
			rest = append(rest, args[j+1:]...)
			break
		}
		if !strings.HasPrefix(arg, "-") || arg == "-" {
			rest = append(rest, arg)
			continue
		}
		out = append(out, arg)
		if takesValue(commands[i], arg) && j+1 < len(args) {
			j++
			out = append(out, args[j])
		}
	}
	if len(rest) == 0 {
		return out
	}
	return append(append(out, "--"), rest...)
}

func takesValue(command *cli.Command, arg string) bool {
	name := strings.TrimLeft(arg, "-")
	for _, flag := range command.Flags {
		if slices.Contains(flag.Names(), name) {
			_, isBool := flag.(*cli.BoolFlag)
			return !isBool
		}
	}
	return false // unknown, or --name=value
}
