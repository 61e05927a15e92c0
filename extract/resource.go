package extract

import (
	"fmt"
	"slices"
	"strings"
)

// A Resource is one of Stripe's lists that becomes a stream.
type Resource struct {
	Name   string // the stream: "balance_transactions"
	Object string // the "object" field of its members: "balance_transaction"
	Path   string // the list endpoint: "/v1/balance_transactions"

	// Variants are the query strings to list with, one after the other. Their
	// union is the resource; an object may be in more than one.
	Variants []string
}

// Resources returns the streams there are, always in the same order.
//
// Stripe: the default list of subscriptions hides canceled ones, and a cursor
// object that is canceled during the walk would drop out of it. The default
// list of prices is documented as the active ones and observed as all of them,
// so both kinds are asked for.
func Resources() []Resource {
	plain := []string{""}
	return []Resource{
		{"charges", "charge", "/v1/charges", plain},
		{"subscriptions", "subscription", "/v1/subscriptions", []string{"status=all"}},
		{"refunds", "refund", "/v1/refunds", plain},
		{"balance_transactions", "balance_transaction", "/v1/balance_transactions", plain},
		{"customers", "customer", "/v1/customers", plain},
		{"prices", "price", "/v1/prices", []string{"", "active=false"}},
	}
}

func resourceOf(stream string) (Resource, error) {
	all := Resources()
	i := slices.IndexFunc(all, func(r Resource) bool { return r.Name == stream })
	if i >= 0 {
		return all[i], nil
	}
	names := make([]string, len(all))
	for i, r := range all {
		names[i] = r.Name
	}
	return Resource{}, fmt.Errorf("no such stream: choose from %s", strings.Join(names, ", "))
}

// subject is the name in a sentence: "balance transactions".
func (r Resource) subject() string { return strings.ReplaceAll(r.Name, "_", " ") }
