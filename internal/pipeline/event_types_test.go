package pipeline

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stripelake/stripelake/extract"
	"github.com/stripelake/stripelake/schemas"
)

// Every type of event that Stripe documents touches the objects that
// testdata/event_types.txt lists, which was decided for each type. An event
// here has all the members by which it may refer to another object.
func TestEveryEventTypeIsClassified(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("testdata/event_types.txt")
	if err != nil {
		t.Fatal(err)
	}
	kinds := map[string]bool{}
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		words := strings.Fields(line)
		event, kind, want := words[0], words[1], slices.Sorted(slices.Values(words[2:]))
		kinds[kind] = true
		changes, err := extract.Changes(fmt.Appendf(nil, `{"id":"evt_1","object":"event","type":%q,"created":1700000000,"data":{"object":
			{"id":"x_1","object":%q,"created":1,"customer":"cus_1","charge":"ch_1","subscription":"sub_1","payment_intent":"pi_1","source":"ch_1","price":"price_1"}}}`,
			event, kind), Resources(schemas.ShippedResources())...)
		if err != nil {
			t.Fatal(err)
		}
		got := []string{}
		for _, c := range changes {
			got = append(got, c.Stream)
		}
		slices.Sort(got)
		if got = slices.Compact(got); len(got) == 0 {
			got = []string{"-"}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s holds a %s and touches %q, want %q", event, kind, got, want)
		}
	}
	for _, r := range Resources(schemas.ShippedResources()) {
		for _, touch := range r.Touches {
			if touch.Object != "" && !kinds[touch.Object] {
				t.Errorf("%s: no type of event holds a %s", r.Name, touch.Object)
			}
		}
	}
}

func TestStreamNamed(t *testing.T) {
	t.Parallel()
	if r, err := streamByName(schemas.ShippedResources(), "refunds"); err != nil || r.Path != "/v1/refunds" {
		t.Errorf("%+v, %v", r, err)
	}
	_, err := streamByName(schemas.ShippedResources(), "invoices")
	if want := "invoices: no such stream: choose from charges, subscriptions, refunds, balance_transactions, customers, prices, events"; err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
}

// What is read is what package extract was ever asked for.
func TestResources(t *testing.T) {
	t.Parallel()
	var got []string
	for _, r := range Resources(schemas.ShippedResources()) {
		got = append(got, fmt.Sprint(r.Name, " ", r.Object, " ", r.Path, " ", r.Variants, " ", r.Expand, " ", r.Deletable, r.Hidden, r.Silent))
	}
	want := []string{
		"charges charge /v1/charges [] [] false false false",
		"subscriptions subscription /v1/subscriptions [status=all] [discount.coupon.applies_to] false true false",
		"refunds refund /v1/refunds [] [] false false false",
		"balance_transactions balance_transaction /v1/balance_transactions [] [] false false true",
		"customers customer /v1/customers [] [discount.coupon.applies_to] true true false",
		"prices price /v1/prices [ active=false] [tiers currency_options] true true false",
	}
	if !slices.Equal(got, want) {
		t.Errorf("read are %q, want %q", got, want)
	}
}
