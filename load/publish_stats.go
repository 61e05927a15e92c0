package load

import (
	"cmp"
	"slices"
	"time"

	"github.com/stripelake/stripelake/load/internal/lakedir"
	"github.com/stripelake/stripelake/load/rawlog"
)

// PublishStats is what making a generation wrote and took.
type PublishStats struct {
	Changed    int64 `json:"changed"`    // bytes of raw JSON that the log gained since the generation before
	Files      int   `json:"files"`      // partition files written; the others are links to those of the generation before
	Partitions int64 `json:"partitions"` // bytes written for them
	Warehouse  int64 `json:"warehouse"`  // bytes copied for it; 0 where the file system shares the state's blocks
	State      int64 `json:"state"`      // bytes written to the private state before, by its checkpoint; 0 where the system does not tell

	Seconds map[string]float64 `json:"seconds"` // by step: state, partitions, copy, warehouse
}

// Written is all bytes that were written.
func (c PublishStats) Written() int64 { return c.Partitions + c.Warehouse + c.State }

// step does one part of a publish and notes how long it took.
func (p *publisher) step(name string, f func() error) error {
	start := time.Now()
	err := f()
	p.Stats.Seconds[name] = time.Since(start).Seconds()
	return err
}

// applied lists the positions of all streams.
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

// bytesSince measures the raw JSON between the positions of two generations, in
// streams that feed tables. It is for people to read: a segment that cannot be
// read is left out and stops nothing, for what it held is in the state.
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
