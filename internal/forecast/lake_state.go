package forecast

import (
	"fmt"
	"time"

	"github.com/stripelake/stripelake/extract"
	"github.com/stripelake/stripelake/internal/pipeline"
	"github.com/stripelake/stripelake/load"
)

// lakeState is what the lake's files tell without a lock.
type lakeState struct {
	accounts []load.Account
	logs     []load.LogSize
	counts   []load.Resource
}

// streamState is what is known of one stream of an account.
type streamState struct {
	resource extract.Resource
	cursor   extract.Cursor
	bounds   extract.Range
	objects  int64 // in the log
}

// readLakeState reads what there is. Where there is no lake yet, nothing is known.
func readLakeState(dir, mode string) (l lakeState, err error) {
	exists, err := pipeline.HasLake(dir)
	if err != nil || !exists {
		return l, err
	}
	held, err := load.ReadMode(dir)
	if err != nil {
		return l, err
	}
	if held != mode {
		return l, fmt.Errorf("lake %s: a key of %s mode, but %s mode is kept: %w", dir, mode, held, load.ErrOtherMode)
	}
	if l.accounts, err = load.ReadAccounts(dir); err != nil {
		return l, err
	}
	if l.logs, err = load.LogSizes(dir); err != nil {
		return l, err
	}
	if status, err := load.ReadStatus(dir); err == nil {
		l.counts = status.Summary.Resources // a courtesy: without it a second listing has no estimate
	}
	return l, nil
}

func (l lakeState) events(account string, lookBack time.Duration) streamState {
	return l.stream(account, extract.Events(), extract.Range{LookBack: lookBack})
}

// stream applies the remembered beginning to the range, as a sync does.
func (l lakeState) stream(account string, resource extract.Resource, bounds extract.Range) streamState {
	s := streamState{resource: resource, bounds: bounds}
	for _, a := range l.accounts {
		if start, ok := a.Starts[resource.Name]; ok && a.ID == account {
			s.bounds.From = earliest(bounds.From, start)
		}
	}
	for _, log := range l.logs {
		if log.Account == account && log.Stream == resource.Name {
			s.cursor = extract.Cursor(log.Cursor)
		}
	}
	for _, count := range l.counts {
		if count.Account == account && count.Stream == resource.Name {
			s.objects = count.Objects
		}
	}
	return s
}

// earliest of a time that may be zero, for not given, and one that is given.
func earliest(a, b time.Time) time.Time {
	if a.IsZero() || b.Before(a) {
		return b
	}
	return a
}
