package main

import (
	"fmt"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/stripelake/stripelake/internal/pipeline"
	"github.com/stripelake/stripelake/load"
)

// retention says what a lake keeps of the past besides its raw log, which only
// `compact --drop-superseded` makes smaller.
type retention struct {
	runs        timeSpan // 0 keeps all
	generations int      // old ones, besides the published one
}

// A year of runs can be compared with the year before.
const (
	defaultKeepRuns        = 400 * 24 * time.Hour
	defaultKeepGenerations = 2
)

// keepFlags are the flags of commands that end a run or publish.
func (o *workOptions) keepFlags() []cli.Flag {
	r := &retention{runs: timeSpan(defaultKeepRuns)}
	o.keep = r
	return inCategory("retention", []cli.Flag{
		&cli.GenericFlag{Name: "keep-runs", Value: &r.runs, Usage: "keep the records of runs and verifications (meta.runs, meta.verifications) for `DURATION`; 0 keeps all"},
		&cli.IntFlag{Name: "keep-generations", Destination: &r.generations, Value: defaultKeepGenerations, Usage: "keep `N` generations before the published one, for readers that have them open"},
	})
}

// check returns a usage error for values that make no sense.
func (r *retention) check() error {
	if r != nil && r.generations < 0 {
		return &pipeline.UsageError{Message: fmt.Sprintf("--keep-generations %d is below 0", r.generations)}
	}
	return nil
}

// in returns options of a lake that keeps this much; without a retention those of the
// defaults.
func (r *retention) in(options load.Options) load.Options {
	if r == nil {
		return options
	}
	options.KeepRuns, options.KeepGenerations = time.Duration(r.runs), r.generations
	if r.generations == 0 {
		options.KeepGenerations = -1 // 0 is the default there
	}
	return options
}
