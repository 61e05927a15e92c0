package extract

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
)

// Balance is the money that Stripe holds for the account at one moment, in minor units
// by currency in lower case.
type Balance struct {
	Payments map[string]int64 // available and pending
	Others   bool             // there is money of other kinds: for issuing, or reserved for refunds, disputes or risk
}

// Balance requests the account's balance (GET /v1/balance). [IsForbidden] holds for the
// error if the key may not read it.
//
// Stripe: the balance of payments is available and pending. instant_available is a part
// of it. Balance transactions have already deducted what is reserved for connected
// accounts.
func (c *Client) Balance(ctx context.Context) (Balance, error) {
	var balance Balance
	ask := request{endpoint: "/v1/balance", path: "/v1/balance", subject: "the balance", instead: ", or do without"}
	err := c.get(ctx, ask, func(got *reply) (err error) {
		balance, err = readBalance(got.body)
		return err
	})
	if err != nil {
		return Balance{}, fmt.Errorf("read the balance: %w", err)
	}
	return balance, nil
}

// funds are amounts of one kind.
type funds []struct {
	Amount   *int64 `json:"amount"`
	Currency string `json:"currency"`
}

func (f funds) any() bool {
	for _, a := range f {
		if a.Amount != nil && *a.Amount != 0 {
			return true
		}
	}
	return false
}

func readBalance(body []byte) (Balance, error) {
	type kind struct {
		Available funds `json:"available"`
		Pending   funds `json:"pending"`
	}
	var answer struct {
		Object string `json:"object"`
		kind
		Issuing      kind `json:"issuing"`
		Prefunding   kind `json:"refund_and_dispute_prefunding"`
		RiskReserved kind `json:"risk_reserved"`
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		if other, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
			return Balance{}, fmt.Errorf("its %s is of another type", other.Field)
		}
		return Balance{}, describeDecodeError(body, err)
	}
	if answer.Object != "balance" || answer.Available == nil || answer.Pending == nil {
		return Balance{}, errors.New("it is not a balance with what is available and pending")
	}
	balance := Balance{Payments: map[string]int64{}}
	for _, f := range []funds{answer.Available, answer.Pending} {
		for _, a := range f {
			if a.Amount == nil || a.Currency == "" {
				return Balance{}, errors.New("an amount of the balance has no number or no currency")
			}
			balance.Payments[a.Currency] += *a.Amount
		}
	}
	for _, k := range []kind{answer.Issuing, answer.Prefunding, answer.RiskReserved} {
		balance.Others = balance.Others || k.Available.any() || k.Pending.any()
	}
	return balance, nil
}
