package pipeline

import (
	"context"

	"github.com/stripelake/stripelake/extract"
	"github.com/stripelake/stripelake/load"
)

// Backup copies all of a lake that cannot be made again, as [load.Lake.Backup]
// does: the events last, for the cursors of the other streams say how far those
// are followed.
func Backup(ctx context.Context, lake *load.Lake, to string) (load.Backup, error) {
	return lake.Backup(ctx, to, extract.Events().Name)
}
