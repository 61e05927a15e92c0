package pipeline

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stripelake/stripelake/extract"
	"github.com/stripelake/stripelake/schemas"
)

func TestChanges(t *testing.T) {
	t.Parallel()
	at := time.Unix(1700000000, 0).UTC()
	change := func(stream, id string, created int64) extract.Change {
		c := extract.Change{Stream: stream, ID: id, At: at}
		if created > 0 {
			c.Created = time.Unix(created, 0).UTC()
		}
		return c
	}
	for name, tc := range map[string]struct {
		kind, object string
		want         []extract.Change
	}{
		"a charge":           {"charge.updated", `{"object":"charge","id":"ch_1","created":5}`, []extract.Change{change("charges", "ch_1", 5)}},
		"case 14: a dispute": {"charge.dispute.created", `{"object":"dispute","id":"dp_1","charge":"ch_1","created":9}`, []extract.Change{change("charges", "ch_1", 0)}},
		"case 14: a refund":  {"charge.refund.updated", `{"object":"refund","id":"re_1","charge":"ch_1","created":7}`, []extract.Change{change("refunds", "re_1", 7), change("charges", "ch_1", 0)}},
		"case 18: a refund only in its charge": {
			"charge.refunded", `{"object":"charge","id":"ch_1","created":5}`,
			[]extract.Change{change("charges", "ch_1", 5), {Stream: "refunds", Of: "charge=ch_1", At: at}},
		},
		"refunds in the charge, as a list": {
			"charge.updated", `{"object":"charge","id":"ch_1","created":5,"refunds":{"object":"list","data":[{"id":"re_1","created":6}]}}`,
			[]extract.Change{change("charges", "ch_1", 5), change("refunds", "re_1", 6)},
		},
		"refunds as an array, as once": {
			"charge.updated", `{"object":"charge","id":"ch_1","created":5,"refunds":[{"id":"re_1","created":6}]}`,
			[]extract.Change{change("charges", "ch_1", 5), change("refunds", "re_1", 6)},
		},
		"a refund of an expanded charge": {"refund.failed", `{"object":"refund","id":"re_1","created":7,"charge":{"id":"ch_1"}}`, []extract.Change{change("refunds", "re_1", 7), change("charges", "ch_1", 0)}},
		"a refund of no charge":          {"refund.updated", `{"object":"refund","id":"re_1","created":7,"charge":null}`, []extract.Change{change("refunds", "re_1", 7)}},
		"a review":                       {"review.opened", `{"object":"review","id":"prv_1","charge":"ch_1"}`, []extract.Change{change("charges", "ch_1", 0)}},
		"a subscription":                 {"customer.subscription.deleted", `{"object":"subscription","id":"sub_1","created":5,"customer":"cus_1"}`, []extract.Change{change("subscriptions", "sub_1", 5)}},
		"case 19: a deleted customer":    {"customer.deleted", `{"object":"customer","id":"cus_1","created":5}`, []extract.Change{change("customers", "cus_1", 5)}},
		"a customer's discount":          {"customer.discount.created", `{"object":"discount","id":"di_1","customer":"cus_1"}`, []extract.Change{change("customers", "cus_1", 0)}},
		"a subscription's discount": {
			"customer.discount.deleted", `{"object":"discount","id":"di_1","customer":"cus_1","subscription":"sub_1"}`,
			[]extract.Change{change("customers", "cus_1", 0), change("subscriptions", "sub_1", 0)},
		},
		"a customer's card":       {"customer.source.created", `{"object":"card","id":"card_1","customer":"cus_1"}`, []extract.Change{change("customers", "cus_1", 0)}},
		"a price":                 {"price.deleted", `{"object":"price","id":"price_1","created":5}`, []extract.Change{change("prices", "price_1", 5)}},
		"a plan":                  {"plan.updated", `{"object":"plan","id":"gold21323","created":5}`, []extract.Change{change("prices", "gold21323", 5)}},
		"what concerns no stream": {"payment_intent.succeeded", `{"object":"payment_intent","id":"pi_1","customer":"cus_1"}`, nil},
		"odd types":               {"charge.updated", `{"object":"charge","id":"ch_1","created":5,"customer":[1],"refunds":7}`, []extract.Change{change("charges", "ch_1", 5)}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			raw := `{"id":"evt_1","object":"event","created":1700000000,"request":"req_1","type":"` + tc.kind + `","data":{"object":` + tc.object + `}}`
			got, err := extract.Changes([]byte(raw), Resources(schemas.ShippedResources())...)
			if err != nil {
				t.Fatal(err)
			}
			byStream := func(a, b extract.Change) int { return strings.Compare(a.Stream, b.Stream) }
			slices.SortStableFunc(got, byStream)
			slices.SortStableFunc(tc.want, byStream)
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	for _, raw := range []string{``, `{`, `[]`, `{"type":"charge.updated"}`, `{"created":1}`, `<html>`} {
		if got, err := extract.Changes([]byte(raw), Resources(schemas.ShippedResources())...); err == nil {
			t.Errorf("%q: %v and no error", raw, got)
		}
	}
}
