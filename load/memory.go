package load

import (
	"errors"
	"slices"
	"strings"
)

// mostMemory is what DuckDB may use where the usual is too little: for texts of
// megabytes, of which one row group has to be in memory to be compressed. Stripe has
// none; a row of usual size never comes near.
const mostMemory = "1GB"

// NeedsMemory reports an error of DuckDB's that says that what it may use is too
// little. The state is as it was before, and has to be opened again.
func NeedsMemory(err error) bool {
	return err != nil && !errors.As(err, new(*DiskError)) && slices.ContainsFunc([]string{"Out of Memory", "failed to pin block", "failed to allocate"},
		func(says string) bool { return strings.Contains(err.Error(), says) })
}

// MemoryOr is what DuckDB may use for the lake where that is usual, or what it may at
// most for one that came from [Lake.WithMemory].
func (l *Lake) MemoryOr(usual string) string {
	if l.opts.MemoryLimit == mostMemory {
		return mostMemory
	}
	return usual
}

// WithMemory is the lake for one more attempt after [NeedsMemory]; false where that
// was the last.
func (l *Lake) WithMemory() (*Lake, bool) {
	more := *l
	more.opts.MemoryLimit = mostMemory
	return &more, l.opts.MemoryLimit != mostMemory
}
