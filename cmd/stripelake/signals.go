package main

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/stripelake/stripelake/extract"
	"github.com/stripelake/stripelake/internal/pipeline"
	"github.com/stripelake/stripelake/load"
)

// signals say what a command is doing: log records on standard error and, on a
// terminal, its progress. Results go to standard output and are none of them.
type signals struct {
	quiet, verbose bool
	format         string // of the log

	stderr io.Writer // control characters are made visible
	raw    io.Writer // the same, for records that are coloured
	screen *screen
	getenv func(string) string

	log      *slog.Logger
	activity *activity
	bars     *bars
	stopLog  func() // ends the records of progress
	started  time.Time
	command  string            // without the program's name; empty before a command begins
	works    bool              // it has the flags of signals
	ended    []any             // further attributes of the record of its end
	summary  *pipeline.Summary // of a run that went through to its end
}

// logCategory is the heading of the flags of signals in a command's help.
const logCategory = "log and progress"

// recordEvery is the time between two records of progress where none is drawn.
const recordEvery = 30 * time.Second

// brief are the commands without signals: they answer at once, or are not done
// before they are stopped.
var brief = []string{"status", "query", "tables", "path", "config", "completion", "man", "version", "help", "init", "schema", "simulate"}

// runs are the commands that print results while they go on.
var runs = []string{"sync", "rebuild", "demo"}

func (s *signals) flags() []cli.Flag {
	return []cli.Flag{
		&cli.BoolFlag{Name: "quiet", Destination: &s.quiet, Category: logCategory, DisableDefaultText: true, Usage: "say only what is wrong; a command that answers still prints its answer"},
		&cli.BoolFlag{Name: "verbose", Destination: &s.verbose, Category: logCategory, DisableDefaultText: true, Usage: "also log each request, segment and publish"},
		&cli.StringFlag{Name: "log-format", Destination: &s.format, Category: logCategory, Value: "text", Usage: "`FORM` of the log on standard error: text or json"},
	}
}

// tell adds the signals to a command and to its subcommands.
func (s *signals) tell(command *cli.Command, works bool) {
	for _, sub := range command.Subcommands {
		s.tell(sub, works)
	}
	if len(command.Subcommands) > 0 {
		return
	}
	if works {
		command.Flags = append(command.Flags, s.flags()...)
	}
	action := command.Action
	command.Action = func(c *cli.Context) error {
		s.command, s.works = strings.TrimPrefix(fullName(c), "stripelake "), works
		if err := s.check(); err != nil {
			return err
		}
		lake := c.String("lake")
		s.begin(lake, c.Bool("json"))
		err := action(c)
		s.stopDrawing()
		s.warnOfLostList(lake, err)
		s.warnOfUnsolicited()
		s.end(err)
		return err
	}
}

func (s *signals) check() error {
	if s.format != "" && s.format != "text" && s.format != "json" {
		return &pipeline.UsageError{Message: fmt.Sprintf("--log-format %q is neither text nor json", s.format)}
	}
	if s.quiet && s.verbose {
		return &pipeline.UsageError{Message: "--quiet and --verbose exclude each other"}
	}
	return nil
}

// logger returns the command's logger; before one begins, that of its failure.
func (s *signals) logger() *slog.Logger {
	if s.log == nil {
		o := logOptions{json: s.format == "json", level: slog.LevelInfo, terminal: s.onTerminal()}
		if s.quiet {
			o.level = slog.LevelWarn
		} else if s.verbose {
			o.level = slog.LevelDebug
		}
		o.color = o.terminal && s.getenv("NO_COLOR") == "" && s.getenv("TERM") != "dumb"
		to := s.raw
		if to == nil {
			to = io.Discard
		}
		s.log = newLogger(to, o)
	}
	return s.log
}

// onTerminal reports whether people read standard error as it is written.
func (s *signals) onTerminal() bool {
	_, ok := s.raw.(aboveWriter)
	return ok
}

// begin begins the signals of a command.
func (s *signals) begin(lake string, asJSON bool) {
	s.started, s.activity = time.Now(), newActivity(s.command)
	log := s.logger()
	if !s.works || s.quiet {
		return
	}
	if s.keepsLog() {
		log.Info(s.command+" begins", "command", s.command, "lake", lake, "version", version)
	}
	drawn := s.screen != nil && s.screen.file != nil && !asJSON && s.format != "json" && s.getenv("TERM") != "dumb"
	if drawn {
		s.bars = newBars(s.screen, s.activity, !slices.Contains(runs, s.command))
	}
	if !drawn || s.keepsLog() {
		s.stopLog = s.activity.logEvery(recordEvery, log)
	}
}

// keepsLog reports whether standard error is read later, so that it has to say when a
// command began and ended.
func (s *signals) keepsLog() bool { return !s.onTerminal() || s.format == "json" }

// stopDrawing ends what is shown while a command works.
func (s *signals) stopDrawing() {
	if s.bars != nil {
		s.bars.stop()
		s.bars = nil
	}
	if s.stopLog != nil {
		s.stopLog()
		s.stopLog = nil
	}
}

// end records how a command ended. A failure in a JSON log is one record with its
// reason, which fail writes.
func (s *signals) end(err error) {
	if !s.works || s.quiet || !s.keepsLog() || err != nil && s.format == "json" {
		return
	}
	text := s.command + " done"
	if err != nil {
		text = fmt.Sprintf("%s ended with status %d", s.command, pipeline.ExitCode(err))
	}
	s.logger().Info(text, append(s.endAttrs(pipeline.ExitCode(err)), s.ended...)...)
}

func (s *signals) endAttrs(code int) []any {
	return []any{"command", s.command, "seconds", seconds(time.Since(s.started)), "exit_status", code}
}

// fail prints why the program fails, on one line unless there are several reasons.
// Invariant 11: no error text shows a key.
func (s *signals) fail(message string, code int) {
	if s.format == "json" {
		attrs := []any{"exit_status", code}
		if s.command != "" && !s.started.IsZero() {
			attrs = append(s.endAttrs(code), s.ended...)
		}
		s.logger().Error(message, attrs...)
		return
	}
	fmt.Fprintf(s.stderr, "stripelake: %s\n", extract.Redact(message))
}

// warnOfLostList warns that the list of the forgotten is lost, after a command
// that was not refused for it.
func (s *signals) warnOfLostList(lake string, err error) {
	if lake == "" || errors.As(err, new(*load.ListLostError)) {
		return
	}
	if lost := load.ReadListLost(lake); lost != nil {
		s.logger().Warn(lost.Error())
	}
}

// waiting records which process a command waits for.
func (s *signals) waiting(busy *load.BusyError) {
	s.logger().Warn(fmt.Sprintf("waiting for process %d, which has the %s since %s", busy.Holder.PID, busy.What, busy.Holder.Since.Format(time.RFC3339)),
		"pid", busy.Holder.PID, "what", busy.What, "since", busy.Holder.Since)
}

// outage records that Stripe does not answer, and that it answers again.
func (s *signals) outage(o extract.Outage) { s.logger().Warn(o.String()) }

// sent counts a request, and records it for --verbose.
func (s *signals) sent(r extract.Sent) {
	s.activity.countRequest(r.Endpoint, r.Status)
	attrs := []any{"method", r.Method, "path", r.Endpoint, "status", r.Status, "ms", r.Duration.Milliseconds(), "request_id", r.RequestID}
	if r.Account != "" {
		attrs = append(attrs, "account", r.Account)
	}
	s.logger().Debug("request", attrs...)
}

// stage notes what begins now.
func (s *signals) stage(what string) {
	s.activity.begin(what)
	s.logger().Debug(what)
}

// seconds returns a duration in seconds, to the millisecond.
func seconds(d time.Duration) float64 { return float64(d.Milliseconds()) / 1000 }

// isBrief reports whether a command has no signals.
func isBrief(name string) bool { return slices.Contains(brief, name) }
