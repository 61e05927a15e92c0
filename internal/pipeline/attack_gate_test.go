package pipeline_test

import (
	"hash/fnv"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
)

// A gate stands before a simulated Stripe and answers for it as its ills have it.
// What it does depends on its seed, the request and how often that came, and not on
// which of two requests comes first: the same seed does the same again.
type gate struct {
	stripe http.Handler

	mu    sync.Mutex
	seed  uint64
	ills  []ill
	asked map[string]uint64
	pages map[string][]byte // the last page of each list
}

// An ill is what is wrong with a share of the answers.
type ill struct {
	path   string // that of the requests begins so
	share  float64
	strike func(a *answer, r *rand.Rand)
}

// An answer is what Stripe answers, to be spoiled.
type answer struct {
	request *http.Request
	code    int
	header  http.Header
	body    []byte
	before  []byte // the page before, of the same list
	send    func(w http.ResponseWriter, a *answer)
}

func newGate(t *testing.T, stripe http.Handler) (g *gate, url string) {
	t.Helper()
	g = &gate{stripe: stripe, asked: map[string]uint64{}, pages: map[string][]byte{}}
	server := httptest.NewServer(g)
	t.Cleanup(server.Close)
	return g, server.URL
}

// becomes has the gate answer with these ills from now on; without any, truly.
func (g *gate) becomes(seed uint64, ills ...ill) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.seed, g.ills = seed, ills
	clear(g.asked)
	clear(g.pages)
}

// ServeHTTP asks Stripe and sends what becomes of its answer.
func (g *gate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	recorded := httptest.NewRecorder()
	g.stripe.ServeHTTP(recorded, r)
	a := &answer{request: r, code: recorded.Code, header: recorded.Header(), body: recorded.Body.Bytes(), send: sendWhole}
	a.header.Del("Content-Length")
	ills, random := g.choose(a)
	for _, ill := range ills {
		if strings.HasPrefix(r.URL.Path, ill.path) && random.Float64() < ill.share {
			ill.strike(a, random)
		}
	}
	maps.Copy(w.Header(), a.header)
	a.send(w, a)
}

func sendWhole(w http.ResponseWriter, a *answer) {
	w.WriteHeader(a.code)
	_, _ = w.Write(a.body)
}

// choose counts a request, remembers its page, and returns what may become of it.
func (g *gate) choose(a *answer) ([]ill, *rand.Rand) {
	g.mu.Lock()
	defer g.mu.Unlock()
	sum, key := fnv.New64a(), a.request.URL.RequestURI()
	_, _ = sum.Write([]byte(key))
	g.asked[key]++
	list := a.request.URL.Query()
	list.Del("starting_after")
	key = a.request.URL.Path + "?" + list.Encode()
	a.before, g.pages[key] = g.pages[key], a.body
	return g.ills, rand.New(rand.NewPCG(g.seed, sum.Sum64()+g.asked[a.request.URL.RequestURI()])) //nolint:gosec // chooses faults
}
