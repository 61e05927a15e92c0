package pipeline

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/stripelake/stripelake/extract"
	"github.com/stripelake/stripelake/load"
)

// known is what the lake's files tell without a lock.
type known struct {
	accounts []load.Account
	logs     []load.LogSize
	counts   []load.Resource
}

// kept is what is known of one stream of an account.
type kept struct {
	resource extract.Resource
	cursor   extract.Cursor
	bounds   extract.Range
	objects  int64 // in the log
}

// readKnown reads what there is. Where there is no lake yet, nothing is known.
func readKnown(dir, mode string) (k known, err error) {
	exists, err := hasLake(dir)
	if err != nil || !exists {
		return k, err
	}
	held, err := load.ReadMode(dir)
	if err != nil {
		return k, err
	}
	if held != mode {
		return k, fmt.Errorf("lake %s: a key of %s mode, but %s mode is kept: %w", dir, mode, held, load.ErrOtherMode)
	}
	if k.accounts, err = load.ReadAccounts(dir); err != nil {
		return k, err
	}
	if k.logs, err = load.LogSizes(dir); err != nil {
		return k, err
	}
	if status, err := load.ReadStatus(dir); err == nil {
		k.counts = status.Summary.Resources // a courtesy: without it a second listing has no estimate
	}
	return k, nil
}

func hasLake(dir string) (bool, error) {
	_, err := os.Stat(filepath.Join(dir, "lake.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

// account is the name under which the lake keeps an account whose id, or label,
// is given; the key may be allowed to read neither.
func (k known) account(id, label string) string {
	if id = cmp.Or(id, label); id != "" {
		return id
	}
	for _, a := range k.accounts {
		if a.Label {
			return a.ID
		}
	}
	return ""
}

func (k known) events(account string, lookBack time.Duration) kept {
	return k.stream(account, extract.Events(), extract.Range{LookBack: lookBack})
}

// stream applies the remembered beginning to the range, as a sync does.
func (k known) stream(account string, resource extract.Resource, bounds extract.Range) kept {
	s := kept{resource: resource, bounds: bounds}
	for _, a := range k.accounts {
		if start, ok := a.Starts[resource.Name]; ok && a.ID == account {
			s.bounds.From = earliest(bounds.From, start)
		}
	}
	for _, log := range k.logs {
		if log.Account == account && log.Stream == resource.Name {
			s.cursor = extract.Cursor(log.Cursor)
		}
	}
	for _, count := range k.counts {
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
