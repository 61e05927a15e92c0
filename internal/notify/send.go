package notify

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"
)

// Sender sends messages and pings. The zero Sender waits as long as it should between
// attempts.
type Sender struct {
	Waits []time.Duration // before each further attempt; nil means two, after 1 and 5 seconds
}

// timeout is for one attempt.
const timeout = 10 * time.Second

// Post posts a message as JSON. Any answer of 2xx is a delivery.
func (s Sender) Post(ctx context.Context, address string, m *Message) error {
	body, err := json.Marshal(m)
	if err != nil {
		return err
	}
	return s.send(ctx, http.MethodPost, address, body)
}

// Ping requests an address, and reads nothing of the answer.
func (s Sender) Ping(ctx context.Context, address string) error {
	return s.send(ctx, http.MethodGet, address, nil)
}

func (s Sender) send(ctx context.Context, method, address string, body []byte) error {
	to, err := Check(address)
	if err != nil {
		return err
	}
	waits := s.Waits
	if waits == nil {
		waits = []time.Duration{time.Second, 5 * time.Second}
	}
	for _, wait := range append([]time.Duration{0}, waits...) {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(wait):
		}
		var final bool
		if final, err = attempt(ctx, method, to, body); final {
			break
		}
	}
	if err != nil {
		return fmt.Errorf("%s: %w", to.Hostname(), err)
	}
	return nil
}

// attempt sends once. final is true where another attempt would change nothing.
func attempt(ctx context.Context, method string, to *url.URL, body []byte) (final bool, err error) {
	request, err := http.NewRequestWithContext(ctx, method, to.String(), bytes.NewReader(body))
	if err != nil {
		return true, errors.New("the address is not usable")
	}
	request.Header.Set("User-Agent", "stripelake")
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	client := http.Client{
		Timeout: timeout,
		// Invariant 12: what the settings name is asked, and nobody else.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	response, err := client.Do(request)
	if err != nil {
		if wrapped, ok := errors.AsType[*url.Error](err); ok { // its text has the whole address
			err = wrapped.Err
		}
		return false, err
	}
	defer func() { _ = response.Body.Close() }()
	_, _ = io.CopyN(io.Discard, response.Body, 64<<10) // a connection that is read to its end can be closed in order
	switch code := response.StatusCode; {
	case code/100 == 2:
		return true, nil
	case code/100 == 3:
		return true, fmt.Errorf("it answers %d, a redirect, which is not followed: write the address that it leads to", code)
	default:
		return code/100 == 4 && code != http.StatusTooManyRequests, fmt.Errorf("it answers %d", code)
	}
}

// Check returns an address if requests may go there: HTTPS, or HTTP to a loopback address.
// The error does not repeat it.
func Check(address string) (*url.URL, error) {
	to, err := url.Parse(address)
	switch {
	case err != nil || to.Host == "":
		return nil, errors.New("the address is no URL like https://example.com/hook")
	case to.Scheme == "https", to.Scheme == "http" && isLoopback(to.Hostname()):
		return to, nil
	}
	return nil, errors.New("the address is not https")
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
