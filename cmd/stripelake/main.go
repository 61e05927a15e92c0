// Command stripelake copies a Stripe account into files its owner keeps: a raw
// log of every object as Stripe sent it, Parquet partitions in a declared
// schema, and a DuckDB warehouse.
//
// Exit status: 0 done, or ended in order by --max-runtime or --max-requests; 1
// failed, also by a bug in the program, and also if standard output could not
// be written, the disk has less room than --min-free asks for, or the schemas
// have a mistake; 2 wrong usage, or a mistake in SQL or in the settings; 3 a selected resource was not
// read, more objects were refused than --max-rejects allows, or doctor, verify
// or status --max-age found something; 75 another process holds the lake, try
// again; 130 interrupted by SIGINT or SIGTERM. The reference has the same from
// exit_status.go. Standard input and output that are closed are /dev/null.
package main

import (
	"context"
	"errors"
	"io"
	"log"
	"os"
	"os/signal"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"

	"github.com/urfave/cli/v2"

	"github.com/stripelake/stripelake/internal/pipeline"
)

// heapGoal is where Go's collector begins to work harder, in bytes. DuckDB has a
// limit of its own (load.Options.MemoryLimit); together they keep a sync under
// 400 MB. Pages are read while others are mapped: with 64 MB the collector took
// 18 % of a backfill's CPU (measured).
const heapGoal = 96 << 20

func main() { os.Exit(process()) }

// process runs the program and returns its exit status.
func process() int {
	exitOnRuntimeAbort()
	debug.SetMemoryLimit(heapGoal)
	if len(os.Args) > 1 && os.Args[1] != "init" && os.Args[1] != "schema" { // their files belong in the author's repository
		syscall.Umask(0o077) // DuckDB makes its write-ahead log readable for all users
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	log.SetOutput(&unsolicited)
	signal.Ignore(syscall.SIGPIPE) // the write fails instead: a run goes on without its reader, and a query removes its spilled files
	return run(ctx, os.Args, os.Getenv, os.Stdout, os.Stderr)
}

// run is main without globals. It returns the exit status.
func run(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) int {
	screen := newScreen(stdout, stderr)
	out, errs := &output{to: screen.above(stdout)}, stderr
	if isTerminal(stderr) { // a log in a file is in nobody's way
		errs = screen.above(stderr)
	}
	env := &environment{getenv: getenv, stdout: &visibleWriter{to: out}, raw: out, stderr: &visibleWriter{to: errs}}
	env.signals = signals{stderr: env.stderr, raw: errs, screen: screen, getenv: getenv}
	app := newApp(env)
	if len(args) > 1 && args[1] == completeWord {
		env.complete(app, args[2:])
		return 0
	}
	err := runApp(ctx, app, flagsFirst(app.Commands, ofHelp(args)))
	if err == nil {
		err = out.err()
	}
	if err == nil {
		return 0
	}
	env.signals.stopDrawing() // a panic may have left it on
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		env.signals.fail("interrupted; what was read is kept, and the next run goes on from there", pipeline.ExitCode(context.Canceled))
		return pipeline.ExitCode(context.Canceled)
	}
	if errors.Is(err, errSilent) || errors.Is(err, syscall.EPIPE) { // the reader of the pipe needs no more
		return 1
	}
	env.signals.fail(err.Error(), pipeline.ExitCode(err))
	return pipeline.ExitCode(err)
}

func runApp(ctx context.Context, app *cli.App, args []string) (err error) {
	defer recovered(&err)
	return app.RunContext(ctx, args)
}

// errSilent is a failure that the command has reported already.
var errSilent = errors.New("said already")

func newApp(env *environment) *cli.App {
	var showVersion bool
	app := &cli.App{
		Name:  "stripelake",
		Usage: "copy a Stripe account into files you own",
		Description: "`stripelake help COMMAND` says more of a command.\n" +
			"Example: stripelake demo\n" +
			"Example: STRIPE_API_KEY=rk_live_... stripelake sync --from 2024-01-01\n" +
			"Example: stripelake query 'SELECT method, count(*) FROM payments GROUP BY ALL'",
		HideVersion:     true,
		Writer:          env.stdout,
		ErrWriter:       env.stderr,
		HideHelpCommand: true,
		OnUsageError:    usageError,
		ExitErrHandler:  func(*cli.Context, error) {},
		Flags: []cli.Flag{
			cli.HelpFlag, // the library adds it only where no command is called help
			&cli.BoolFlag{Name: "version", Aliases: []string{"v"}, Destination: &showVersion, DisableDefaultText: true, Usage: "print the version"},
		},
		Action: func(c *cli.Context) error {
			switch {
			case c.NArg() > 0:
				return unknownCommand(c.App.Commands, c.Args().First())
			case showVersion:
				return env.version(c.Context, false)
			}
			return cli.ShowAppHelp(c)
		},
		Commands: []*cli.Command{
			demoCommand(env), syncCommand(env), planCommand(env), statusCommand(env), queryCommand(env), tablesCommand(env), pathCommand(env),
			reportCommand(env), exportCommand(env), rebuildCommand(env), compactCommand(env), backupCommand(env), verifyCommand(env), initCommand(env),
			schemaCommand(env), forgetCommand(env), doctorCommand(env), configCommand(env), simulateCommand(env),
			completionCommand(env), manCommand(env), versionCommand(env), helpCommand(env),
		},
	}
	for _, command := range app.Commands {
		env.signals.tell(command, !isBrief(command.Name))
	}
	env.addSettings(app.Commands)
	return app
}

// environment is a command's connection to the process: environment variables
// and streams.
type environment struct {
	getenv         func(string) string
	stdout, stderr io.Writer
	inForce        inForce
	notify         notifyOptions
	raw            *output // standard output, unescaped: for CSV
	signals        signals
}

// stdoutOf returns standard output for a format. CSV is written unescaped: it
// has no escapes for characters, and a reader would take one for data.
func (env *environment) stdoutOf(format string) io.Writer {
	if format == "csv" {
		return env.raw
	}
	return env.stdout
}

// flagsFirst moves a command's flags before its other arguments: the library
// stops reading flags at the first argument that is none, and people write
// `sync charges --from 2024-01-01`.
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
		if name, _, _ := strings.Cut(arg, "="); !strings.HasPrefix(arg, "-") || arg == "-" || strings.ContainsAny(name, " \t\n") { // SQL may begin with a comment
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
