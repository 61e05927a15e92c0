package extract

import (
	"regexp"
	"strings"
)

// secret matches Stripe's secret keys and webhook secrets, also when some of
// their characters are masked, as Stripe's own messages do ("sk_test_****1234").
// A prefix with a mode is unmistakable and matches inside a word; a bare "sk_"
// must begin one, or "risk_level" would match.
var secret = regexp.MustCompile(
	`(?:(?:sk|rk)_(?:live|test|org)_|\b(?:sk|rk)_|whsec_)` +
		`(?:[A-Za-z0-9_*•…+/=-]|\.+[A-Za-z0-9*•])*`)

const redacted = "[redacted]"

// Redact replaces everything in s that looks like a Stripe secret. The public
// prefixes alone, as in "a key starts with sk_live_", stay readable.
//
// Invariant 11: a secret is never written to log, error, file or report.
func Redact(s string) string {
	return secret.ReplaceAllStringFunc(s, func(found string) string {
		rest := found
		for _, public := range []string{"sk_", "rk_", "whsec_", "live", "test", "org"} {
			rest = strings.TrimPrefix(rest, public)
		}
		if strings.Trim(rest, "_…") == "" {
			return found
		}
		return redacted
	})
}
