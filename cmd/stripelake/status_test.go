package main

import (
	"testing"

	"github.com/stripelake/stripelake/load"
)

// The events that concern no resource are named by what they hold, of all accounts, most
// events first.
func TestUnfollowedText(t *testing.T) {
	t.Parallel()
	all := []load.Unfollowed{{Account: "acct_1", Object: "invoice", Events: 1204}, {Account: "acct_1", Object: "payout", Events: 200}, {Account: "acct_2", Object: "payout", Events: 12}, {Account: "acct_2", Object: "balance", Events: 1}}
	if got := unfollowedText(all); got != "invoice: 1,204 events, payout: 212 events, balance: 1 event" {
		t.Errorf("got %q", got)
	}
	for _, kind := range []string{"a", "b", "c", "d", "e", "f", "g"} {
		all = append(all, load.Unfollowed{Object: kind, Events: 1})
	}
	if got := unfollowedText(all); got != "invoice: 1,204 events, payout: 212 events, a: 1 event, b: 1 event, balance: 1 event, c: 1 event, d: 1 event, e: 1 event, 2 more kinds" {
		t.Errorf("got %q", got)
	}
	if got := unfollowedText(nil); got != "" {
		t.Errorf("of nothing: %q", got)
	}
}
