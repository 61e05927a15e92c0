package forecast

import (
	"fmt"
	"time"

	"github.com/stripelake/stripelake/extract"
	"github.com/stripelake/stripelake/internal/pipeline"
	"github.com/stripelake/stripelake/load"
)

// lakeState is read from the lake's files without a lock.
type lakeState struct {
	accounts []load.Account
	logs     []load.LogSize
	counts   []load.Resource
}

// streamState is what the lake's files say about one stream of an account.
type streamState struct {
	resource extract.Resource
	cursor   extract.Cursor
	bounds   extract.Range
	objects  int64 // in the log
}

// readLakeState reads the state of the lake in dir. Without a lake it is empty.
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
		l.counts = status.Summary.Resources // without the counts, listing again has no estimate
	}
	return l, nil
}

func (l lakeState) events(account string, lookBack time.Duration) streamState {
	return l.stream(account, extract.Events(), extract.Range{LookBack: lookBack})
}

// stream returns the state of a stream. Like a sync, it applies the beginning
// that the lake remembers to the range.
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

// earliest returns the earlier time. a may be zero, which means not given.
func earliest(a, b time.Time) time.Time {
	if a.IsZero() || b.Before(a) {
		return b
	}
	return a
}
