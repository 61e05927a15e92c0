package extract

import "testing"

// resource returns a resource for the tests of this package, with only the properties
// that they need. The program uses the table of package schemas.
func resource(tb testing.TB, name string) Resource {
	tb.Helper()
	for _, r := range []Resource{
		{Name: "charges", Object: "charge", Path: "/v1/charges", Variants: []string{""}},
		{Name: "subscriptions", Object: "subscription", Path: "/v1/subscriptions", Variants: []string{"status=all"}, Expand: []string{"discount.coupon.applies_to"}, Hidden: true},
		{Name: "refunds", Object: "refund", Path: "/v1/refunds", Variants: []string{""}},
		{Name: "balance_transactions", Object: "balance_transaction", Path: "/v1/balance_transactions", Variants: []string{""}, Silent: true},
		{Name: "customers", Object: "customer", Path: "/v1/customers", Variants: []string{""}, Expand: []string{"discount.coupon.applies_to"}, Deletable: true, Hidden: true},
		{Name: "prices", Object: "price", Path: "/v1/prices", Variants: []string{"", "active=false"}, Expand: []string{"tiers", "currency_options"}, Deletable: true, Hidden: true},
		Events(),
	} {
		if r.Name == name {
			return r
		}
	}
	tb.Fatalf("no resource %s", name)
	return Resource{}
}
