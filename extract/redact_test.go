package extract

import "testing"

// Invariant 11: a secret is never written anywhere.
func TestRedact(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"key sk_test_51AbCdEf is bad":                     "key [redacted] is bad",
		"Invalid API Key provided: sk_live_****1234.":     "Invalid API Key provided: [redacted].",
		"The provided key 'rk_test_*********3gph' has":    "The provided key '[redacted]' has",
		"‘rk_live_••••••abcd’":                            "‘[redacted]’",
		"sk_test_...abcd and sk_test_…abcd":               "[redacted] and [redacted]",
		"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw+/=x":      "[redacted]",
		"https://h/?key=sk_live_abc&x=1":                  "https://h/?key=[redacted]&x=1",
		"Bearer%20sk_live_abc":                            "Bearer%20[redacted]",
		"sk_org_live_abc, sk_1234":                        "[redacted], [redacted]",
		"whsec_****":                                      "[redacted]",
		"one starts with sk_live_, rk_test_ or whsec_…":   "one starts with sk_live_, rk_test_ or whsec_…",
		"give sk_… or rk_ keys":                           "give sk_… or rk_ keys",
		"risk_level, task_id, ask_for, pk_live_abc":       "risk_level, task_id, ask_for, pk_live_abc",
		"rak_charge_read is not a secret, nor is req_123": "rak_charge_read is not a secret, nor is req_123",
		"": "",
	} {
		if got := Redact(in); got != want {
			t.Errorf("Redact(%q) = %q, want %q", in, got, want)
		}
		if got := Redact(want); got != want {
			t.Errorf("Redact(%q) = %q: not stable", want, got)
		}
	}
}
