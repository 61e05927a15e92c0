package pipeline

import (
	"context"
	"errors"

	"github.com/stripelake/stripelake/load"
)

// tidy merges the small segments that many syncs have left.
func tidy(ctx context.Context, sources []source) error {
	for _, src := range sources {
		streams, err := src.log.Streams()
		if err != nil {
			return err
		}
		for _, stream := range streams {
			if _, _, err := src.log.Tidy(ctx, stream); err != nil {
				return err
			}
		}
	}
	return nil
}

// Compacted says what became of the small segments of a stream.
type Compacted struct {
	Account string `json:"account"`
	Stream  string `json:"stream"`
	Merged  int    `json:"merged"` // segments
	Into    int    `json:"into"`
}

// Compact merges the small segments of every stream of every account. It takes
// the locks of the state and of each log, or returns a *load.BusyError.
func Compact(ctx context.Context, lake *load.Lake) (done []Compacted, err error) {
	state, err := lake.OpenState(ctx) // a rebuild reads the log with no other lock
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, state.Close()) }()
	accounts, err := lake.LogAccounts()
	if err != nil {
		return nil, err
	}
	for _, account := range accounts {
		of, err := compactAccount(ctx, lake, account)
		if err != nil {
			return nil, err
		}
		done = append(done, of...)
	}
	return done, nil
}

func compactAccount(ctx context.Context, lake *load.Lake, account string) (done []Compacted, err error) {
	log, err := lake.OpenLog(account)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, log.Close()) }()
	streams, err := log.Streams()
	if err != nil {
		return nil, err
	}
	for _, stream := range streams {
		merged, into, err := log.Compact(ctx, stream)
		if err != nil {
			return nil, err
		}
		done = append(done, Compacted{account, stream, merged, into})
	}
	return done, nil
}
