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

// Connected are the connected accounts, in a fixed order. Each has a ledger and
// explicit changes of its own, and is reached through the platform's address
// with its id in Stripe-Account; clock, limits, faults and counts are the
// platform's.
func (s *Server) Connected() []*Server { return s.connected }

// dispatch sends a request to the account that Stripe-Account names. Stripe:
// a key that may not act for an account is refused as if there were none.
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
