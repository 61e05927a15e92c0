package rawlog

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"sync"
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

// flatTexts are buffers for texts without their indentation.
var flatTexts = sync.Pool{New: func() any { return new([]byte) }}

// Hash returns a hash that differs between versions of an object, without regard to
// indentation.
func (r *Raw) Hash() uint64 {
	buffer := flatTexts.Get().(*[]byte)
	defer flatTexts.Put(buffer)
	text := r.appendFlat((*buffer)[:0])
	if r.Deleted {
		text = append(text, 0)
	}
	if r.LeftOut > 0 {
		text = fmt.Appendf(text, "\x00%d", r.LeftOut)
	}
	*buffer = text
	return xxh3.Hash(text)
}

// appendFlat appends the texts of an object without their indentation.
func (r *Raw) appendFlat(to []byte) []byte {
	to = appendFlat(to, r.Object)
	to = append(to, 0) // JSON has no zero byte: the hashed parts stay separate
	return appendFlat(to, r.More)
}

// appendFlat appends JSON without its indentation. Stripe indents an object by its depth:
// deeper in a page of a list than alone. A JSON string never contains a line break.
func appendFlat(to, text []byte) []byte {
	for {
		end := bytes.IndexByte(text, '\n')
		if end < 0 {
			return append(to, text...)
		}
		to = append(to, text[:end]...)
		for end++; end < len(text) && (text[end] == ' ' || text[end] == '\t'); end++ {
		}
		text = text[end:]
	}
}

// Digest hashes a version for the comparison of two lakes: account, stream, id, whether
// it is deleted, and its text without indentation.
func (r *Raw) Digest(account, stream string) [16]byte {
	text := fmt.Appendf(nil, "%q %q %q %t ", account, stream, r.ID, r.Deleted)
	text = r.appendFlat(text)
	if r.LeftOut > 0 {
		text = fmt.Appendf(text, "\x00%d", r.LeftOut)
	}
	sum := sha256.Sum256(text)
	return [16]byte(sum[:])
}
