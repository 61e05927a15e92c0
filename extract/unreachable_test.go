package extract

import (
	"errors"
	"net"
	"net/url"
	"os"
	"syscall"
	"testing"
)

// A process that cannot open a socket sends no request: there is no repetition, and the
// error keeps the system's error.
func TestNoSocketIsNoAnswer(t *testing.T) {
	t.Parallel()
	for _, errno := range []syscall.Errno{syscall.EMFILE, syscall.ENFILE} {
		f := (&Client{host: "api.stripe.com"}).unreachable(&url.Error{
			Op: "Get", URL: "https://api.stripe.com/v1/account", Err: &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("socket", errno)},
		})
		if want := "connect to api.stripe.com: dial tcp: socket: " + errno.Error(); f.again || !errors.Is(f.err, errno) || f.err.Error() != want {
			t.Errorf("again: %t, %v", f.again, f.err)
		}
	}
}
