package extract

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// Account describes the account that a key belongs to.
type Account struct {
	ID         string    // "acct_…"
	ServerTime time.Time // UTC, by Stripe's clock; see [Client.ServerTime]
}

// Account requests the account of the key (GET /v1/account). A restricted key may not
// be allowed to read it. Then errors.As finds an *[APIError] for which [IsForbidden]
// holds, the caller has to name the account, and [Client.ServerTime] is known anyway. A
// connected account gets the id that the caller named ([Client.For]) if only this
// request is forbidden.
func (c *Client) Account(ctx context.Context) (Account, error) {
	var account Account
	ask := request{
		endpoint: "/v1/account",
		path:     "/v1/account",
		subject:  "the account",
		instead:  ", or name the account yourself",
	}
	read := func(got *reply) (err error) {
		var began time.Time
		account.ID, began, err = accountID(got.body)
		if err == nil && !began.IsZero() {
			c.began.Store(began.Unix())
		}
		return err
	}
	err := c.get(ctx, ask, read)
	if c.clock.unsure() && ctx.Err() == nil { // a second answer may confirm the time
		err = c.get(ctx, ask, read)
	}
	// Stripe: an app may read what an account allows it, which may exclude the account
	// itself.
	if e, ok := errors.AsType[*APIError](err); ok && c.account != "" && e.Status == http.StatusForbidden && e.Code != codeNoAccess {
		account.ID, err = c.account, nil
	}
	if err != nil {
		return Account{}, fmt.Errorf("read the account: %w", err)
	}
	account.ServerTime = c.ServerTime()
	return account, nil
}

// accountID returns the id of an account, and when it was created; zero if it does not
// say.
func accountID(body []byte) (id string, began time.Time, err error) {
	o, err := readObject(newDecoder(body), body)
	if err != nil {
		return "", began, describeDecodeError(body, err)
	}
	if o.Type != "account" || o.ID == "" {
		return "", began, errors.New("it is not an account with an id")
	}
	if Redact(o.ID) != o.ID { // it becomes the name of folders and of rows (Invariant 11)
		return "", began, errors.New("the account's id looks like a key or a secret")
	}
	if len(o.ID) > 64 {
		return "", began, fmt.Errorf("the account's id has %d bytes: %s", len(o.ID), oneLine(o.ID))
	}
	return o.ID, o.Created, nil
}
