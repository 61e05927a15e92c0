package pipeline_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"syscall"
	"time"

	"github.com/stripelake/stripelake/extract"
	"github.com/stripelake/stripelake/internal/pipeline"
	"github.com/stripelake/stripelake/internal/pipeline/laketest"
	"github.com/stripelake/stripelake/load"
)

// The commands of an attack's processes.
const (
	asSmallSync = "sync in small segments" // not of an attack: see [laketest.Child.Sync]

	asSync    = "sync"
	asVerify  = "verify --deep"
	asMend    = "verify --repair"
	asRepair  = "verify --stripe --repair"
	asFull    = "verify --stripe --full --repair"
	asRebuild = "rebuild"
	asAnew    = "rebuild --all"
)

// workAs does what the program does that is given a child's work as its command, and
// prints what the run noticed and each finding with its fix, a line each.
func workAs(ctx context.Context, c laketest.Child) error {
	command, dir := c.Work, c.Lake
	client, err := extract.New(extract.Config{
		Key: laketest.Key, BaseURL: c.API, MaxRPS: 100_000,
		Retry: extract.Retry{Attempts: 4, Base: time.Millisecond, Cap: 5 * time.Millisecond},
	})
	if err != nil {
		return err
	}
	lake, err := load.Open(dir, load.Options{Mode: client.Mode()})
	if err != nil {
		return err
	}
	word, _, _ := strings.Cut(command, " ")
	declared, err := pipeline.Declare{Lake: lake, Derive: word == asRebuild, Command: word}.Run(ctx)
	if err != nil {
		return err
	}
	options := pipeline.LakeOptions(declared.Set, client.Mode())
	if word == asRebuild {
		options = pipeline.RebuildOptions(declared.Set)
	}
	options.SegmentObjects, options.CompactAfter = 100, 3
	c.Options(&options)
	lake = lake.Using(options)
	s := &pipeline.Sync{
		Source: pipeline.Source{Client: client}, Lake: lake, Mappings: declared.Mappings, Redactors: declared.Redactors, Declaration: declared,
		Range: extract.Range{LookBack: pipeline.DailyLookBack},
		OnEvent: func(e pipeline.Event) {
			if e.Event == pipeline.EventNotice {
				fmt.Println(e.Message)
			}
		},
	}
	if word == asSync {
		_, err = s.Run(ctx)
		return err
	}
	if word == asRebuild {
		again := pipeline.Rebuild{Mappings: s.Mappings, Lake: lake, Declaration: declared, OnEvent: s.OnEvent}
		if command == asAnew {
			again.Lake = lake.FromScratch()
		}
		_, err = again.Run(ctx)
		return err
	}
	return verifyAs(ctx, command, s, &pipeline.Verify{Dir: dir, Set: declared.Set, Deep: command == asVerify, Wait: -1})
}

// verifyAs verifies as a command says, repairs if it says so, and looks once more.
func verifyAs(ctx context.Context, command string, s *pipeline.Sync, v *pipeline.Verify) error {
	if strings.Contains(command, "--stripe") {
		v.Stripe = &pipeline.AtStripe{Client: s.Client, Redactors: s.Redactors, Sample: 3}
		if command == asFull {
			v.Stripe.Sample = 0
		}
	} else {
		s.Client = nil
	}
	found, err := v.Run(ctx)
	printFindings(found)
	if found.RunID == "" || err == nil || command == asVerify {
		return err
	}
	_, err = v.Repair(ctx, s)
	fmt.Println("after the repair")
	found, left := v.Again().Run(ctx)
	printFindings(found)
	return errors.Join(err, left)
}

func printFindings(found pipeline.Verified) {
	for _, c := range found.Checks {
		for _, f := range c.Findings {
			fmt.Printf("%s: %s: %s; fix: %s\n", f.Name, f.What, f.Says, f.Fix)
		}
	}
}

// worked is how a process ended and all that it said.
type worked struct {
	code int    // exit status
	died string // the moment at which it killed itself
	text string
}

// patience is how long a process may take before it is said to stand still.
const patience = 4 * time.Minute

// work runs a command in a process of its own. An error is an end that no process
// may have: by a signal that nobody sent, a panic, or none at all.
func work(ctx context.Context, c laketest.Child) (worked, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	cmd, command := c.Command(ctx), c.Work
	out, _ := cmd.CombinedOutput() // how it ended says its state
	if cmd.ProcessState == nil {
		return worked{}, fmt.Errorf("%s did not begin", command)
	}
	end := worked{code: cmd.ProcessState.ExitCode(), text: strings.TrimSpace(string(out))}
	status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus)
	switch {
	case ctx.Err() != nil:
		return end, fmt.Errorf("%s did not end within %s: %s", command, patience, end.text)
	case ok && status.Signaled() && status.Signal() == syscall.SIGKILL && c.N > 0:
		lines := strings.Split(end.text, "\n")
		end.died = lines[len(lines)-1]
		return end, nil
	case ok && status.Signaled(), strings.Contains(end.text, "panic: "), strings.Contains(end.text, "goroutine 1 ["):
		return end, fmt.Errorf("%s ended with %v: %.4000s", command, cmd.ProcessState, end.text)
	}
	return end, nil
}
