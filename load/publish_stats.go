package load

import (
	"cmp"
	"slices"
	"time"

	"github.com/stripelake/stripelake/load/internal/lakedir"
	"github.com/stripelake/stripelake/load/rawlog"
)

// PublishStats has the bytes that a publish wrote and the time that it took.
type PublishStats struct {
	Changed    int64 `json:"changed"`    // bytes of raw JSON that the log gained since the previous generation
	Files      int   `json:"files"`      // partition files written; the others are links to those of the previous generation
	Partitions int64 `json:"partitions"` // bytes written to partition files
	Warehouse  int64 `json:"warehouse"`  // bytes copied for the warehouse; 0 where the file system shares the state's blocks
	State      int64 `json:"state"`      // bytes that the checkpoint before wrote to the private state; 0 where the system does not count them

	Seconds map[string]float64 `json:"seconds"` // by step: state, partitions, copy, warehouse
}

// Written returns the number of all bytes written.
func (c PublishStats) Written() int64 { return c.Partitions + c.Warehouse + c.State }

// step announces and performs one step of a publish, and records its time.
func (p *publisher) step(name string, f func() error) error {
	p.lake.Stage("publishing: " + name)
	start := time.Now()
	err := f()
	p.Stats.Seconds[name] = time.Since(start).Seconds()
	return err
}

// applied returns the positions of all streams, sorted by account and stream.
func (s *State) applied() []Position {
	var all []Position
	for key, segment := range s.positions {
		all = append(all, Position{Account: key.Account, Stream: key.Stream, Segment: segment})
	}
	slices.SortFunc(all, func(a, b Position) int {
		return cmp.Or(cmp.Compare(a.Account, b.Account), cmp.Compare(a.Stream, b.Stream))
	})
	return all
}

// bytesSince returns the bytes of raw JSON between the positions of two generations, in
// streams that feed tables. The number is for people: it ignores a segment that cannot
// be read, because the state has its content.
func (p *publisher) bytesSince(before []Position) (bytes int64) {
	for _, now := range p.Positions {
		if !slices.ContainsFunc(p.tables, func(t *TableLayout) bool { return slices.Contains(t.Streams, now.Stream) }) {
			continue
		}
		after := uint64(0)
		for _, old := range before {
			if old.Account == now.Account && old.Stream == now.Stream {
				after = old.Segment
			}
		}
		segments, _ := rawlog.ListSegments(p.lake.path(lakedir.RawDir, now.Account, now.Stream))
		for _, s := range segments {
			if s.Last > after && s.Last <= now.Segment {
				bytes += rawlog.JSONBytes(s.Path, now)
			}
		}
	}
	return bytes
}
