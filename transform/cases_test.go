package transform

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stripelake/stripelake/schemas"
)

// TestCases maps objects that Stripe is known to send and that extractors get
// wrong, with the shipped mappings. A part of the row that begins with "no "
// must be absent.
func TestCases(t *testing.T) {
	t.Parallel()
	mappings := embedded(t)
	const usd = `"currency":"usd","amount":100,"amount_captured":100,"amount_refunded":0,"captured":true,"status":"succeeded",`
	for _, tc := range []struct {
		name, object, members string
		want                  []string
	}{
		{"case 30: jpy", "charge", `"currency":"jpy","amount":4820`, []string{`"amount": "4820", "amount_minor": 4820`}},
		{"case 30: kwd", "charge", `"currency":"kwd","amount":5120`, []string{`"amount": "5.12", "amount_minor": 5120`}},
		{"case 30: isk", "charge", `"currency":"isk","amount":500`, []string{`"amount": "5", "amount_minor": 500`}},
		{"case 30: ugx", "charge", `"currency":"ugx","amount":500`, []string{`"amount": "5", "amount_minor": 500`}},
		{"case 30: huf", "charge", `"currency":"huf","amount":500`, []string{`"amount": "5", "amount_minor": 500`}},
		{"case 30: twd", "charge", `"currency":"twd","amount":500`, []string{`"amount": "5", "amount_minor": 500`}},
		{"case 30: mga", "charge", `"currency":"mga","amount":500`, []string{`"amount": "500", "amount_minor": 500`}},

		{
			"case 31: usd to krw, minor units to minor units", "balance_transaction", `"currency":"krw","amount":396409,"fee":0,"net":396409,"available_on":1,"exchange_rate":13.2136`,
			[]string{`"amount": "396409"`, `"exchange_rate": "13.2136"`, `"exchange_rate_text": "13.2136"`},
		},
		{"case 31: no digit is lost", "balance_transaction", `"currency":"chf","amount":1,"fee":0,"net":1,"available_on":1,"exchange_rate":0.4933400000000000012`, []string{`"exchange_rate_text": "0.4933400000000000012"`}},
		{"case 31: none", "balance_transaction", `"currency":"chf","amount":1,"fee":0,"net":1,"available_on":1,"exchange_rate":null`, []string{`no "exchange_rate`}},

		{"case 32: half a cent", "price", `"currency":"usd","unit_amount":null,"unit_amount_decimal":"0.5"`, []string{`"unit_amount_decimal": "0.5"`, `no "unit_amount"`, `no "unit_amount_minor"`}},
		{"case 32: twelve places", "price", `"currency":"usd","unit_amount":null,"unit_amount_decimal":"12345678.123456789012"`, []string{`"unit_amount_decimal": "12345678.123456789012"`}},
		{"case 32: both null", "price", `"currency":"usd","billing_scheme":"tiered","unit_amount":null,"unit_amount_decimal":null`, []string{`no "unit_amount`}},
		{
			"case 33: the last tier has no end", "price", `"currency":"usd","tiers":[{"up_to":10,"unit_amount":5},{"up_to":null,"unit_amount":4}]`,
			[]string{`"tiers": [{"unit_amount":"0.05","unit_amount_minor":5,"up_to":10},{"unit_amount":"0.04","unit_amount_minor":4}]`},
		},
		{
			"case 34: a fee that comes back", "balance_transaction", `"currency":"usd","type":"refund","reporting_category":"refund","amount":-100,"fee":-33,"net":-67,"available_on":1`,
			[]string{`"fee": "-0.33", "fee_minor": -33`, `"net": "-0.67", "net_minor": -67`},
		},
		{
			"case 34: the fee of a dispute", "balance_transaction", `"currency":"usd","type":"adjustment","reporting_category":"dispute","amount":-100,"fee":1500,"net":-1600,"available_on":1`,
			[]string{`"fee_minor": 1500`, `"net_minor": -1600`, `"type": "adjustment", "reporting_category": "dispute"`},
		},
		{"case 35: none", "charge", usd + `"application_fee_amount":null`, []string{`no "application_fee_amount`}},
		{"case 35: zero", "charge", usd + `"application_fee_amount":0`, []string{`"application_fee_amount": "0", "application_fee_amount_minor": 0`}},

		{"case 38: null", "charge", usd + `"payment_method_details":null`, []string{`no "payment_method": {"`, `no "bnpl"`}},
		{"case 38: absent", "charge", usd + `"x":1`, []string{`no "payment_method": {"`, `no "bnpl"`}},
		{"case 38: unknown", "charge", usd + `"payment_method_details":{"type":"satispay","satispay":{"x":1}}`, []string{`"payment_method": {"group":"other","type":"satispay"}`, `no "bnpl"`}},
		{"case 38: newer than the API version", "charge", usd + `"payment_method_details":{"type":"alma","alma":{"installments":{"count":3}}}`, []string{`"bnpl": {"deferred":true,"installments":3,"provider":"alma"}`}},

		{
			"case 41: authorized", "charge", usd + `"captured":false,"amount_captured":0`,
			[]string{`"amount_net": "0", "amount_net_minor": 0`, `"captured": false`, `"status": "succeeded"`},
		},
		{
			"case 41: expired", "charge", usd + `"captured":false,"amount_captured":0,"refunded":true,"amount_refunded":100`,
			[]string{`"amount_net": "0", "amount_net_minor": 0`, `"amount_refunded_minor": 100`, `"captured": false`},
		},
		{"case 41: expired, before amount_captured was sent", "charge", `"currency":"usd","amount":100,"captured":false,"refunded":true,"amount_refunded":100`, []string{`"amount_net_minor": 0`, `no "amount_captured`}},
		{"case 39: refunded in part", "charge", usd + `"amount_refunded":30`, []string{`"amount_net": "0.7", "amount_net_minor": 70`}},
		{
			"case 42: what was authorized and not captured", "balance_transaction",
			`"currency":"usd","type":"refund","reporting_category":"partial_capture_reversal","amount":-40,"fee":0,"net":-40,"available_on":1`,
			[]string{`"type": "refund", "reporting_category": "partial_capture_reversal"`},
		},

		{
			"case 47: an old charge", "charge", `"currency":"usd","amount":995,"amount_refunded":0,"status":"paid","card":{"id":"card_1","last4":"1881"}`,
			[]string{`"status": "succeeded", "status_as_sent": "paid"`, `no "amount_captured`, `no "amount_net`, `"type":"card"`},
		},
		{"case 47: older still", "charge", `"currency":"usd","amount":995,"paid":true`, []string{`"status": "succeeded"`, `no "status_as_sent`, `no "amount_refunded`}},

		{
			"case 48: the items' period", "subscription", `"status":"active","items":{"data":[{"id":"si_1","created":1,"current_period_start":86400,"current_period_end":172800}]}`,
			[]string{`"current_period_start": "1970-01-02T00:00:00", "current_period_end": "1970-01-03T00:00:00"`},
		},
		{
			"case 48: its own period", "subscription", `"status":"active","current_period_start":1,"current_period_end":2,"items":{"data":[{"id":"si_1","created":1}]}`,
			[]string{`"current_period_start": "1970-01-01T00:00:01", "current_period_end": "1970-01-01T00:00:02"`},
		},

		{
			"case 49: an object", "subscription", `"discount":{"id":"di_1","coupon":{"id":"c1","percent_off":12.5}}`,
			[]string{`"discount": {"coupon_id":"c1","id":"di_1","percent_off":"12.5"}`, `no "discount_ids"`},
		},
		{"case 49: ids", "subscription", `"discount":null,"discounts":["di_1","di_2"]`, []string{`"discount": {"id":"di_1"}`, `"discount_ids": ["di_1","di_2"]`}},
		{"case 49: objects", "subscription", `"discounts":[{"id":"di_1","source":{"coupon":"c1"}}]`, []string{`"discount": {"id":"di_1"}`, `"discount_ids": ["di_1"]`}},
		{"case 49: none", "subscription", `"discount":null,"discounts":[]`, []string{`no "discount":`, `"discount_ids": []`}},
		{"case 49: the coupon in its source", "customer", `"discount":{"id":"di_1","source":{"type":"coupon","coupon":"c1"}}`, []string{`"discount": {"coupon_id":"c1","id":"di_1"}`}},

		{"case 52: 1970 and 2100", "subscription", `"created":0,"cancel_at":4102444800`, []string{`"created": "1970-01-01T00:00:00"`, `"cancel_at": "2100-01-01T00:00:00"`}},

		{
			"case 58: paid in another currency", "charge", usd + `"presentment_details":{"presentment_amount":92,"presentment_currency":"eur"}`,
			[]string{`"currency": "USD", "amount": "1", "amount_minor": 100`, `"presentment": {"amount":"0.92","amount_minor":92,"currency":"EUR"}`},
		},
		{"case 58: of another exponent", "charge", usd + `"presentment_details":{"presentment_amount":150,"presentment_currency":"jpy"}`, []string{`"presentment": {"amount":"150","amount_minor":150,"currency":"JPY"}`}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			raw := fmt.Sprintf(`{"id":"x_1","object":%q,"created":1,%s}`, tc.object, tc.members)
			b := mappings.Mapper(tc.object).Map([]Object{objectOf([]byte(raw))})[0]
			defer b.Rows.Release()
			if len(b.Rejects) > 0 || b.Rows.NumRows() != 1 {
				t.Fatalf("%s: %d rows, %+v", raw, b.Rows.NumRows(), b.Rejects)
			}
			row := rows(t, b)[0]
			for _, want := range tc.want {
				if absent, not := strings.CutPrefix(want, "no "); strings.Contains(row, absent) == not {
					t.Errorf("want %s in\n%s", want, row)
				}
			}
		})
	}
}

// TestCase38ProvidersAreALookup holds that a method becomes buy now, pay later by
// a line in the lookup.
func TestCase38ProvidersAreALookup(t *testing.T) {
	t.Parallel()
	shipped, err := schemas.Load(schemas.Embedded())
	if err != nil {
		t.Fatal(err)
	}
	files := shipped.Files()
	files["lookups/bnpl_provider.yaml"] += "  satispay: satispay_later\n"
	set, err := schemas.LoadFiles(files)
	if err != nil {
		t.Fatal(err)
	}
	b := mapOne(t, set, "charge", `{"id":"ch_1","created":1,"currency":"usd","payment_method_details":{"type":"satispay"}}`)
	if row := rows(t, b)[0]; !strings.Contains(row, `"bnpl": {"deferred":true,"provider":"satispay_later"}`) {
		t.Error(row)
	}
}
