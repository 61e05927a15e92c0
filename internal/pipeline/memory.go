package pipeline

import (
	"context"

	"github.com/stripelake/stripelake/load"
)

// tooLittleMemory is the notice before a command starts again.
const tooLittleMemory = "DuckDB has too little memory for what is to be merged, texts of megabytes perhaps: the run begins once more with 1 GB"

// withMemory runs a command on a lake. Where DuckDB has too little memory for
// it, the command runs once more with a higher limit. Every command can start
// again: it continues as it would after a crash.
func withMemory[T any](ctx context.Context, lake *load.Lake, onEvent func(Event), run func(*load.Lake) (T, error)) (T, error) {
	out, err := run(lake)
	more, once := lake.WithMemory()
	if !once || !load.NeedsMemory(err) || ctx.Err() != nil {
		return out, err
	}
	newProgress(onEvent).warn(tooLittleMemory)
	return run(more)
}
