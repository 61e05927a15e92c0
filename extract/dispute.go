package extract

import (
	"bytes"

	"github.com/go-json-experiment/json"
)

// Disputed returns a dispute that an object of a stream names and the charge
// that it is about; empty where it names none.
//
// Stripe: a charge names the newest of its disputes only, and no list that is
// read has the others: former states of the charge and events do. Which charge
// a dispute is about never changes, so this may be taken from an event, although
// an event is else only a hint at what to read again.
func Disputed(stream string, raw []byte) (dispute, charge string) {
	type subject struct {
		ID      Reference `json:"id"`
		Object  string    `json:"object"`
		Charge  Reference `json:"charge"`
		Dispute Reference `json:"dispute"`
	}
	if !mayDispute(raw) {
		return "", ""
	}
	var o struct {
		subject
		Data struct {
			Object subject `json:"object"`
		} `json:"data"` // of an event
	}
	if json.Unmarshal(raw, &o, anyText) != nil {
		return "", ""
	}
	of := o.subject
	if stream == "events" {
		of = o.Data.Object
	}
	switch of.Object {
	case "charge":
		dispute, charge = string(of.Dispute), string(of.ID)
	case "dispute":
		dispute, charge = string(of.ID), string(of.Charge)
	}
	if dispute == "" || charge == "" {
		return "", ""
	}
	return dispute, charge
}

// mayDispute spares most objects the parsing: a charge without a dispute says
// that it is null.
func mayDispute(raw []byte) bool {
	for {
		_, rest, found := bytes.Cut(raw, []byte(`"dispute"`))
		if !found {
			return false
		}
		value, isKey := bytes.CutPrefix(bytes.TrimLeft(rest, " \t\r\n"), []byte(":"))
		if !isKey || !bytes.HasPrefix(bytes.TrimLeft(value, " \t\r\n"), []byte("null")) {
			return true
		}
		raw = rest
	}
}
