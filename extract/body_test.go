package extract

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

// recorded returns a body as it is recorded in of, and what stripe-go reads.
func recorded(t *testing.T, of *reply, body io.Reader) (string, error) {
	t.Helper()
	read, err := io.ReadAll(&recordedBody{ReadCloser: io.NopCloser(body), ctx: t.Context(), of: of, large: make(chan struct{}, 1)})
	return string(read), err
}

// Every byte of a body is recorded, on both sides of the size from which one waits for
// its turn; stripe-go reads an empty object.
func TestBodyIsRecordedWhole(t *testing.T) {
	t.Parallel()
	for _, size := range []int{0, 1, 1000, smallBody - 1, smallBody, smallBody + 1, 3 * smallBody} {
		sent := bytes.Repeat([]byte(`{"id":"ch_1"} `), size/14+1)[:size]
		for _, holds := range []int{holdsNoObject, holdsObject, holdsList} {
			of := &reply{holds: holds}
			read, err := recorded(t, of, pieces{bytes.NewReader(sent)})
			if err != nil || read != "{}" || of.body == nil || !bytes.Equal(of.body, sent) {
				t.Errorf("of %d bytes %d were recorded, %q was read (%v)", size, len(of.body), read, err)
			}
			if took := of.large != nil; took != (size >= smallBody) {
				t.Errorf("%d bytes: took the turn of a large body: %t", size, took)
			}
		}
	}
}

// Nothing is recorded of a body that breaks off, and stripe-go gets the error.
func TestBodyThatBreaksOffIsNotRecorded(t *testing.T) {
	t.Parallel()
	for _, size := range []int{0, 1000, smallBody + 1} {
		of := &reply{}
		broken := io.MultiReader(strings.NewReader(strings.Repeat(" ", size)), iotest.ErrReader(io.ErrUnexpectedEOF))
		if read, err := recorded(t, of, broken); !errors.Is(err, io.ErrUnexpectedEOF) || read != "" || of.body != nil {
			t.Errorf("after %d bytes: %d were recorded, %q was read, error %v", size, len(of.body), read, err)
		}
	}
}
