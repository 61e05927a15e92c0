package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/urfave/cli/v2"

	"github.com/stripelake/stripelake/internal/pipeline"
	"github.com/stripelake/stripelake/load"
)

func metricsFlag(file *string) cli.Flag {
	return &cli.StringFlag{Name: "metrics-file", Destination: file, Usage: "at the end, also of a failed run, write `FILE` for Prometheus: what the lake holds, and how the run went"}
}

// measured runs a command and writes its metrics. A failure to write them fails the
// run: what looks at the old file would take it for the present.
func (env *environment) measured(ctx context.Context, file, lake string, run func() error) error {
	if file == "" {
		return run()
	}
	if info, err := os.Stat(filepath.Dir(file)); err != nil || !info.IsDir() {
		return &pipeline.UsageError{Message: fmt.Sprintf("--metrics-file %s: there is no folder %s", file, filepath.Dir(file))}
	}
	if info, err := os.Stat(file); err == nil && info.IsDir() {
		return &pipeline.UsageError{Message: fmt.Sprintf("--metrics-file %s is a folder: name a file in it", file)}
	}
	err := run()
	m := metrics{registry: prometheus.NewRegistry(), signals: &env.signals, command: env.signals.command}
	if writeErr := m.write(context.WithoutCancel(ctx), file, lake, pipeline.ExitCode(withDiskFix(err, lake))); writeErr != nil {
		writeErr = fmt.Errorf("write the metrics: %w", writeErr)
		if err == nil {
			return writeErr
		}
		env.signals.logger().Error(writeErr.Error())
	}
	return err
}

// metrics are those of one run and of the lake after it. A process that ends counts
// nothing up, so all of them are gauges. No label names a person or an object.
type metrics struct {
	registry *prometheus.Registry
	lake     prometheus.Labels // in each of them: one host may have several lakes
	signals  *signals
	command  string
}

// write replaces the file whole. Its mode is 0644, unlike that of the lake's files:
// node_exporter, which is another user, reads it, and nothing in it is personal.
func (m *metrics) write(ctx context.Context, file, lake string, code int) error {
	dir, err := filepath.Abs(lake)
	if err != nil {
		return err
	}
	m.lake = prometheus.Labels{"lake": dir}
	m.ofRun(code)
	if err := m.ofLake(ctx, lake); err != nil { // a lake that cannot be read is no reason to hide how the run went
		m.signals.logger().Warn("no metrics of the lake: " + err.Error())
	}
	return prometheus.WriteToTextfile(file, m.registry)
}

// gauge registers a metric, and returns a function that sets it for values of its
// labels.
func (m *metrics) gauge(name, help string, labels ...string) func(value float64, of ...string) {
	g := prometheus.NewGaugeVec(prometheus.GaugeOpts{Namespace: "stripelake", Name: name, Help: help, ConstLabels: m.lake}, labels)
	m.registry.MustRegister(g)
	return func(value float64, of ...string) { g.WithLabelValues(of...).Set(value) }
}

// ofRun are the metrics of the run that ends now.
func (m *metrics) ofRun(code int) {
	now := time.Now()
	m.gauge("build_info", "The version of stripelake; always 1.", "version")(1, version)
	m.gauge("last_run_timestamp_seconds", "When the last run ended, well or not.", "command")(unixSeconds(now), m.command)
	m.gauge("last_run_exit_status", "Exit status of the last run: 0 done, 1 failed, 2 wrong usage, 3 incomplete, 75 the lake was in use, 130 interrupted.", "command")(float64(code), m.command)
	m.gauge("run_seconds", "How long the last run took.", "command")(seconds(now.Sub(m.signals.started)), m.command)
	requests := m.gauge("run_requests", "Requests of the last run to Stripe, retries included, by path and HTTP status; status 0 is no answer.", "path", "status")
	limited := m.gauge("run_rate_limited", "Requests of the last run that Stripe answered with 429, because they came too fast.")
	limited(0)
	for key, n := range m.signals.activity.sent() {
		requests(float64(n), key.path, fmt.Sprint(key.status))
	}
	limited(float64(m.signals.activity.limited()))
	if sum := m.signals.summary; sum != nil {
		m.gauge("run_objects", "Objects that the last run read from Stripe.")(float64(sum.Objects))
		m.gauge("run_rows", "Rows that the last run wrote, all tables.")(float64(sum.Rows))
	}
}

// ofLake are the metrics of the lake as it is now.
func (m *metrics) ofLake(ctx context.Context, lake string) error {
	room, err := load.ReadRoom(lake)
	if err == nil && room.Free >= 0 {
		m.gauge("disk_free_bytes", "Bytes that may still be written to the lake's disk.")(float64(room.Free))
	}
	status, err := pipeline.ReadStatus(ctx, lake)
	if err != nil {
		return err
	}
	m.gauge("live", "1 if the lake has objects of live mode, 0 if of test mode.")(map[string]float64{"live": 1}[status.Mode])
	m.gauge("generation", "Number of the published generation.")(float64(status.Generation))
	m.gauge("given_up", "Requests that were given up and not repeated with success since; see meta.requests.")(float64(len(status.GivenUp)))
	m.gauge("drift", "Kinds of unexpected fields and values; see meta.drift.")(float64(status.Drift))
	m.ofResources(status.Resources)
	counts, err := load.ReadStatus(lake)
	if err != nil {
		return err
	}
	rows := m.gauge("rows", "Rows of a table, all accounts.", "table")
	for _, t := range counts.Summary.Tables {
		rows(float64(t.Rows), t.Table)
	}
	done := m.gauge("last_success_timestamp_seconds", "When a run last ended well, by what the lake records: a failed run keeps it.", "command")
	for command, at := range counts.LastDone {
		done(unixSeconds(at), command)
	}
	return nil
}

func (m *metrics) ofResources(resources []pipeline.ResourceStatus) {
	through := m.gauge("complete_through_timestamp_seconds", "Objects created before this time are in the lake, without a gap.", "account", "resource")
	asOf := m.gauge("as_of_timestamp_seconds", "Changes made before this time are in the lake.", "account", "resource")
	rejects := m.gauge("rejects", "Objects that do not fit their schema; see meta.rejects.", "account", "resource")
	for _, r := range resources {
		rejects(float64(r.Rejects), r.Account, r.Resource)
		if r.CompleteTo != nil {
			through(unixSeconds(*r.CompleteTo), r.Account, r.Resource)
		}
		if r.AsOf != nil {
			asOf(unixSeconds(*r.AsOf), r.Account, r.Resource)
		}
	}
}

func unixSeconds(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }
