package rawlog

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"time"

	"github.com/zeebo/xxh3"
)

// Raw is one version of one Stripe object, as it was received.
type Raw struct {
	Seq        uint64    // set by Append; the highest seq of an object wins
	ID         string    // "noid:<sha256>" for an object without one
	Created    time.Time // UTC; zero if unknown
	ObservedAt time.Time // UTC; for information only, it never decides which version wins
	Origin     string    // list, retrieve, event or webhook
	Deleted    bool      // a tombstone: the object is gone at Stripe, Object may be a stub or empty
	Livemode   *bool     // nil where the object does not have it
	APIVersion string
	RequestID  string
	Object     []byte // the JSON as received, byte for byte; it need not be UTF-8
	More       []byte // follow-up pages of its nested lists, as received; nil if none
	LeftOut    int64  // size in bytes of an object above the size limit, of which Object is a stub with its id (Invariant 8); else 0
}

// Hash returns a hash that differs between versions of an object, without regard to
// indentation.
func (r *Raw) Hash() uint64 {
	var h xxh3.Hasher
	writeFlat(&h, r.Object)
	_, _ = h.Write([]byte{0}) // JSON has no zero byte: the hashed parts stay separate
	writeFlat(&h, r.More)
	if r.Deleted {
		_, _ = h.Write([]byte{0})
	}
	if r.LeftOut > 0 {
		_, _ = fmt.Fprintf(&h, "\x00%d", r.LeftOut)
	}
	return h.Sum64()
}

// writeFlat writes JSON without its indentation. Stripe indents an object by its depth:
// deeper in a page of a list than alone. A JSON string never contains a line break.
func writeFlat(w io.Writer, text []byte) {
	for {
		line, rest, more := bytes.Cut(text, []byte("\n"))
		_, _ = w.Write(line)
		if !more {
			return
		}
		text = bytes.TrimLeft(rest, " \t")
	}
}

// Digest hashes a version for the comparison of two lakes: account, stream, id, whether
// it is deleted, and its text without indentation.
func (r *Raw) Digest(account, stream string) [16]byte {
	h := sha256.New()
	fmt.Fprintf(h, "%q %q %q %t ", account, stream, r.ID, r.Deleted)
	writeFlat(h, r.Object)
	h.Write([]byte{0})
	writeFlat(h, r.More)
	if r.LeftOut > 0 {
		fmt.Fprintf(h, "\x00%d", r.LeftOut)
	}
	return [16]byte(h.Sum(nil))
}
