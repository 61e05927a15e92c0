package load

import (
	"errors"
	"slices"
	"strings"
)

// mostMemory is DuckDB's limit if the usual one is too low: for texts of megabytes,
// where compression needs a row group in memory. Stripe has no such texts; rows of
// usual size need far less.
const mostMemory = "1GB"

// NeedsMemory reports whether err is a DuckDB error for too low a memory limit. The
// state is as it was before, and must be opened again.
func NeedsMemory(err error) bool {
	return err != nil && !errors.As(err, new(*DiskError)) && slices.ContainsFunc([]string{"Out of Memory", "failed to pin block", "failed to allocate"},
		func(says string) bool { return strings.Contains(err.Error(), says) })
}

// MemoryOr returns DuckDB's memory limit for the lake: usual, or the highest limit if
// the lake came from [Lake.WithMemory].
func (l *Lake) MemoryOr(usual string) string {
	if l.opts.MemoryLimit == mostMemory {
		return mostMemory
	}
	return usual
}

// WithMemory returns the lake with the highest memory limit, for one more attempt after
// [NeedsMemory]. It returns false if that was already its limit.
func (l *Lake) WithMemory() (*Lake, bool) {
	more := *l
	more.opts.MemoryLimit = mostMemory
	return &more, l.opts.MemoryLimit != mostMemory
}
