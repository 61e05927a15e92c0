package load

import (
	"github.com/stripelake/stripelake/load/internal/atomicfile"
	"github.com/stripelake/stripelake/load/internal/fsprobe"
)

// Floor is how much of a lake's file system is to stay free. The zero value is nothing.
type Floor struct {
	Bytes   int64
	Share   float64 // of the file system's size, 0 to 1
	Publish bool    // in addition, as much as a publish copies
}

// Floor returns a function that measures what is free, and what is to stay free, in
// bytes. free is -1 if it is not known here.
func (l *Lake) Floor(floor Floor) func() (free, need int64) {
	copied := floor.Publish && l.publishCopies()
	return func() (free, need int64) {
		free, need = fsprobe.FreeBytes(l.dir), floor.Bytes+int64(floor.Share*float64(fsprobe.TotalBytes(l.dir)))
		if copied {
			state, _ := atomicfile.Size(l.databasePath()) // 0 while there is none
			need += state
		}
		return free, need
	}
}

// publishCopies reports whether a publish copies the state, byte by byte. Where a file
// system lets files share blocks, the last publish did not.
func (l *Lake) publishCopies() bool {
	g, _, ok := l.Generations().Manifest()
	return !ok || g.Stats.Warehouse > 0
}
