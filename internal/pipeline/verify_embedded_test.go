package pipeline

import (
	"reflect"
	"slices"
	"testing"

	"github.com/stripelake/stripelake/load"
	"github.com/stripelake/stripelake/schemas"
)

// Two versions of a subscription are the same but for its price and its plan, wherever
// those stand in it.
func TestBareOfWhatIsEmbedded(t *testing.T) {
	t.Parallel()
	if r, _ := schemas.ShippedResources().Named("subscriptions"); !slices.Equal(r.Embeds, []string{"prices"}) {
		t.Errorf("subscriptions embed %q", r.Embeds)
	}
	prices, _ := schemas.ShippedResources().Named("prices")
	kinds := []string{prices.Object, prices.OldObject}
	object := func(text string) any { return replaceEmbedded(load.Raw{Object: []byte(text)}, kinds) }
	before := object(`{"id":"sub_1","object":"subscription","plan":{"id":"p_1","object":"plan","active":true},"items":{"data":[{"price":{"id":"p_1","object":"price","active":true}}]}}`)
	for text, same := range map[string]bool{
		`{"id":"sub_1","object":"subscription","plan":{"id":"p_1","object":"plan","active":false},"items":{"data":[{"price":{"id":"p_1","object":"price"}}]}}`:      true,
		`{"id":"sub_1","object":"subscription","plan":"p_1","items":{"data":[{"price":"p_1"}]}}`:                                                                    true,
		`{"id":"sub_1","object":"subscription","plan":{"id":"p_1","object":"plan"},"items":{"data":[{"price":{"id":"p_2","object":"price"}}]}}`:                     false,
		`{"id":"sub_1","object":"subscription","plan":{"id":"p_1","object":"plan"},"items":{"data":[{"price":{"id":"p_1","object":"coupon"}}]}}`:                    false,
		`{"id":"sub_1","object":"subscription","status":"canceled","plan":{"id":"p_1","object":"plan"},"items":{"data":[{"price":{"id":"p_1","object":"price"}}]}}`: false,
	} {
		if got := reflect.DeepEqual(object(text), before); got != same {
			t.Errorf("%s is the same: %t, want %t", text, got, same)
		}
	}
}
