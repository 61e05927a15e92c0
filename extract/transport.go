package extract

import (
	"cmp"
	"context"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/stripe/stripe-go/v76"
	"github.com/stripe/stripe-go/v76/form"
)

const (
	requestTimeout = 80 * time.Second // for one attempt, its body included; stripe-go's own default
	maxRead        = 256 << 20        // bytes of a body once unpacked, with the objects that are left out of it
	maxBody        = 32 << 20         // bytes of a body without those objects; a page of 100 objects is well below one MiB
	smallBody      = 1 << 20          // bytes; of larger bodies only one is read at a time
	maxErrorBody   = 1 << 20          // bytes of an error's body, which has a few hundred
	maxObject      = 4 << 20          // bytes of an object; a larger one is left out. The same limit applies to each of its nested lists. Stripe's own limits keep objects far below
)

// request is one GET.
type request struct {
	endpoint string // the endpoint whose rate it counts against; for a list its path
	path     string
	query    *form.Values
	holds    int // what the answer holds

	subject, instead string // for APIError
}

// reply is a complete answer of the API host.
type reply struct {
	status int
	header http.Header
	body   []byte
	at     time.Time     // UTC, by Stripe's clock
	large  chan struct{} // held while a large body is in memory; nil for a small one

	holds   int             // what the body holds
	leftOut map[int64]int64 // sizes of the objects that are left out, by the offset of each stub in the body
}

// release lets the next large body be read. The caller must not use the body
// afterwards.
func (r *reply) release() {
	if r.large != nil {
		<-r.large
	}
}

// requestID returns the server's id of the request, safe to show and to store.
func (r *reply) requestID() string { return oneLine(r.header.Get("Request-Id")) }

// version returns the API version that the answer was rendered in, safe to show
// and to store.
func (r *reply) version() string {
	return cmp.Or(oneLine(r.header.Get("Stripe-Version")), APIVersion)
}

// newBackend returns a stripe-go backend that only adds the key and the version
// header: no retries, no telemetry, no log.
func newBackend(address *url.URL, base http.RoundTripper) stripe.Backend {
	return stripe.GetBackendWithConfig(stripe.APIBackend, &stripe.BackendConfig{
		URL:               new(address.String()),
		MaxNetworkRetries: stripe.Int64(0),
		EnableTelemetry:   new(false),
		LeveledLogger:     &stripe.LeveledLogger{Level: stripe.LevelNull},
		HTTPClient: &http.Client{
			Transport: responseRecorder{base, make(chan struct{}, 1)},
			Timeout:   requestTimeout,
			// Invariant 12: a redirect is an answer, never followed; the API has none.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	})
}

// defaultTransport verifies certificates and honours the system's proxy settings.
func defaultTransport() http.RoundTripper {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.MaxIdleConnsPerHost = 16
	return t
}

// responseRecorder records the status, the headers and the body of each answer in
// the reply that the request's context holds. Stripe-go turns an answer that is not
// JSON into a syntax error without a status, and everything is decided by the
// status. It would also decode each page, which nobody wants decoded.
type responseRecorder struct {
	base  http.RoundTripper
	large chan struct{} // held by the request that reads a large body
}

type replyKey struct{}

func (w responseRecorder) RoundTrip(req *http.Request) (*http.Response, error) {
	req = req.Clone(req.Context())
	// Stripe-go fills this with the output of uname, the host's name included.
	req.Header.Del("X-Stripe-Client-User-Agent")
	if req.URL.Scheme == "http" {
		// Over HTTP/1 the transport repeats a request without asking if the server closes
		// the connection, and what it repeats would not be counted. It does not repeat
		// one with a body. Over HTTP/2 it repeats only what the server did not begin.
		req.Body, req.GetBody = io.NopCloser(strings.NewReader("")), nil
	}
	res, err := w.base.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	got := req.Context().Value(replyKey{}).(*reply)
	got.status, got.header = res.StatusCode, res.Header
	if res.StatusCode/100 == 2 {
		res.Body = &recordedBody{ReadCloser: res.Body, ctx: req.Context(), of: got, large: w.large}
	} else {
		res.Body = http.MaxBytesReader(nil, res.Body, maxErrorBody)
	}
	return res, nil
}

// send makes one attempt. The error is stripe-go's. It may come together with a
// reply whose status says more.
func (c *Client) send(ctx context.Context, r request) (*reply, error) {
	var (
		got    = reply{holds: r.holds}
		answer stripe.APIResource
	)
	c.requests.Add(1)
	started := time.Now()
	defer func() { c.sent(r, &got, started) }()
	params := &stripe.Params{Context: context.WithValue(ctx, replyKey{}, &got)}
	if c.account != "" {
		params.SetStripeAccount(c.account)
	}
	err := c.backend.CallRaw(http.MethodGet, r.path, c.key, r.query, params, &answer)
	if got.status != 0 {
		c.contact.reached.Store(true)
		got.at = c.clock.note(got.header)
	}
	if answer.LastResponse != nil {
		err = nil // the caller will see whatever is wrong with a complete body
	}
	return &got, err
}
