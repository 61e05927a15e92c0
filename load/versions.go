package load

import (
	"context"
	"fmt"

	"github.com/stripelake/stripelake/load/internal/duck"
)

// Versions are the versions of what this program writes, and of the DuckDB that is
// linked into it.
type Versions struct {
	DuckDB      string `json:"duckdb"`
	Lake        int    `json:"lake_format"`
	Generations int    `json:"generation_format"`
	State       int    `json:"state_version"`
}

// ReadVersions returns the program's versions. It starts a DuckDB without a file.
func ReadVersions(ctx context.Context) (Versions, error) {
	v := Versions{Lake: lakeFormat, Generations: Format, State: StateVersion}
	err := duck.With(ctx, "64MB", 1, "", func(q duck.Session) error {
		return q.One(ctx, []any{&v.DuckDB}, "SELECT version()")
	})
	if err != nil {
		return v, fmt.Errorf("ask DuckDB for its version: %w", err)
	}
	return v, nil
}
