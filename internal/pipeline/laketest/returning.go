package laketest

import (
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// HerMarks are the texts that nothing in the lake may hold.
var HerMarks = []string{"ann@example.com", "cus_ann"}

// Returning is a customer who was forgotten and buys again, with one who was not.
type Returning struct {
	*Scene
	Early, Late http.Handler // Stripe before the purchase and after it

	mu    sync.Mutex
	Asked []string // paths, in order; a list of a payment's charges apart
}

// NewReturning makes a lake that forgot cus_ann. What she buys later is served by
// Late, with what somebody else buys then.
func NewReturning(t *testing.T) *Returning {
	t.Helper()
	at := Noon.Add(-24 * time.Hour)
	objects := slices.Concat(
		[]string{Sent("customer", "cus_ann", at, `"email":"ann@example.com"`), Sent("customer", "cus_bob", at)},
		Purchase("old", "cus_ann", at), Purchase("bob", "cus_bob", at))
	x := &Returning{Scene: NewScene(t, Recorded(t, 1, Noon, objects...))}
	x.Sync()
	if _, err := Forget(t.Context(), x.Lake, nil, "cus_ann"); err != nil {
		t.Fatal(err)
	}
	x.Early = Recorded(t, 1, Noon.Add(3*time.Hour), objects...)
	objects = append(objects, Purchase("new", "cus_ann", Noon.Add(time.Hour))...)
	objects = append(objects, Purchase("other", "cus_bob", Noon.Add(time.Hour))...)
	x.Late = Recorded(t, 1, Noon.Add(3*time.Hour), objects...)
	return x
}

// Answer says by whom each request is answered; nil answers it by Late.
func (x *Returning) Answer(by func(w http.ResponseWriter, r *http.Request) bool) {
	x.Becomes(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		x.mu.Lock()
		path := r.URL.Path
		if r.URL.Query().Get("payment_intent") != "" {
			path += "/of a payment"
		}
		x.Asked = append(x.Asked, path)
		x.mu.Unlock()
		if by == nil || !by(w, r) {
			x.Late.ServeHTTP(w, r)
		}
	}))
}

// CheckNowhere checks that no file of the lake knows her, and that a verification
// finds nothing.
func (x *Returning) CheckNowhere() {
	x.T.Helper()
	if diff := cmp.Diff(map[string]map[string]bool{}, Look(x.T, x.Lake, HerMarks)); diff != "" {
		x.T.Errorf("she is back:\n%s", diff)
	}
	CheckSound(x.T, x.Lake, false)
}
