package pipeline

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/stripelake/stripelake/extract"
	"github.com/stripelake/stripelake/load"
)

// tidyLogs merges the small segments of the accounts' logs, where a stream has
// many.
func tidyLogs(ctx context.Context, accounts []runAccount) error {
	for _, a := range accounts {
		streams, err := a.log.Streams()
		if err != nil {
			return err
		}
		for _, stream := range streams {
			if _, _, err := a.log.Tidy(ctx, stream); err != nil {
				return err
			}
		}
	}
	return nil
}

// Compacted is the result of compacting a stream.
type Compacted struct {
	Account string `json:"account"`
	Stream  string `json:"stream"`
	Dropped int    `json:"dropped"` // versions
	Merged  int    `json:"merged"`  // segments
	Into    int    `json:"into"`
}

// Compact merges the small segments of every stream of every account. With keep
// above 0, which must be at least [KeptAtLeast], it first drops superseded
// versions and events. The newest answer in an account's log counts as the
// present: a version is dropped if a newer one replaced it longer than keep
// before, an event if it was read that long before. Compact takes the locks of
// each log and of the state, or returns a *load.BusyError. While tables keep a
// history nothing is dropped: that is a *UsageError.
func Compact(ctx context.Context, lake *load.Lake, keep time.Duration) (done []Compacted, err error) {
	return compact(ctx, lake, keep, false)
}

// PlanCompact returns what [Compact] with this keep would drop, by stream, under the
// same locks. It changes nothing, and says nothing of what would be merged.
func PlanCompact(ctx context.Context, lake *load.Lake, keep time.Duration) ([]Compacted, error) {
	return compact(ctx, lake, keep, true)
}

// compact compacts the logs, or only counts what would be dropped.
func compact(ctx context.Context, lake *load.Lake, keep time.Duration, count bool) (done []Compacted, err error) {
	if err := CheckKept(keep); err != nil {
		return nil, err
	}
	accounts, err := lake.LogAccounts()
	if err != nil {
		return nil, err
	}
	logs := make([]*load.Log, len(accounts))
	for i, account := range accounts {
		if logs[i], err = lake.OpenLog(ctx, account); err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, logs[i].Close()) }()
	}
	state, err := lake.OpenState(ctx) // the state's lock keeps a rebuild from reading the logs meanwhile
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, state.Close()) }()
	if kept := state.Histories(); keep != 0 && len(kept) > 0 {
		return nil, &UsageError{fmt.Sprintf("%s would lose what they are made of: to drop versions, take `history: true` out of the schemas and run `stripelake rebuild` first",
			strings.Join(kept, ", "))}
	}
	for i, account := range accounts {
		of, err := compactAccount(ctx, lake, logs[i], state, account, keep, count)
		if err != nil {
			return nil, err
		}
		done = append(done, of...)
	}
	return done, nil
}

// CheckKept returns a *UsageError for a time that is too short to keep versions for; 0
// keeps all.
func CheckKept(keep time.Duration) error {
	if keep == 0 || keep >= KeptAtLeast {
		return nil
	}
	return &UsageError{fmt.Sprintf("versions are kept for %d days at least: events of that time may still be followed", KeptAtLeast/(24*time.Hour))}
}

// KeptAtLeast is the least time for which versions and events are kept. Stripe
// keeps events for 30 days: a stream that has not followed an older one is
// listed again.
const KeptAtLeast = 31 * 24 * time.Hour

func compactAccount(ctx context.Context, lake *load.Lake, log *load.Log, state *load.State, account string, keep time.Duration, count bool) (done []Compacted, err error) {
	streams, err := log.Streams()
	if err != nil {
		return nil, err
	}
	// This machine's clock may be years ahead, and an answer may have had a
	// wrong date. What is dropped cannot be read again, so the earlier of the
	// two counts.
	present, err := state.NewestRead(ctx, account)
	if err != nil {
		return nil, err
	}
	if now := time.Now().UTC(); now.Before(present) {
		present = now
	}
	drop := present.Add(-keep)
	for _, stream := range streams {
		lake.Stage("compacting " + stream)
		c := Compacted{Account: account, Stream: stream}
		switch {
		case keep == 0:
		case count:
			c.Dropped, err = countDropped(ctx, log, stream, drop)
		case stream == extract.Events().Name:
			c.Dropped, err = state.DropOld(ctx, log, stream, drop)
		default:
			c.Dropped, err = log.DropSuperseded(ctx, stream, drop)
		}
		if err == nil && !count {
			c.Merged, c.Into, err = log.Compact(ctx, stream)
		}
		if err != nil {
			return nil, err
		}
		done = append(done, c)
	}
	return done, nil
}

func countDropped(ctx context.Context, log *load.Log, stream string, drop time.Time) (int, error) {
	if stream == extract.Events().Name {
		return log.CountBefore(ctx, stream, drop)
	}
	return log.CountSuperseded(ctx, stream, drop)
}
