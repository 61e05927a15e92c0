package stripesim

import (
	"fmt"
	"net/http"
)

// accountStride keeps the seeds of connected accounts away from small ones,
// which people choose.
const accountStride = 1_000_003

// AccountID is the account's id, acct_….
func (s *Server) AccountID() string { return s.account }

// Connected returns the connected accounts, in a fixed order. Each has its own
// ledger and its own mutations. A client reaches it through the platform's
// address, with its id in Stripe-Account. Clock, limits, faults and counts are
// the platform's.
func (s *Server) Connected() []*Server { return s.connected }

// dispatch routes a request to the account that Stripe-Account names. Stripe: a
// key that may not act for an account gets the same answer as if there were no
// such account.
func (s *Server) dispatch(w http.ResponseWriter, r *http.Request) {
	wanted := r.Header.Get("Stripe-Account")
	if wanted == "" {
		s.route(w, r)
		return
	}
	for _, account := range append([]*Server{s}, s.connected...) {
		if account.account == wanted {
			w.Header()["Stripe-Account"] = []string{wanted}
			account.route(w, r)
			return
		}
	}
	s.refuse(w, &apiError{status: http.StatusForbidden, code: "account_invalid", message: fmt.Sprintf(
		"The provided key '%s' does not have access to account '%s' (or that account does not exist). "+
			"Application access may have been revoked.", redact(presentedKey(r)), redactKeys(wanted))})
}
