package transform

import (
	"testing"

	"github.com/stripelake/stripelake/schemas"
)

func TestReads(t *testing.T) {
	t.Parallel()
	set, err := schemas.Load(schemas.Embedded())
	if err != nil {
		t.Fatal(err)
	}
	mappings, err := Compile(set)
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		object, pointer string
		want            bool
	}{
		{"subscription", "/items", true},
		{"subscription", "/items/data/12/tax_rates", true},
		{"subscription", "/items/data/0/price/tiers", false},
		{"subscription", "/items/data/0/later", false},
		{"subscription", "/item", false},
		{"subscription", "/metadata/lists", true}, // a column takes all of it
		{"charge", "/refunds", false},
		{"charge", "/metadata", true},
		{"customer", "/subscriptions", false},
		{"customer", "/subscriptions/data/3/items", false},
		{"price", "/tiers", true},
		{"price", "/currency_options/jpy/tiers", true}, // copied as sent
		{"product", "/anything", false},                // no mapping reads it
	} {
		if got := mappings.Reads(tc.object, tc.pointer); got != tc.want {
			t.Errorf("%s %s: %t, want %t", tc.object, tc.pointer, got, tc.want)
		}
	}
}
