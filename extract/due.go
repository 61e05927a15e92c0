package extract

import (
	"bytes"
	"time"

	"github.com/go-json-experiment/json"
)

// Due tells when an object is to be read again because it then changes without
// an event; zero if it does not.
//
// Stripe: a pending balance transaction becomes available at available_on, and
// no event says so.
func Due(stream string, raw []byte) time.Time {
	if stream != "balance_transactions" || !bytes.Contains(raw, []byte(`"pending"`)) {
		return time.Time{}
	}
	var o struct {
		Status      string `json:"status"`
		AvailableOn int64  `json:"available_on"`
	}
	if json.Unmarshal(raw, &o, anyText) != nil || o.Status != "pending" {
		return time.Time{}
	}
	return unixUTC(o.AvailableOn)
}

// Mentions returns the ids of another stream's objects that an object mentions
// and that no list may ever hold, with the name of that stream.
//
// Stripe: a price that was made inline, for one subscription, is in no list.
func Mentions(stream string, raw []byte) (of string, ids []string) {
	if stream != "subscriptions" {
		return "", nil
	}
	var o struct {
		Items struct {
			Data []struct {
				Price Reference `json:"price"`
			} `json:"data"`
		} `json:"items"`
	}
	if json.Unmarshal(raw, &o, anyText) != nil {
		return "", nil
	}
	for _, item := range o.Items.Data {
		if item.Price != "" {
			ids = append(ids, string(item.Price))
		}
	}
	return "prices", ids
}
