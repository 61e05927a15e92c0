package pipeline

import (
	"context"
	"hash/maphash"
	"sync"

	"github.com/stripelake/stripelake/load"
)

// backlog is what this run's readers have appended to the log and the state lacks.
// Readers append on while segments are applied, and ask it for the newest version of an
// object before they ask the state (docs/adr/0052). It is in memory only: after a crash
// the log and the state's positions say the same.
type backlog struct {
	seed maphash.Seed

	mu      sync.Mutex // guards the fields below
	changed chan struct{}
	streams map[[2]string]*waitingStream // by account and resource
	objects int                          // that wait, in all streams
	bytes   int                          // of them, raw JSON
	ended   bool                         // nobody appends any more
}

// waitingStream is a stream with the segments that wait.
type waitingStream struct {
	stream
	segments []waitingSegment          // oldest first
	newest   map[uint64]waitingVersion // by hash of the id
	objects  int
	bytes    int // raw JSON
	awaited  int // readers that need all of it in the state
}

type waitingSegment struct {
	segment uint64
	bytes   int      // raw JSON
	ids     []uint64 // hashes
}

// waitingVersion is the newest version of an object in the segments that wait.
type waitingVersion struct{ hash, segment uint64 }

const (
	// mostWaiting bounds the objects that wait: each takes some 45 bytes of memory, so
	// together 9 MB.
	mostWaiting = 200_000
	// mostWaitingBytes bounds their raw JSON, because the state grows by a part of it
	// after a full disk has ended the reading.
	mostWaitingBytes = 512 << 20
)

func newBacklog() *backlog {
	return &backlog{seed: maphash.MakeSeed(), changed: make(chan struct{}), streams: map[[2]string]*waitingStream{}}
}

// update changes the backlog and wakes everybody who waits for a change.
func (b *backlog) update(change func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	change()
	close(b.changed)
	b.changed = make(chan struct{})
}

// wait waits until ready returns true. ready is called under the lock.
func (b *backlog) wait(ctx context.Context, ready func() bool) error {
	for {
		b.mu.Lock()
		done, changed := ready(), b.changed
		b.mu.Unlock()
		if done {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// of returns a stream's entry. The caller holds the lock.
func (b *backlog) of(s stream) *waitingStream {
	key := [2]string{s.account, s.resource.Name}
	w := b.streams[key]
	if w == nil {
		w = &waitingStream{stream: s, newest: map[uint64]waitingVersion{}}
		b.streams[key] = w
	}
	return w
}

// add records the objects of a segment that is durable now.
func (b *backlog) add(s stream, segment uint64, objects []load.Raw) {
	added := waitingSegment{segment: segment, ids: make([]uint64, len(objects))}
	hashes := make([]uint64, len(objects))
	for i := range objects {
		added.ids[i], hashes[i] = b.idHash(objects[i].ID), objects[i].Hash()
		added.bytes += len(objects[i].Object) + len(objects[i].More)
	}
	b.update(func() {
		w := b.of(s)
		for i, id := range added.ids {
			w.newest[id] = waitingVersion{hashes[i], segment}
		}
		w.segments = append(w.segments, added)
		b.count(w, len(added.ids), added.bytes)
	})
}

func (b *backlog) idHash(id string) uint64 { return maphash.String(b.seed, id) }

// count changes the size of a stream, and of all. The caller holds the lock.
func (b *backlog) count(w *waitingStream, objects, bytes int) {
	w.objects, w.bytes = w.objects+objects, w.bytes+bytes
	b.objects, b.bytes = b.objects+objects, b.bytes+bytes
}

// applied records that the state has a stream's segments up to one.
func (b *backlog) applied(s stream, upTo uint64) {
	b.update(func() {
		w := b.of(s)
		for len(w.segments) > 0 && w.segments[0].segment <= upTo {
			b.drop(w, w.segments[0])
			w.segments = w.segments[1:]
		}
		if len(w.segments) == 0 { // a map keeps the memory of its largest size
			w.segments, w.newest = nil, map[uint64]waitingVersion{}
		}
	})
}

// drop removes the objects of a segment, but not those that a later one has again.
func (b *backlog) drop(w *waitingStream, s waitingSegment) {
	for _, id := range s.ids {
		if w.newest[id].segment == s.segment {
			delete(w.newest, id)
		}
	}
	b.count(w, -len(s.ids), -s.bytes)
}

// awaitRoom waits while too much waits. A reader calls it before it appends.
func (b *backlog) awaitRoom(ctx context.Context) error {
	return b.wait(ctx, func() bool { return !b.full() })
}

func (b *backlog) full() bool { return b.objects >= mostWaiting || b.bytes >= mostWaitingBytes }

// awaitApplied waits until the state has all segments of a stream.
func (b *backlog) awaitApplied(ctx context.Context, s stream) error {
	b.update(func() { b.of(s).awaited++ })
	defer b.update(func() { b.of(s).awaited-- })
	return b.wait(ctx, func() bool { return len(b.of(s).segments) == 0 })
}

// waits reports whether segments of a stream wait.
func (b *backlog) waits(s stream) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.of(s).segments) > 0
}

// newest returns the hash of the newest version of each object that waits, by index.
func (b *backlog) newest(s stream, objects []load.Raw) map[int]uint64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	found := map[int]uint64{}
	known := b.of(s).newest
	for i := range objects {
		if v, waits := known[b.idHash(objects[i].ID)]; waits {
			found[i] = v.hash
		}
	}
	return found
}

// next waits for a stream that is worth a transaction, and returns it. ok is false when
// nothing waits and nobody appends any more.
func (b *backlog) next(ctx context.Context) (s stream, ok bool, err error) {
	err = b.wait(ctx, func() bool {
		var w *waitingStream
		if w, ok = b.pick(); ok {
			s = w.stream
		}
		return ok || b.ended
	})
	return s, ok, err
}

// pick chooses a stream that a reader waits for, or else the one with most objects once
// these fill a transaction: many small ones would cost several times as much.
func (b *backlog) pick() (best *waitingStream, ok bool) {
	for _, w := range b.streams {
		if len(w.segments) == 0 {
			continue
		}
		if best == nil || w.awaited > 0 && best.awaited == 0 || (w.awaited > 0) == (best.awaited > 0) && w.objects > best.objects {
			best = w
		}
	}
	if best == nil {
		return nil, false
	}
	large := best.objects >= transactionObjects || best.bytes >= transactionBytes
	return best, large || best.awaited > 0 || b.ended || b.full()
}

// waiting returns the streams of which segments wait.
func (b *backlog) waiting() (all []stream) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, w := range b.streams {
		if len(w.segments) > 0 {
			all = append(all, w.stream)
		}
	}
	return all
}

// end records that nobody appends any more.
func (b *backlog) end() { b.update(func() { b.ended = true }) }
