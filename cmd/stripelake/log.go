package main

import (
	"context"
	"io"
	"log/slog"
	"time"

	"github.com/lmittmann/tint"

	"github.com/stripelake/stripelake/extract"
)

// logTime is the form of times in logs and events: RFC 3339, UTC, milliseconds.
const logTime = "2006-01-02T15:04:05.000Z07:00"

// logOptions say how records are written.
type logOptions struct {
	json     bool
	terminal bool // short times, and no attributes that repeat the message
	color    bool
	level    slog.Level
}

// newLogger returns a logger to w, which on a terminal takes control sequences.
// Every text of a record is redacted (Invariant 11) and has no character that
// controls a terminal.
func newLogger(w io.Writer, o logOptions) *slog.Logger {
	switch {
	case o.json:
		return slog.New(slog.NewJSONHandler(w, &slog.HandlerOptions{Level: o.level, ReplaceAttr: safeAttr}))
	case o.terminal:
		return slog.New(terse{tint.NewTextHandler(w, &tint.Options{
			Level: o.level, TimeFormat: time.TimeOnly, NoColor: !o.color,
			ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
				if a.Key == slog.LevelKey && len(groups) == 0 && a.Value.Any() == slog.LevelInfo {
					return slog.Attr{} // most records are of this level
				}
				if a.Key == slog.TimeKey && len(groups) == 0 {
					return a
				}
				return safeAttr(groups, a)
			},
		})})
	}
	return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: o.level, ReplaceAttr: safeAttr}))
}

// safeAttr makes an attribute fit for a log.
func safeAttr(_ []string, a slog.Attr) slog.Attr {
	switch a.Value.Kind() {
	case slog.KindTime:
		a.Value = slog.StringValue(a.Value.Time().UTC().Format(logTime))
	case slog.KindString:
		a.Value = slog.StringValue(visible(extract.Redact(a.Value.String())))
	case slog.KindAny:
		if err, ok := a.Value.Any().(error); ok {
			a.Value = slog.StringValue(visible(extract.Redact(err.Error())))
		}
	}
	return a
}

// terse is a handler for people: a message says all that they need, so that only
// the records of --verbose show their attributes.
type terse struct{ slog.Handler }

// Handle writes a record.
func (t terse) Handle(ctx context.Context, r slog.Record) error {
	if r.Level >= slog.LevelInfo {
		r = slog.NewRecord(r.Time, r.Level, r.Message, 0)
	}
	return t.Handler.Handle(ctx, r)
}
