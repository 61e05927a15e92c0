package laketest

import (
	"context"

	"github.com/stripelake/stripelake/internal/pipeline"
	"github.com/stripelake/stripelake/load"
)

// Forget erases customers from the lake in dir.
func Forget(ctx context.Context, dir string, change func(*pipeline.Forget), customers ...string) ([]load.Receipt, error) {
	s := NewSync(dir, "http://127.0.0.1:1", func(o *load.Options) { o.StateWait, o.NoList = -1, true })
	if s.Err != nil {
		return nil, s.Err
	}
	f := pipeline.Forget{Mappings: s.Mappings, Lake: s.Lake, Customers: customers, Version: "test"}
	if change != nil {
		change(&f)
	}
	return f.Run(ctx)
}
