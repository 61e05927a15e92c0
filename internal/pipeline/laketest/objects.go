package laketest

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Noon is when recorded objects are read, unless a test says otherwise.
var Noon = time.Date(2025, 6, 1, 12, 0, 0, 0, time.UTC)

// Sent is an object as Stripe sends it. Of members that come twice the last holds.
func Sent(kind, id string, created time.Time, members ...string) string {
	head := fmt.Sprintf(`"id":%q,"object":%q,"created":%d,"livemode":false`, id, kind, created.Unix())
	object := map[string]json.RawMessage{}
	text := "{" + strings.Join(append([]string{head}, members...), ",") + "}"
	if err := json.Unmarshal([]byte(text), &object); err != nil {
		return text // what is wrong with it shows where it is served
	}
	whole, _ := json.Marshal(object)
	return string(whole)
}

// Paid is a charge of 1 USD, but for what members say.
func Paid(id string, created time.Time, members ...string) string {
	usual := `"amount":100,"amount_captured":100,"amount_refunded":0,"currency":"usd","captured":true,"status":"succeeded"`
	return Sent("charge", id, created, append([]string{usual}, members...)...)
}

// Event is an event that tells of an object.
func Event(id, kind string, at time.Time, object string) string {
	return fmt.Sprintf(`{"id":%q,"object":"event","created":%d,"livemode":false,"type":%q,"data":{"object":%s}}`, id, at.Unix(), kind, object)
}

// Purchase is a charge that is refunded and disputed, with what Stripe tells of it.
// The description of each object says who bought.
func Purchase(id, customer string, at time.Time) []string {
	who := strings.ReplaceAll(`"description":"bought by WHO","metadata":{"id":"WHO"},"instructions_email":"WHO",
		"fee_details":[{"type":"tax","currency":"usd","amount":0,"description":"for WHO"}]`, "WHO", strings.TrimPrefix(customer, "cus_")+"@example.com")
	moved := func(txn, source, kind, category string, amount int) string {
		return Sent("balance_transaction", txn, at, fmt.Sprintf(
			`"source":%q,"reporting_category":%q,"type":%q,"amount":%d,"fee":0,"net":%[4]d,"currency":"usd","status":"available","available_on":%d`,
			source, category, kind, amount, at.Unix()), who)
	}
	refund := Sent("refund", "re_"+id, at, fmt.Sprintf(
		`"charge":"ch_%s","payment_intent":"pi_%s","balance_transaction":"txn_re_%s","amount":50,"currency":"usd","status":"succeeded"`, id, id, id), who)
	dispute := Sent("dispute", "du_"+id, at, fmt.Sprintf(`"charge":"ch_%s","amount":10,"evidence":{"customer_email_address":"%s@example.com"}`, id, strings.TrimPrefix(customer, "cus_")))
	return []string{
		Paid("ch_"+id, at, fmt.Sprintf(`"customer":%q,"payment_intent":"pi_%s","balance_transaction":"txn_ch_%s","dispute":"du_%s","amount_refunded":50`, customer, id, id, id), who),
		refund,
		// Of a payment, and of no charge.
		Sent("refund", "re_pi_"+id, at, fmt.Sprintf(`"charge":null,"payment_intent":"pi_%s","amount":0,"currency":"usd","status":"failed"`, id), who),
		moved("txn_ch_"+id, "ch_"+id, "charge", "charge", 100), moved("txn_re_"+id, "re_"+id, "refund", "refund", -50),
		moved("txn_du_"+id, "du_"+id, "adjustment", "dispute", -10),
		Event("evt_re_"+id, "refund.created", at, refund), Event("evt_du_"+id, "charge.dispute.created", at, dispute),
	}
}

// Sorted sorts ids.
func Sorted(of []string) []string {
	slices.Sort(of)
	return of
}
