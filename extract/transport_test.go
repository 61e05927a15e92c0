package extract

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// netClient talks to a real server on a loopback address.
func netClient(t *testing.T, address string) *Client {
	t.Helper()
	c, err := New(Config{
		Key: testKey, BaseURL: address, MaxRPS: 1e9,
		Retry: Retry{Attempts: 3, Base: time.Nanosecond, Cap: time.Nanosecond},
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestWhatIsSent(t *testing.T) {
	t.Parallel()
	var got *http.Request
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = r.Clone(r.Context())
		say(w, `{"id":"acct_1","object":"account"}`)
	}))
	defer srv.Close()
	if _, err := netClient(t, srv.URL+"/").Account(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got.Method != "GET" || got.URL.String() != "/v1/account" {
		t.Errorf("%s %s", got.Method, got.URL)
	}
	for name, want := range map[string]string{
		"Authorization": "Bearer " + testKey, "Stripe-Version": "2023-10-16",
		"X-Stripe-Client-User-Agent": "", "X-Stripe-Client-Telemetry": "",
	} {
		if got := got.Header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

// Invariant 12: no request goes to a host that was not configured.
func TestRedirectIsNotFollowed(t *testing.T) {
	t.Parallel()
	var elsewhere atomic.Int64
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { elsewhere.Add(1) }))
	defer other.Close()
	srv := httptest.NewServer(http.RedirectHandler(other.URL, http.StatusTemporaryRedirect))
	defer srv.Close()
	_, err := netClient(t, srv.URL).Account(t.Context())
	if err == nil || !strings.Contains(err.Error(), "307 redirect to "+other.URL) || elsewhere.Load() != 0 {
		t.Errorf("%d requests elsewhere, error %v", elsewhere.Load(), err)
	}
}

func TestCertificateIsVerified(t *testing.T) {
	t.Parallel()
	var served atomic.Int64
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { served.Add(1) }))
	srv.Config.ErrorLog = quiet()
	srv.StartTLS()
	defer srv.Close()
	c := netClient(t, srv.URL)
	_, err := c.Account(t.Context())
	if err == nil || !strings.Contains(err.Error(), "certificate") || served.Load() != 0 || c.Requests() != 1 {
		t.Errorf("%d requests sent, %d served, error %v", c.Requests(), served.Load(), err)
	}
}

// Invariant 8: a body that is cut off is requested again.
func TestBodyBreaksOff(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		breakOff func(w http.ResponseWriter)
		want     string
	}{
		"short of its length": {func(w http.ResponseWriter) {
			w.Header().Set("Content-Length", "5000")
			say(w, `{"id":"acct_1",`)
		}, "cut short"},
		"reset": {func(w http.ResponseWriter) {
			say(w, `{"id":"acct_1",`)
			_ = http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		}, "cut short"},
		"reset before the headers": {func(http.ResponseWriter) { panic(http.ErrAbortHandler) }, "no answer from 127.0.0.1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var n atomic.Int64
			bad := int64(2)
			srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if i := n.Add(1); i > 1 && i <= 1+bad {
					tc.breakOff(w)
					return
				}
				say(w, `{"id":"acct_1","object":"account"}`)
			}))
			srv.Config.ErrorLog = quiet()
			srv.Config.SetKeepAlivesEnabled(false) // otherwise net/http repeats a request itself
			srv.Start()
			defer srv.Close()
			c := netClient(t, srv.URL)
			for range 2 { // the first good answer shows that the address is right
				if _, err := c.Account(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			if n.Load() != 4 || c.Retries() != 2 {
				t.Errorf("%d requests, %d retries; want 4 and 2", n.Load(), c.Retries())
			}
			n.Store(1)
			bad = 99
			if _, err := c.Account(t.Context()); err == nil || !strings.Contains(err.Error(), tc.want) || n.Load() != 4 {
				t.Errorf("after %d requests: %v; want %q after 4", n.Load(), err, tc.want)
			}
		})
	}
}

func TestBodyIsBounded(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		blanks := strings.Repeat(" ", 1<<20)
		for range 65 {
			if _, err := io.WriteString(w, blanks); err != nil {
				return
			}
		}
	}))
	defer srv.Close()
	c := netClient(t, srv.URL)
	_, err := c.Account(t.Context())
	if err == nil || !strings.Contains(err.Error(), "over 32 MiB") || c.Requests() != 1 {
		t.Errorf("%d requests, error %v", c.Requests(), err)
	}
}

func TestNobodyThere(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(http.NotFoundHandler())
	address := srv.URL
	srv.Close()
	c := netClient(t, address)
	_, err := c.Account(t.Context())
	if err == nil || !strings.HasSuffix(err.Error(), "is the address right?") || c.Requests() != 2 {
		t.Errorf("%d requests, error %v; want 2 and the question", c.Requests(), err)
	}
}

type wire func(*http.Request) (*http.Response, error)

func (w wire) RoundTrip(r *http.Request) (*http.Response, error) { return w(r) }

// Once the API has answered, even the client of another account or at a later time, no
// error doubts its address.
func TestAddressIsNotDoubtedAfterAnAnswer(t *testing.T) {
	t.Parallel()
	var broken atomic.Int64 // status of the lists; 0 cuts the connection
	c, err := newClient(Config{Key: testKey, MaxRPS: 1e9, Retry: Retry{Attempts: 2, Base: 1, Cap: 1}}, wire(func(r *http.Request) (*http.Response, error) {
		code := int(broken.Load())
		if r.URL.Path != "/v1/account" && code == 0 {
			return nil, errors.New("connection refused")
		}
		rec := httptest.NewRecorder()
		if r.URL.Path == "/v1/account" {
			say(rec, `{"id":"acct_1","object":"account"}`)
		} else {
			rec.WriteHeader(code)
			say(rec, "<html>nothing here</html>")
		}
		return rec.Result(), nil
	}))
	if err != nil {
		t.Fatal(err)
	}
	connected, err := c.For("acct_2")
	if err != nil {
		t.Fatal(err)
	}
	var errs []error
	for _, code := range []int64{404, 307} {
		broken.Store(code)
		_, err := connected.Ask(t.Context(), resource(t, "refunds"))
		if err == nil || !strings.Contains(err.Error(), "address") {
			t.Errorf("%d, before anything is answered: %v", code, err)
		}
		connected.failed("refunds", err)
		errs = append(errs, err)
	}
	if _, err := c.Account(t.Context()); err != nil {
		t.Fatal(err)
	}
	broken.Store(0)
	_, err = connected.Ask(t.Context(), resource(t, "refunds"))
	errs = append(errs, err)
	for _, f := range connected.Failures() {
		errs = append(errs, errors.New(f.Message))
	}
	for _, err := range errs {
		if err == nil || strings.Contains(err.Error(), "address") {
			t.Errorf("an answer has come: %v", err)
		}
	}
	const fix = ": look at the proxy in between, or leave refunds out"
	if !strings.HasSuffix(errs[0].Error(), fix) {
		t.Errorf("%v, want %q at its end", errs[0], fix)
	}
}

// Invariant 12: over HTTPS unless the host is a loopback address.
func TestNewChecksItsConfig(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		cfg  Config
		want string // in the error; "" is a good configuration
	}{
		"only a key":        {Config{Key: "rk_live_abc123"}, ""},
		"https":             {Config{Key: testKey, BaseURL: "https://stripe.example"}, ""},
		"loopback name":     {Config{Key: testKey, BaseURL: "http://localhost:12111"}, ""},
		"loopback v4":       {Config{Key: testKey, BaseURL: "http://127.0.0.1:12111"}, ""},
		"loopback v6":       {Config{Key: testKey, BaseURL: "http://[::1]:12111"}, ""},
		"http":              {Config{Key: testKey, BaseURL: "http://stripe.example"}, "in the clear; use https://"},
		"http, private net": {Config{Key: testKey, BaseURL: "http://10.0.0.5"}, "in the clear"},
		"http, a lookalike": {Config{Key: testKey, BaseURL: "http://127.0.0.1.example"}, "in the clear"},
		"another scheme":    {Config{Key: testKey, BaseURL: "ftp://127.0.0.1"}, "use https://"},
		"user in the URL":   {Config{Key: testKey, BaseURL: "https://sk_live_abc@stripe.example"}, "leave out user"},
		"no scheme":         {Config{Key: testKey, BaseURL: "api.stripe.com"}, "want one like https://api.stripe.com"},
		"no key":            {Config{}, "no API key"},
		"publishable":       {Config{Key: "pk_live_abc"}, "publishable"},
		"organization":      {Config{Key: "sk_org_live_abc"}, "the key of an organization"},
		"webhook secret":    {Config{Key: "whsec_abc"}, "one starts with sk_live_"},
		"no mode":           {Config{Key: "sk_abc"}, "one starts with sk_live_"},
		"nothing follows":   {Config{Key: "sk_live_"}, "letters and digits follow"},
		"line break":        {Config{Key: testKey + "\n"}, "line break"},
		"header injection":  {Config{Key: "sk_test_a\r\nX: y"}, "letters and digits follow"},
		"share 0.25":        {Config{Key: testKey, MaxShare: 0.25}, ""},
		"share 1.5":         {Config{Key: testKey, MaxShare: 1.5}, "at most 1"},
		"share negative":    {Config{Key: testKey, MaxShare: -0.5}, "above 0"},
		"rps negative":      {Config{Key: testKey, MaxRPS: -1}, "above 0"},
		"retry negative":    {Config{Key: testKey, Retry: Retry{Attempts: -1}}, "must not be negative"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, err := New(tc.cfg)
			if tc.want == "" {
				if err != nil || tc.cfg.Key[3:7] != c.Mode() {
					t.Errorf("mode %v, error %v", c, err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Fatalf("error %v, want %q in it", err, tc.want)
			}
			if strings.Contains(err.Error(), "51AbCdEf") || strings.Contains(err.Error(), "live_abc") {
				t.Errorf("secret in %v", err) // Invariant 11
			}
			if Redact(err.Error()) != err.Error() {
				t.Errorf("Redact mangles the advice: %s", Redact(err.Error()))
			}
		})
	}
}

// The first request of a run is repeated after a broken connection, like any other. If
// no server is there, the error comes at once ([TestNobodyThere]).
func TestFirstRequestIsRepeated(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for n := 1; ; n++ {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			if n < 3 {
				if tcp, ok := conn.(*net.TCPConn); ok && n == 2 {
					_ = tcp.SetLinger(0) // a reset
				}
				_ = conn.Close()
				continue
			}
			_, _ = http.ReadRequest(bufio.NewReader(conn))
			body := `{"id":"acct_1","object":"account"}`
			fmt.Fprintf(conn, "HTTP/1.1 200 OK\r\nDate: %s\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s", time.Now().UTC().Format(http.TimeFormat), len(body), body)
			_ = conn.Close()
		}
	}()
	c := netClient(t, "http://"+listener.Addr().String())
	if got, err := c.Account(t.Context()); err != nil || got.ID != "acct_1" {
		t.Errorf("%v after %d requests: %v", got, c.Requests(), err)
	}
}
