package extract

import (
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/stripe/stripe-go/v76"
)

// The modes of a key and of the objects that it reads.
const (
	Live = "live"
	Test = "test"
)

// APIVersion is the version of Stripe's API that the client requests.
const APIVersion = stripe.APIVersion

// Config says which account to read and at what rate. Only Key is required.
type Config struct {
	Key     string // sk_… or rk_… of the account; never printed
	BaseURL string // default https://api.stripe.com; plain http only to a loopback address

	// MaxShare is the share of the account's rate limit to use, above 0 and at
	// most 1. 0 means 0.5 in live mode, where customers' traffic shares the
	// limit, and 1 in test mode.
	MaxShare float64
	// MaxRPS is the account's total limit in requests a second, if that is not the
	// documented one. Each endpoint then has a quarter of it, but at least 25. 0 means
	// Stripe's documented limits. Endpoints start below their limits.
	MaxRPS float64

	Retry Retry // zero fields mean the defaults

	OnRequest func(Sent) // called after each request, by several goroutines; may be nil

	// RetryFor is how long requests are repeated in an outage: while no answer comes,
	// or only answers with a status of 5xx. 0 gives up after the attempts of Retry.
	RetryFor time.Duration

	// MaxRequests and MaxRuntime stop the client: requests that it may send, repeated
	// ones included, and the time since New. 0 means no bound.
	MaxRequests int64
	MaxRuntime  time.Duration
}

// String returns the configuration without the key (Invariant 11).
func (c Config) String() string {
	return fmt.Sprintf("{%s share %v rps %v}", c.BaseURL, c.MaxShare, c.MaxRPS)
}

// GoString returns the same as [Config.String], for %#v.
func (c Config) GoString() string { return c.String() }

// A Client reads one account with one key. Several goroutines may use it. They share
// its rate, because they share the account's rate limit.
type Client struct {
	backend stripe.Backend
	host    string
	key     string
	mode    string
	account string // id of a connected account; "" for the key's own
	limit   int    // objects requested for a page
	retry   Retry
	limiter *rateLimiter
	clock   clock
	latency latency
	onSent  func(Sent)

	failures failures
	versions versions
	contact  *contact // shared with clients that [Client.For] made of this one
	outages  *outages // shared in the same way
	bound    *bound   // shared in the same way

	requests, retries, throttled atomic.Int64

	began atomic.Int64 // created of the account in Unix seconds, as [Client.Account] read it; 0: unknown
}

// versions are the API versions of answers that differ from the requested one.
type versions struct {
	mu    sync.Mutex
	other map[string]bool
}

// note records an answer's version. An answer without one came through a proxy that
// strips the header, and counts as the requested version.
func (v *versions) note(got *reply) {
	version := got.version()
	if version == APIVersion {
		return
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.other == nil {
		v.other = map[string]bool{}
	}
	if len(v.other) < mostVersions {
		v.other[version] = true
	}
}

// mostVersions limits the memory that a hostile server can use.
const mostVersions = 10

// OtherVersions returns the API versions of answers other than [APIVersion], sorted, at
// most ten.
func (c *Client) OtherVersions() []string {
	c.versions.mu.Lock()
	defer c.versions.mu.Unlock()
	return slices.Sorted(maps.Keys(c.versions.other))
}

// contact records whether the host has answered at all, and whether it answered as the
// API does. Then the address is right, and no error asks the user to check it.
type contact struct{ reached, answered atomic.Bool }

// New checks the configuration without sending anything. Its errors say what a valid
// value looks like.
func New(cfg Config) (*Client, error) { return newClient(cfg, defaultTransport()) }

func newClient(cfg Config, base http.RoundTripper) (*Client, error) {
	mode, keyErr := modeOf(cfg.Key)
	address, urlErr := baseURL(cfg.BaseURL)
	limits, rateErr := limitsOf(cfg, mode)
	retry, retryErr := cfg.Retry.withDefaults()
	if cfg.RetryFor < 0 || cfg.MaxRequests < 0 || cfg.MaxRuntime < 0 {
		retryErr = errors.Join(retryErr, errors.New("retry: patience and bounds must not be negative"))
	}
	if err := errors.Join(keyErr, urlErr, rateErr, retryErr); err != nil {
		return nil, err
	}
	return &Client{
		backend: newBackend(address, base),
		host:    address.Host,
		key:     cfg.Key,
		mode:    mode,
		limit:   100, // Stripe: limit is at most 100
		retry:   retry,
		limiter: newRateLimiter(limits),
		contact: &contact{},
		onSent:  cfg.OnRequest,
		outages: newOutages(cfg.RetryFor, retry),
		bound:   newBound(cfg),
	}, nil
}

// connectedID matches an account's id. An id that matches is safe in a header.
var connectedID = regexp.MustCompile(`^acct_[A-Za-z0-9]{1,64}$`)

// For returns a client that reads a connected account with the same key. Both share one
// rate.
//
// Stripe: the header Stripe-Account of each request names the account.
func (c *Client) For(account string) (*Client, error) {
	if !connectedID.MatchString(account) {
		return nil, fmt.Errorf("account %q: the id of a connected account starts with acct_", oneLine(account))
	}
	return &Client{
		backend: c.backend, host: c.host, key: c.key, mode: c.mode, limit: c.limit, retry: c.retry, limiter: c.limiter,
		contact: c.contact, outages: c.outages, bound: c.bound, account: account, onSent: c.onSent,
	}, nil
}

// Mode returns "live" or "test", from the key's prefix.
func (c *Client) Mode() string { return c.mode }

// Local reports whether the API's host is a loopback address, where only a simulated
// Stripe or a proxy can be.
func (c *Client) Local() bool { return loopback((&url.URL{Host: c.host}).Hostname()) }

// Requests returns the number of requests sent, retries included.
func (c *Client) Requests() int64 { return c.requests.Load() }

// Retries returns the number of requests that repeated a failed one.
func (c *Client) Retries() int64 { return c.retries.Load() }

// Throttled returns the number of answers with status 429.
func (c *Client) Throttled() int64 { return c.throttled.Load() }

func modeOf(key string) (string, error) {
	kind, rest, _ := strings.Cut(key, "_")
	mode, tail, _ := strings.Cut(rest, "_")
	switch {
	case key == "":
		return "", errors.New("no API key: give one that starts with sk_live_, rk_live_, sk_test_ or rk_test_")
	case strings.TrimSpace(key) != key:
		return "", errors.New("the API key has blanks or a line break around it: give the key alone")
	case kind == "pk":
		return "", errors.New("this is a publishable key (pk_), which can read nothing: give one that starts with sk_ or rk_")
	case kind == "sk" && mode == "org":
		return "", errors.New("this is the key of an organization (sk_org_), which reads no account by itself: give a key of the account, that starts with sk_ or rk_")
	case kind != "sk" && kind != "rk", mode != Live && mode != Test, !isKeyText(tail):
		return "", errors.New("this is not a Stripe API key: one starts with sk_live_, rk_live_, sk_test_ or rk_test_, and letters and digits follow")
	}
	return mode, nil
}

// isKeyText reports whether s has only the characters of keys, so that it cannot break
// out of a header.
func isKeyText(s string) bool {
	return s != "" && strings.IndexFunc(s, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '_'
	}) < 0
}

// baseURL checks the address of the API. Invariant 12: requests go over HTTPS unless
// the host is a loopback address.
func baseURL(s string) (*url.URL, error) {
	if s == "" {
		s = stripe.APIURL
	}
	u, err := url.Parse(s)
	switch {
	case err != nil || u.Host == "":
		return nil, fmt.Errorf("base URL %q: want one like %s", Redact(s), stripe.APIURL)
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return nil, fmt.Errorf("base URL of %s: leave out user, query and fragment; want one like %s", u.Host, stripe.APIURL)
	case u.Scheme == "https", u.Scheme == "http" && loopback(u.Hostname()):
		return u, nil
	}
	return nil, fmt.Errorf("base URL %s: the key would travel in the clear; use https://, or a loopback address such as http://127.0.0.1:12111", u)
}

func loopback(host string) bool {
	return host == "localhost" || net.ParseIP(host).IsLoopback()
}
