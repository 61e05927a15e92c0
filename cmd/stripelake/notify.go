package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/stripelake/stripelake/internal/notify"
	"github.com/stripelake/stripelake/internal/pipeline"
	"github.com/stripelake/stripelake/internal/settings"
)

// notifyOptions say who hears how a command ended.
type notifyOptions struct {
	url, ping string // as settings.ParseAddress reads them
	on        cli.StringSlice
}

// unattended are the commands that run without somebody who watches.
var unattended = []string{"sync", "rebuild", "compact", "backup", "verify", "status"}

// addNotifications makes a command that runs unattended tell how it ended.
func (env *environment) addNotifications(command *cli.Command) {
	if !slices.Contains(unattended, command.Name) {
		return
	}
	o := &env.notify
	command.Flags = append(command.Flags, inCategory("notifications", []cli.Flag{
		&cli.StringFlag{Name: "notify-url", Destination: &o.url, Usage: "post a small JSON object to `URL` (or env:NAME, file:PATH that holds it) when this fails, and when it is well again"},
		&cli.StringSliceFlag{Name: "notify-on", Destination: &o.on, Usage: "only of this `EVENT`: failed, stale, recovered (repeatable)"},
		&cli.StringFlag{Name: "ping-url", Destination: &o.ping, Usage: "request `URL` (or env:NAME, file:PATH that holds it) after success"},
	})...)
	action := command.Action
	command.Action = func(c *cli.Context) error {
		to, err := env.addresses()
		if err != nil {
			return err
		}
		err = action(c)
		to.tell(c.Context, command.Name, c.String("lake"), err)
		return err
	}
}

// notifier tells how a command ended.
type notifier struct {
	env       *environment
	url, ping string // "" for nobody
	on        []string
}

// addresses returns who is to be told. A text that is no address is a
// *pipeline.UsageError.
func (env *environment) addresses() (notifier, error) {
	n := notifier{env: env, on: env.notify.on.Value()}
	for _, event := range n.on {
		if !slices.Contains(notify.Events(), event) {
			return n, &pipeline.UsageError{Message: fmt.Sprintf("--notify-on %q is none of %s", event, strings.Join(notify.Events(), ", "))}
		}
	}
	if len(n.on) == 0 {
		n.on = notify.Events()
	}
	var err error
	if n.url, err = env.address("notify.url", "--notify-url", env.notify.url); err == nil {
		n.ping, err = env.address("ping", "--ping-url", env.notify.ping)
	}
	return n, err
}

// address returns the address of a key, or that behind its reference. A reference that
// leads nowhere is a warning: a copy of the account is worth more than a word about it.
func (env *environment) address(key, flag, text string) (string, error) {
	if text == "" {
		return "", nil
	}
	from := cmp.Or(env.inForce.values[key].source, flag)
	reference, err := settings.ParseAddress(text)
	if err != nil {
		return "", &pipeline.UsageError{Message: fmt.Sprintf("%s: %v", from, err)}
	}
	if reference.URL == "" {
		if reference.URL, err = env.secret(reference.Secret); err == nil {
			_, err = notify.Check(reference.URL)
		}
	}
	if err != nil {
		env.signals.logger().Warn(fmt.Sprintf("%s: %s leads nowhere, so nobody hears how this ends: %v", from, key, err))
		return "", nil
	}
	return reference.URL, nil
}

// tell posts what is to be told of a command that ended with err, and pings after success.
// An interrupted run is told to nobody, because somebody interrupted it; nor is one that
// found the lake taken, because the run that has it tells of itself. A failure to tell is a
// warning.
func (n notifier) tell(ctx context.Context, command, lake string, err error) {
	status := 0
	if err != nil {
		status = pipeline.ExitCode(err)
	}
	if ctx.Err() != nil || status == pipeline.ExitBusy {
		return
	}
	outcome := notify.Outcome{Command: command, Lake: lake, Program: version, Status: status, Event: notify.Failed}
	if command == "status" && status == pipeline.ExitIncomplete {
		outcome.Event = notify.Stale
	}
	n.post(ctx, lake, outcome)
	if command == "sync" {
		n.tellAge(ctx, lake)
	}
	if n.ping != "" && status == 0 {
		if err := (notify.Sender{}).Ping(ctx, n.ping); err != nil {
			n.env.signals.logger().Warn(fmt.Sprintf("the ping after this run was not delivered: %v", err))
		}
	}
}

// tellAge posts that the lake is older after a sync than the settings allow, and that it no
// longer is.
func (n notifier) tellAge(ctx context.Context, lake string) {
	most := n.env.maxAge()
	if n.url == "" || most == 0 {
		return
	}
	found, err := pipeline.ReadStatus(ctx, lake)
	if err != nil {
		return // the sync itself failed, and that was told
	}
	resources, _ := n.env.resources(nil, pipeline.ResourcesInForce(lake))
	outcome := notify.Outcome{Command: "status", Lake: lake, Program: version, Event: notify.Stale}
	if found.Of(resources).Within(most, time.Now()) != nil {
		outcome.Status = pipeline.ExitIncomplete
	}
	n.post(ctx, lake, outcome)
}

// post posts the message for an outcome, if there is one, and remembers it in the lake.
func (n notifier) post(ctx context.Context, lake string, outcome notify.Outcome) {
	if n.url == "" {
		return
	}
	if path, err := filepath.Abs(lake); err == nil {
		outcome.Lake = path // whoever reads it is elsewhere
	}
	memory, now := readMemory(lake), time.Now().UTC().Truncate(time.Second)
	if message := memory.Decide(outcome, n.on, now); message != nil {
		if err := (notify.Sender{}).Post(ctx, n.url, message); err != nil {
			n.env.signals.logger().Warn(fmt.Sprintf("nobody was told that this is %s: %v", message.Event, err))
		} else {
			memory.Tell(outcome.Command, now)
		}
	}
	writeMemory(lake, memory)
}

// memoryFile is the file of a lake that says what was told.
func memoryFile(lake string) string { return filepath.Join(lake, ".state", "notified.json") }

// readMemory returns what was told of a lake before. Without a file that can be read nothing
// was: trouble is told once more then.
func readMemory(lake string) notify.Memory {
	memory := notify.Memory{}
	if text, err := os.ReadFile(memoryFile(lake)); err != nil || json.Unmarshal(text, &memory) != nil || memory == nil {
		return notify.Memory{}
	}
	return memory
}

// writeMemory is not told where it fails: whoever may only read the lake is told of trouble
// by each run.
func writeMemory(lake string, memory notify.Memory) {
	path := memoryFile(lake)
	if _, err := os.Stat(path); len(memory) == 0 && err != nil {
		return
	}
	text, err := json.Marshal(memory)
	if err != nil {
		return
	}
	fresh := path + ".new"
	if os.WriteFile(fresh, append(text, '\n'), 0o600) == nil {
		_ = os.Rename(fresh, path)
	}
}
