package pipeline

import (
	"context"

	"github.com/stripelake/stripelake/extract"
	"github.com/stripelake/stripelake/load"
)

// Backup copies the parts of a lake that cannot be made again, as
// [load.Lake.Backup] does. Events are copied last, because the cursors of the
// other streams say how far the events were followed.
func Backup(ctx context.Context, lake *load.Lake, to string) (load.Backup, error) {
	return lake.Backup(ctx, to, extract.Events().Name)
}
