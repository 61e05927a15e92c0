package extract

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strings"
	"sync"
)

// emptyObject is what stripe-go reads in place of a body.
const emptyObject = "{}"

// recordedBody is the body of a 2xx answer. Its first Read reads the whole body into the
// reply, so that an error of the network or of a limit has the same way through net/http
// and stripe-go as ever. Stripe-go then decodes an empty object.
type recordedBody struct {
	io.ReadCloser
	ctx   context.Context
	of    *reply
	large chan struct{}

	rest io.Reader // of the empty object; nil until the body was read
}

// Read returns the empty object.
func (b *recordedBody) Read(into []byte) (int, error) {
	if b.rest == nil {
		body, err := b.record()
		if err != nil {
			return 0, err
		}
		b.of.body, b.rest = body, strings.NewReader(emptyObject)
	}
	return b.rest.Read(into)
}

// heads are buffers for the beginnings of bodies, which are mostly whole bodies.
var heads = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// record returns the whole body. Objects are part of it and keep it in memory, so that it
// has no more bytes than it needs.
func (b *recordedBody) record() ([]byte, error) {
	head := heads.Get().(*bytes.Buffer)
	head.Reset()
	n, err := head.ReadFrom(io.LimitReader(b.ReadCloser, smallBody))
	if err == nil && n == smallBody {
		return io.ReadAll(b.bounded(io.MultiReader(head, b.ReadCloser)))
	}
	defer heads.Put(head)
	return append(make([]byte, 0, n), head.Bytes()...), err
}

// bounded returns a body that is not small without its too large objects, and within the
// limits.
func (b *recordedBody) bounded(body io.Reader) io.Reader {
	if b.of.holds != holdsNoObject {
		body = &elision{Reader: limited(body, maxRead), of: b.of, level: b.of.holds}
	}
	return &largeBody{Reader: limited(body, maxBody), ctx: b.ctx, of: b.of, large: b.large}
}

func limited(body io.Reader, most int64) io.Reader {
	return http.MaxBytesReader(nil, io.NopCloser(body), most)
}

// largeBody is a body that waits for its turn once it proves to be large: however many
// requests are in flight, only one large body is in memory.
type largeBody struct {
	io.Reader
	ctx   context.Context
	of    *reply
	large chan struct{}
	read  int
}

// Read reads. It takes the turn first once the body is large; reply.release returns it.
func (t *largeBody) Read(into []byte) (int, error) {
	if t.read >= smallBody && t.of.large == nil {
		select {
		case t.large <- struct{}{}:
			t.of.large = t.large
		case <-t.ctx.Done():
			return 0, t.ctx.Err()
		}
	}
	n, err := t.Reader.Read(into)
	t.read += n
	return n, err
}
