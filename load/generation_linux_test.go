package load

import (
	"bytes"
	"encoding/binary"
	"errors"
	"syscall"
	"testing"

	"github.com/stripelake/stripelake/load/internal/lakedir"
)

// Invariant 7: a new generation takes the place of the old one by one rename. There is
// no moment at which nothing is linked, as the file system itself tells.
func TestLinkIsNeverMissing(t *testing.T) {
	t.Parallel()
	k := newLake(t)
	k.sync(charge("ch_1", "paid"))
	k.publish()
	fd, err := syscall.InotifyInit1(syscall.IN_NONBLOCK | syscall.IN_CLOEXEC)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = syscall.Close(fd) }()
	moves := map[uint32]string{syscall.IN_CREATE: "made", syscall.IN_DELETE: "removed", syscall.IN_MOVED_FROM: "moved away", syscall.IN_MOVED_TO: "moved here"}
	mask := uint32(0)
	for move := range moves {
		mask |= move
	}
	if _, err := syscall.InotifyAddWatch(fd, k.dir, mask); err != nil {
		t.Fatal(err)
	}
	k.sync(charge("ch_2", "paid"))
	k.publish()
	var told []string
	events := make([]byte, 64<<10)
	n, err := syscall.Read(fd, events)
	if err != nil && !errors.Is(err, syscall.EAGAIN) {
		t.Fatal(err)
	}
	for events = events[:max(n, 0)]; len(events) >= syscall.SizeofInotifyEvent; {
		size := syscall.SizeofInotifyEvent + int(binary.NativeEndian.Uint32(events[12:]))
		name := string(bytes.TrimRight(events[syscall.SizeofInotifyEvent:size], "\x00"))
		if name == lakedir.LinkName {
			told = append(told, moves[binary.NativeEndian.Uint32(events[4:])])
		}
		events = events[size:]
	}
	expect(t, "the link", told, "moved here")
}
