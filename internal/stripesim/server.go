package stripesim

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Version is the API version of objects and responses, unless a request asks
// for another one.
const Version = "2023-10-16"

// resourceNames are the lists that are served, sorted.
var resourceNames = []string{"balance_transactions", "charges", "customers", "prices", "refunds", "subscriptions"}

// A Server answers as one Stripe account. It is safe for concurrent use.
type Server struct {
	cfg           Config
	business      *business // nil when the objects come from files
	account       string
	ids           identity
	resources     []resource
	renderAccount func(*writer)

	state     sync.RWMutex // guards business and resources
	clock     *clock
	connected []*Server
	limiter   *limiter
	faults    *faultInjector
	mutations mutationRand

	served  atomic.Uint64
	writers sync.Pool

	mu        sync.Mutex
	requests  map[string]int
	throttled map[string]int
}

// New invents the business that cfg describes. It takes about a second for
// each million charges. The error says which field of cfg is wrong.
func New(cfg Config) (*Server, error) {
	cfg = cfg.withDefaults()
	if err := cfg.check(); err != nil {
		return nil, fmt.Errorf("simulate stripe: %w", err)
	}
	s := newAccount(cfg, newClock(cfg))
	for i := range cfg.Accounts {
		connected := cfg
		connected.Seed = cfg.Seed + int64(i+1)*accountStride
		s.connected = append(s.connected, newAccount(connected, s.clock))
	}
	return s, nil
}

// newAccount returns a server of one business.
func newAccount(cfg Config, clock *clock) *Server {
	b := build(cfg)
	s := newServer(cfg, clock)
	s.business, s.resources, s.renderAccount = b, b.resources(), b.renderAccount
	return s
}

func newServer(cfg Config, clock *clock) *Server {
	s := &Server{
		cfg: cfg, ids: newIdentity(cfg.Seed), clock: clock, mutations: mutationRand{r: streamChanges.rand(cfg.Seed)},
		limiter: newLimiter(cfg.Limits, cfg.Tick), faults: newFaultInjector(cfg.Faults),
		requests: map[string]int{}, throttled: map[string]int{},
	}
	s.account = s.ids.account
	s.writers.New = func() any { return &writer{buf: make([]byte, 0, 64<<10)} }
	return s
}

// Requests returns the number of requests so far for each path, refused ones
// included. The path has no query.
func (s *Server) Requests() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.requests)
}

// Throttled returns the number of answers with status 429 so far for each path,
// without those of faults.
func (s *Server) Throttled() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.throttled)
}

// Handler serves the API. The handlers of the chain know nothing of each other.
func (s *Server) Handler() http.Handler {
	return s.identify(s.count(s.limit(s.delay(s.injectFaults(s.authorize(http.HandlerFunc(s.dispatch)))))))
}

// identify sets the headers of every response, and its Request-Id.
func (s *Server) identify(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n := int(s.served.Add(1))
		h := w.Header()
		h["Request-Id"] = []string{string(s.ids.appendShort(nil, "req_", idRequest, s.cfg.To.Unix(), n))}
		h["Stripe-Version"] = []string{Version}
		h["Content-Type"] = []string{"application/json"}
		h["Date"] = []string{s.date().UTC().Format(http.TimeFormat)}
		next.ServeHTTP(w, r)
	})
}

func (s *Server) count(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		s.requests[r.URL.Path]++
		s.mu.Unlock()
		next.ServeHTTP(w, r)
	})
}

// route answers a request by its path. Stripe: an unknown path, and a method
// that the path does not have, get the same answer, 404.
func (s *Server) route(w http.ResponseWriter, r *http.Request) {
	name, id := splitPath(r.URL.EscapedPath())
	id, below, _ := strings.Cut(id, "/")
	id, err := url.QueryUnescape(id) // Stripe: a + in a path is a blank, as in a query
	if r.Method != http.MethodGet || err != nil || strings.Contains(below, "/") {
		s.refuse(w, errUnknownURL(r.Method, r.URL.Path))
		return
	}
	version, refusal := requestedVersion(r)
	if refusal != nil {
		s.refuse(w, refusal)
		return
	}
	out := s.writer()
	defer s.writers.Put(out)
	out.version = version
	w.Header()["Stripe-Version"] = []string{version}
	if err := s.answer(out, r, name, id, below); err != nil {
		s.refuse(w, err)
		return
	}
	send(w, http.StatusOK, out.buf)
}

// answer writes what a path names: a list, an object of it, or a list below the
// object.
func (s *Server) answer(out *writer, r *http.Request, name, id, below string) *apiError {
	s.state.RLock()
	defer s.state.RUnlock()
	res := s.resource(name)
	if name == "events" && s.business != nil {
		res = s.business.events(out.at)
	}
	switch {
	case res != nil && res.since > out.version:
		return errUnknownURL(r.Method, r.URL.Path)
	case name == "account" && id == "":
		s.renderAccount(out)
		return nil
	case name == "balance" && id == "":
		s.renderBalance(out)
		return nil
	case name == "subscription_items" && id == "" && s.business != nil:
		return s.listItems(out, r.URL.Query())
	case name == "charges" && below == "refunds" && s.business != nil:
		return s.listRefunds(out, id, r.URL.Query())
	case res != nil && res.below[below] != nil:
		return res.listBelow(out, id, below, r.URL.Query())
	case res == nil || below != "":
		return errUnknownURL(r.Method, r.URL.Path)
	case id == "":
		return res.list(out, r.URL.Query())
	}
	return res.retrieve(out, id, r.URL.Query())
}

// splitPath splits /v1/charges/ch_1 into charges and ch_1, and leaves both
// escaped.
func splitPath(path string) (name, id string) {
	rest, ok := strings.CutPrefix(path, "/v1/")
	if !ok {
		return "", ""
	}
	if rest, ok = strings.CutPrefix(rest, "checkout/"); ok {
		name, id, _ = strings.Cut(rest, "/")
		return "checkout/" + name, id
	}
	name, id, _ = strings.Cut(rest, "/")
	return name, id
}

func (s *Server) resource(name string) *resource {
	for i := range s.resources {
		if s.resources[i].name == name {
			return &s.resources[i]
		}
	}
	if s.business == nil {
		return nil
	}
	return s.business.further.list(name)
}

func (s *Server) writer() *writer {
	w := s.writers.Get().(*writer)
	w.moment = s.moment()
	w.reset(viewOf(w.moment.at))
	return w
}

func (s *Server) refuse(w http.ResponseWriter, e *apiError) {
	out := s.writer()
	defer s.writers.Put(out)
	e.render(out, w.Header().Get("Request-Id"), s.date().Unix())
	if e.status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Bearer realm="Stripe"`)
	}
	send(w, e.status, out.buf)
}

// send writes a whole body. It ignores a client that has gone.
func send(w http.ResponseWriter, status int, body []byte) {
	w.Header()["Content-Length"] = []string{strconv.Itoa(len(body))}
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

// Start serves on addr, HOST:PORT, until stop is called; port 0 picks a free
// one. HOST must be a loopback address or localhost: the keys that arrive here
// may be real ones, sent by mistake.
func (s *Server) Start(addr string) (url string, stop func(), err error) {
	if err := checkLoopback(addr); err != nil {
		return "", nil, fmt.Errorf("start simulated stripe: %w", err)
	}
	var lc net.ListenConfig
	ln, err := lc.Listen(context.Background(), "tcp", addr)
	if err != nil {
		return "", nil, fmt.Errorf("start simulated stripe: %w", err)
	}
	srv := &http.Server{Handler: s.Handler(), ReadHeaderTimeout: 10 * time.Second}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = srv.Serve(ln) // ends with ErrServerClosed when stopped
	}()
	return "http://" + ln.Addr().String(), func() { _ = srv.Close(); <-done }, nil
}

func checkLoopback(addr string) error {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return fmt.Errorf("address %q: %w; use 127.0.0.1:PORT", addr, err)
	}
	if ip := net.ParseIP(host); host == "localhost" || ip != nil && ip.IsLoopback() {
		return nil
	}
	return errors.New("address " + strconv.Quote(addr) + " is not a loopback address; use 127.0.0.1:PORT")
}
