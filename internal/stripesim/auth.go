package stripesim

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// permission returns the permission that a restricted key needs to read a
// resource, "" for a name that is no resource. Stripe: prices need the plans'
// permission and subscription items the subscriptions'.
func permission(resource string) string {
	switch resource {
	case "charges":
		return "rak_charge_read"
	case "subscriptions", "subscription_items":
		return "rak_subscription_read"
	case "refunds":
		return "rak_refund_read"
	case "balance_transactions":
		return "rak_balance_transaction_read"
	case "customers":
		return "rak_customer_read"
	case "prices":
		return "rak_plan_read"
	case "events":
		return "rak_event_read"
	case "disputes":
		return "rak_dispute_read"
	case "payouts":
		return "rak_payout_read"
	case "products":
		return "rak_product_read"
	case "coupons":
		return "rak_coupon_read"
	case "promotion_codes":
		return "rak_promotion_code_read"
	case "invoices", "invoice_payments":
		return "rak_invoice_read"
	case "payment_intents":
		return "rak_payment_intent_read"
	case "checkout/sessions":
		return "rak_checkout_session_read"
	case "setup_intents":
		return "rak_setup_intent_read"
	case "transfers":
		return "rak_transfer_read"
	case "application_fees":
		return "rak_application_fee_read"
	case "credit_notes":
		return "rak_credit_note_read"
	case "balance":
		return "rak_balance_read"
	case "account":
		return "rak_accounts_kyc_basic_read"
	}
	return ""
}

// authorize accepts test-mode keys, as bearer tokens or as the user of basic
// authentication. It refuses restricted keys what Config.Forbid names.
func (s *Server) authorize(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		key := presentedKey(r)
		switch {
		case key == "":
			s.refuse(w, &apiError{status: http.StatusUnauthorized, message: noKeyMessage})
		case !s.accepts(key):
			s.refuse(w, &apiError{status: http.StatusUnauthorized, message: "Invalid API Key provided: " + redact(key)})
		case strings.HasPrefix(key, "rk_") && s.forbids(r.URL.Path):
			s.refuse(w, s.errForbidden(key, r.URL.Path))
		default:
			next.ServeHTTP(w, r)
		}
	})
}

const noKeyMessage = "You did not provide an API key. You need to provide your API key in the Authorization header, using Bearer auth " +
	"(e.g. 'Authorization: Bearer YOUR_SECRET_KEY'). See https://stripe.com/docs/api#authentication for details, " +
	"or we can help at https://support.stripe.com/."

func presentedKey(r *http.Request) string {
	if user, _, ok := r.BasicAuth(); ok {
		return user
	}
	scheme, key, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(key)
}

// accepts reports whether a key may read. Live keys never may, whatever the
// configuration is: nobody should send one here.
func (s *Server) accepts(key string) bool {
	if !testKey.MatchString(key) {
		return false
	}
	return len(s.cfg.Keys) == 0 || slices.Contains(s.cfg.Keys, key)
}

func (s *Server) forbids(path string) bool {
	name, _ := splitPath(path)
	if name == "subscription_items" {
		name = "subscriptions"
	}
	return slices.Contains(s.cfg.Forbid, name)
}

func (s *Server) errForbidden(key, path string) *apiError {
	name, _ := splitPath(path)
	return &apiError{status: http.StatusForbidden, message: fmt.Sprintf(
		"The provided key '%s' does not have the required permissions for this endpoint on account '%s'. "+
			"Having the '%s' permission would allow this request to continue.", redact(key), s.account, permission(name))}
}

// redact keeps the first eight characters of a key and its last four, as Stripe
// does. Of a shorter key it keeps nothing.
//
// Invariant 11: an error never contains a secret.
func redact(key string) string {
	const head, tail = 8, 4
	if len(key) < 2*(head+tail) {
		return strings.Repeat("*", len(key))
	}
	return key[:head] + strings.Repeat("*", len(key)-head-tail) + key[len(key)-tail:]
}

// redactKeys keeps a key out of a message that repeats what the client sent.
func redactKeys(s string) string {
	for _, prefix := range [...]string{"sk_", "rk_", "whsec_"} {
		if strings.HasPrefix(s, prefix) {
			return redact(s)
		}
	}
	return s
}
