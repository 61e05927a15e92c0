package pipeline

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/stripelake/stripelake/extract"
	"github.com/stripelake/stripelake/load/verify"
)

// fixBalance is the advice about a balance that differs: it finds balance
// transactions that are missing. One that is in the balance and listed late
// makes the same difference (docs/adr/0022).
const fixBalance = "look again tomorrow, after a sync, for Stripe may list a transaction late; if it still differs, run stripelake verify --stripe --full --repair, which lists all of them again"

// paymentsBalance is the balance_type of the balance that is available and
// pending.
const paymentsBalance = "payments"

// balanceTries is how often the balance is read while money moves.
const balanceTries = 3

// balance compares the sum of the balance transactions with the balance itself,
// by currency. The balance is the only record of the account that is not made
// from the objects read. Stripe: all balance transactions of an account add up
// to what is available and pending.
func (x *comparison) balance(ctx context.Context) error {
	c := x.Begin(x.account, "balance"+atStripe, "currencies")
	why, err := x.whyNotComparable(ctx)
	if err != nil {
		return err
	}
	if why != "" {
		c.Note("not compared: %s", why)
		return nil
	}
	var at extract.Balance
	var sums map[string]int64
	for _, back := range []time.Duration{lookBack, DailyLookBack} {
		if at, sums, why, err = x.addUp(ctx, back); err != nil && !stopsRun(err) {
			why = errorText(err) // the other comparisons stay valid
			x.stopped = x.stopped || extract.IsStopped(err)
		} else if err != nil {
			return err
		}
		if why != "" {
			c.Note("not compared: %s", why)
			return nil
		}
		if maps.Equal(sums, at.Payments) {
			break
		}
	}
	c.LookedAt = int64(len(sums))
	for _, currency := range slices.Sorted(maps.Keys(sums)) {
		if sums[currency] != at.Payments[currency] {
			c.Add(verify.Finding{
				Name: "balance differs", What: x.account + " " + strings.ToUpper(currency),
				Says: fmt.Sprintf("Stripe has %d minor units, available and pending, and all balance transactions come to %d", at.Payments[currency], sums[currency]),
				Fix:  fixBalance,
			})
		}
	}
	return nil
}

// addUp reads the balance, and adds up the balance transactions of the lake and
// those that it lacks, from back before its end on. sums has each currency of
// either. why says what prevents the comparison.
func (x *comparison) addUp(ctx context.Context, back time.Duration) (at extract.Balance, sums map[string]int64, why string, err error) {
	at, newer, why, err := x.balanceAndNewer(ctx, back)
	if err != nil || why != "" {
		return at, nil, why, err
	}
	sums, tagged, err := x.nets(ctx)
	if at.Others && !tagged {
		why = "there is money of other kinds, and the balance transactions do not say which they are of"
	}
	if err != nil || why != "" {
		return at, nil, why, err
	}
	for currency, net := range newer {
		sums[currency] += net
	}
	for currency := range at.Payments {
		sums[currency] += 0
	}
	for currency := range sums {
		at.Payments[currency] += 0
	}
	return at, sums, "", nil
}

// whyNotComparable says why the lake does not have all balance transactions, or
// "".
func (x *comparison) whyNotComparable(ctx context.Context) (string, error) {
	there, err := x.Publishes(ctx, "balance_transactions", "account", "net_minor", "currency")
	if err != nil || !there {
		return "there is no column net_minor or currency", err
	}
	var rows int64
	if err := x.Query(ctx, []any{&rows}, func() error { return nil }, "SELECT count(*) FROM balance_transactions WHERE account = ?", x.account); err != nil {
		return "", err
	}
	objects, err := x.Objects(ctx, x.account, "balance_transactions")
	switch {
	case err != nil:
		return "", err
	case rows != objects:
		return fmt.Sprintf("%d rows of %d balance transactions are published: some were refused or left out, or a sync is still to publish them", rows, objects), nil
	case !x.forgotten.Empty():
		return "people were forgotten, and their balance transactions with them", nil
	case x.covered("balance_transactions").Through.IsZero():
		return "not all balance transactions are read", nil
	case !x.covered("balance_transactions").From.IsZero():
		return "the lake does not begin where the account does", nil
	}
	return "", nil
}

// covered returns a resource's coverage if it is complete; otherwise it is
// zero.
func (x *comparison) covered(resource string) (none extract.Coverage) {
	cursors := x.Cursors(x.account, resource)
	if len(cursors) == 0 || !x.Comparable(x.account, resource) {
		return none
	}
	coverage, err := extract.Cursor(cursors[len(cursors)-1]).Coverage()
	if err != nil || coverage.Again || !coverage.Whole() {
		return none
	}
	return coverage
}

// balanceAndNewer reads the balance, and adds up the balance transactions
// listed beyond the lake's end, by currency. Where money moves meanwhile it
// reads both again; why says that it could not.
func (x *comparison) balanceAndNewer(ctx context.Context, back time.Duration) (at extract.Balance, newer map[string]int64, why string, err error) {
	for range balanceTries {
		if at, err = x.Client.Balance(ctx); err != nil {
			break
		}
		if newer, err = x.newer(ctx, back); err != nil {
			return at, nil, "", err
		}
		var after extract.Balance
		if after, err = x.Client.Balance(ctx); err != nil {
			break
		}
		if maps.Equal(at.Payments, after.Payments) {
			return at, newer, "", nil
		}
		why = "it moved each time it was read; run again when it is quieter"
	}
	if extract.IsForbidden(err) || extract.IsNotFound(err) {
		return at, nil, errorText(err), nil
	}
	return at, nil, why, err
}

// newer lists the balance transactions from back before the lake's end on, and
// adds up those that the lake does not have.
func (x *comparison) newer(ctx context.Context, back time.Duration) (map[string]int64, error) {
	transactions, err := streamByName(x.kinds, "balance_transactions")
	if err != nil {
		return nil, err
	}
	from := x.covered(transactions.Name).Through.Add(-back)
	nets := map[string]int64{}
	for page, err := range x.Client.Pages(ctx, transactions, "", extract.Range{From: from, To: x.Client.ServerTime().Add(time.Minute)}) {
		if err != nil {
			return nil, err
		}
		ids := make([]string, len(page.Objects))
		for i, o := range page.Objects {
			ids[i] = o.ID
		}
		kept, err := x.KeptOf(ctx, x.account, transactions.Name, ids)
		if err != nil {
			return nil, err
		}
		for _, o := range page.Objects {
			var t struct {
				Net         int64  `json:"net"`
				Currency    string `json:"currency"`
				BalanceType string `json:"balance_type"`
			}
			if _, known := kept[o.ID]; known {
				continue
			}
			if err := json.Unmarshal(o.Raw, &t); err != nil {
				return nil, fmt.Errorf("balance transaction %s: %w", extract.Redact(o.ID), err)
			}
			if t.BalanceType == "" || t.BalanceType == paymentsBalance {
				nets[t.Currency] += t.Net
			}
		}
	}
	return nets, nil
}

// nets adds up the transactions of the payments balance, in minor units by
// currency in lower case. tagged is true where some transactions name their
// balance.
func (x *comparison) nets(ctx context.Context) (sums map[string]int64, tagged bool, err error) {
	sums = map[string]int64{}
	there, err := x.Publishes(ctx, "balance_transactions", "balance_type")
	if err != nil {
		return nil, false, err
	}
	which, of := "true", "0"
	if there {
		which, of = "coalesce(balance_type, '"+paymentsBalance+"') = '"+paymentsBalance+"'", "count(balance_type)"
	}
	var currency string
	var net, tags int64
	return sums, tagged, x.Query(ctx, []any{&currency, &net, &tags}, func() error {
		sums[currency] += net
		tagged = tagged || tags > 0
		return nil
	}, `SELECT lower(currency), coalesce(sum(net_minor) FILTER (`+which+`), 0)::BIGINT, `+of+` FROM balance_transactions WHERE account = ? GROUP BY ALL`, x.account)
}
