package stripesim

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

// A FaultKind is what goes wrong with one answer. The truth stays as it is: the
// same request, repeated, gets the right answer, unless the fault repeats too.
type FaultKind string

// The kinds of faults.
const (
	Reset           FaultKind = "reset"             // the connection, before anything was sent
	ResetMidBody    FaultKind = "reset-mid-body"    // after half of the body
	Stall           FaultKind = "stall"             // half of the body, then nothing for Fault.Wait, then a reset
	HTMLPage        FaultKind = "html-200"          // status 200 and a proxy's page
	HTML502         FaultKind = "html-502"          // status 502 and a proxy's page
	Unavailable     FaultKind = "503"               // Stripe is down
	ServerError     FaultKind = "500"               // no word on whether to retry
	ServerErrorYes  FaultKind = "500-retry"         // Stripe-Should-Retry: true
	ServerErrorNo   FaultKind = "500-no-retry"      // Stripe-Should-Retry: false
	LockTimeout     FaultKind = "lock-timeout"      // 429, code lock_timeout, Stripe-Should-Retry: true
	Conflict        FaultKind = "409"               // the same with status 409
	TooManyRequests FaultKind = "429"               // without the header that says why
	TruncatedJSON   FaultKind = "truncated-json"    // 200 and half of the body, with a Content-Length that fits
	CutString       FaultKind = "cut-string"        // the same, cut inside a string
	RepeatedPage    FaultKind = "repeated-page"     // the previous page once more, though the cursor moved on
	EmptyPage       FaultKind = "empty-page"        // no data, and has_more
	EndlessPage     FaultKind = "has-more"          // has_more, though this is the end; Always: no end at all
	EarlyEnd        FaultKind = "no-more"           // no has_more, though older objects follow
	WrongObject     FaultKind = "wrong-object"      // an object that is no list
	DuplicateIDs    FaultKind = "duplicate-ids"     // an object twice in one page
	WrongElement    FaultKind = "wrong-element"     // one element of another kind
	RevokedKey      FaultKind = "revoked-key"       // 401
	Forbidden       FaultKind = "forbidden"         // 403
	GoneParameter   FaultKind = "unknown-parameter" // 400
	NotFound        FaultKind = "404"               // of an object by its id, though it is there
	NotFoundParam   FaultKind = "404-param"         // 404 about another parameter than the id
	WrongKind       FaultKind = "wrong-kind"        // an object by its id, as one of another kind
	FalseStub       FaultKind = "deleted"           // the stub of a deleted object for one that is there
	OtherVersion    FaultKind = "other-version"     // a header with another API version
	Unexpanded      FaultKind = "unexpanded"        // a list without the members that the request expands; an object by its id has them
)

// survivableFaults are the faults that a patient reader survives. Faults.Rate
// draws from them.
var survivableFaults = []FaultKind{
	Reset, ResetMidBody, Stall, HTMLPage, HTML502, Unavailable, ServerError, ServerErrorYes, LockTimeout, Conflict,
	TooManyRequests, TruncatedJSON, CutString, RepeatedPage, EmptyPage, WrongObject, DuplicateIDs,
}

var faultKinds = append(slices.Clone(survivableFaults), ServerErrorNo, EndlessPage, EarlyEnd, WrongElement, RevokedKey, Forbidden, GoneParameter,
	NotFound, NotFoundParam, WrongKind, FalseStub, OtherVersion, Unexpanded)

// olderVersion is the API version that [OtherVersion] claims.
const olderVersion = "2020-08-27"

// A Fault strikes the requests that match it.
type Fault struct {
	Kind  FaultKind
	Path  string        // the path, and all paths below it: /v1/charges; "" for any
	Query string        // only requests whose decoded query contains this
	Nth   int           // number of the first matching request to strike, from 1; 0 means 1
	Times int           // how many of them from there on; 0 means 1, Always all
	Wait  time.Duration // of a stall; 0 means Faults.Stall
}

// Always as Fault.Times strikes all requests from Nth on.
const Always = -1

// Faults says what goes wrong. The zero value is a server without faults.
type Faults struct {
	Scripted []Fault       // of those that match a request the first strikes
	Rate     float64       // the share of the other requests, from 0 to 1, that get a random fault
	Kinds    []FaultKind   // of Rate; none means those that a patient reader survives
	Seed     int64         // of Rate
	Stall    time.Duration // how long one lasts; 0 means a second
}

func (f Faults) check() error {
	if !(f.Rate >= 0 && f.Rate <= 1) {
		return fmt.Errorf("faults: rate %v is outside 0 to 1", f.Rate)
	}
	for i, kind := range f.Kinds {
		if !slices.Contains(faultKinds, kind) {
			return fmt.Errorf("faults: kinds[%d]: no kind %q; use one of %v", i, kind, faultKinds)
		}
	}
	for i, fault := range f.Scripted {
		if !slices.Contains(faultKinds, fault.Kind) {
			return fmt.Errorf("faults: scripted[%d]: no kind %q; use one of %v", i, fault.Kind, faultKinds)
		}
		if fault.Nth < 0 || fault.Times < Always {
			return errors.New("faults: nth and times count from 1")
		}
	}
	return nil
}

// A faultInjector decides which requests a fault strikes.
type faultInjector struct {
	Faults

	mu     sync.Mutex
	served uint64
	seen   []int             // matching requests so far, for each scripted fault
	struck map[FaultKind]int // how often each kind has struck
	pages  map[string][]byte // the last whole page of each list, for repeating
}

func newFaultInjector(f Faults) *faultInjector {
	if f.Stall == 0 {
		f.Stall = time.Second
	}
	return &faultInjector{Faults: f, seen: make([]int, len(f.Scripted)), struck: map[FaultKind]int{}, pages: map[string][]byte{}}
}

// choose returns the fault for a request; its Kind is "" for none.
func (s *faultInjector) choose(r *http.Request) Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.served++
	chosen := s.fromScript(r)
	if chosen.Kind == "" {
		chosen.Kind = s.fromMix()
	}
	if chosen.Wait == 0 {
		chosen.Wait = s.Stall
	}
	return chosen
}

func (s *faultInjector) fromScript(r *http.Request) (chosen Fault) {
	for i, fault := range s.Scripted {
		if !fault.matches(r) {
			continue
		}
		s.seen[i]++
		since := s.seen[i] - max(fault.Nth, 1)
		if since >= 0 && (fault.Times == Always || since < max(fault.Times, 1)) && chosen.Kind == "" {
			chosen = fault
		}
	}
	return chosen
}

func (f *Fault) matches(r *http.Request) bool {
	query, err := url.QueryUnescape(r.URL.RawQuery)
	below := f.Path == "" || r.URL.Path == f.Path || strings.HasPrefix(r.URL.Path, f.Path+"/")
	return below && err == nil && strings.Contains(query, f.Query)
}

func (s *faultInjector) fromMix() FaultKind {
	d := dice(mix(uint64(s.Seed)*0x9e3779b97f4a7c15 + s.served))
	if float64(d.hash(1)>>11)/(1<<53) >= s.Rate {
		return ""
	}
	kinds := survivableFaults
	if len(s.Kinds) > 0 {
		kinds = s.Kinds
	}
	return kinds[d.n(2, len(kinds))]
}

// note counts a fault that struck.
func (s *faultInjector) note(kind FaultKind) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.struck[kind]++
}

// page stores a whole page and returns the previous one of the same list.
func (s *faultInjector) page(r *http.Request, body []byte) (before []byte) {
	q := r.URL.Query()
	q.Del("starting_after")
	key := r.URL.Path + "?" + q.Encode()
	s.mu.Lock()
	defer s.mu.Unlock()
	before = s.pages[key]
	s.pages[key] = body
	return before
}

// setScript replaces the scripted faults and restarts its counters.
func (s *faultInjector) setScript(script []Fault) error {
	if err := (Faults{Scripted: script}).check(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.Scripted, s.seen = slices.Clone(script), make([]int, len(script))
	if len(script) == 0 {
		s.Rate = 0
	}
	return nil
}

// SetFaults replaces the scripted faults while serving; requests are counted from
// here on. No argument ends all faults, random ones too.
func (s *Server) SetFaults(script ...Fault) error { return s.faults.setScript(script) }

// Struck returns how often each kind of fault has struck so far. A fault that
// does not apply to an answer, such as a repeated page for a first one, does
// not strike.
func (s *Server) Struck() map[FaultKind]int {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	return maps.Clone(s.faults.struck)
}

// idle reports whether no fault is configured.
func (s *faultInjector) idle() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.Scripted) == 0 && s.Rate == 0
}
