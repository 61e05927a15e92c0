package extract

import (
	"maps"
	"strings"
	"testing"
)

func TestReadBalance(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]struct {
		payments map[string]int64
		others   bool
		err      string
	}{
		`{"object":"balance","available":[{"amount":-5,"currency":"usd"},{"amount":7,"currency":"eur"}],"pending":[{"amount":12,"currency":"usd"}],
			"instant_available":[{"amount":3,"currency":"usd"}],"connect_reserved":[{"amount":9,"currency":"usd"}]}`: {payments: map[string]int64{"usd": 7, "eur": 7}},
		`{"object":"balance","available":[],"pending":[],"issuing":{"available":[{"amount":0,"currency":"usd"}]}}`: {payments: map[string]int64{}},
		`{"object":"balance","available":[],"pending":[],"issuing":{"available":[{"amount":1,"currency":"usd"}]}}`: {payments: map[string]int64{}, others: true},
		`{"object":"balance","available":[],"pending":[],"refund_and_dispute_prefunding":{"available":[],"pending":[{"amount":1,"currency":"usd"}]}}`: {
			payments: map[string]int64{}, others: true,
		},
		`{"object":"balance","available":[{"amount":1}],"pending":[]}`:                     {err: "no number or no currency"},
		`{"object":"balance","available":[{"currency":"usd"}],"pending":[]}`:               {err: "no number or no currency"},
		`{"object":"balance","available":[{"amount":1.5,"currency":"u"}],"pending":[]}`:    {err: "available.amount is of another type"},
		`{"object":"balance","pending":[]}`:                                                {err: "not a balance"},
		`{"object":"list","data":[]}`:                                                      {err: "not a balance"},
		`<html>`:                                                                           {err: "JSON"},
		`{"object":"balance","available":[{"amount":9223372036854775808,"currency":"u"}]}`: {err: "of another type"},
	} {
		got, err := readBalance([]byte(body))
		if want.err != "" {
			if err == nil || !strings.Contains(err.Error(), want.err) {
				t.Errorf("%s: %v, want an error with %q", body, err, want.err)
			}
			continue
		}
		if err != nil || !maps.Equal(got.Payments, want.payments) || got.Others != want.others {
			t.Errorf("%s: %+v, %v", body, got, err)
		}
	}
}
