package stripesim

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// A recording is one recorded object in its current version.
type recording struct {
	raw     []byte
	id      string // "" if it has none
	created int64  // noCreated if it has none, or is only a stub
}

// FromFiles serves recorded objects from the files charge.jsonl,
// subscription.jsonl, refund.jsonl, balance_transaction.jsonl, customer.jsonl,
// price.jsonl and event.jsonl in dir, and from those of the further lists, such
// as dispute.jsonl and checkout_session.jsonl. It ignores other files; a missing
// file is an empty list. A line is an object, served byte for byte; a later line
// replaces an earlier one of the same id.
//
// Objects without created, and stubs of deleted ones, are listed last. They are
// inside created[lt] and created[lte], never inside created[gt] and
// created[gte], so that a client that walks back in time gets them once, in its
// last window. An object without an id is listed too, but cannot be a cursor.
//
// Of cfg only Seed, Keys, Forbid, the clock, the limits and the faults are
// used. There are no events but recorded ones, no connected accounts and no
// mutations. The error names the file and the line that is no JSON object.
func FromFiles(dir string, cfg Config) (*Server, error) {
	cfg = cfg.withDefaults()
	if err := cfg.check(); err != nil {
		return nil, fmt.Errorf("simulate stripe from files: %w", err)
	}
	s := newServer(cfg, newClock(cfg))
	found := 0
	for _, name := range slices.Concat(resourceNames, furtherNames) {
		object := strings.ReplaceAll(strings.TrimSuffix(name, "s"), "/", ".")
		recs, err := readRecordings(filepath.Join(dir, strings.ReplaceAll(object, ".", "_")+".jsonl"))
		switch {
		case err == nil:
			found++
		case !errors.Is(err, fs.ErrNotExist):
			return nil, fmt.Errorf("simulate stripe from files: %w", err)
		}
		s.resources = append(s.resources, recordedResource(name, object, recs))
	}
	events, err := readRecordings(filepath.Join(dir, "event.jsonl"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("simulate stripe from files: %w", err)
	}
	s.resources = append(s.resources, recordedResource("events", "event", events))
	if found == 0 {
		return nil, fmt.Errorf("simulate stripe from files: %s holds none of charge.jsonl, customer.jsonl and so on", dir)
	}
	shell := &business{ids: s.ids, tl: timeline{from: cfg.From.Unix()}}
	s.renderAccount = shell.renderAccount
	return s, nil
}

// readRecordings reads the current versions, oldest first.
func readRecordings(path string) ([]recording, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var recs []recording
	place := map[string]int{}
	for i, line := range bytes.Split(data, []byte("\n")) {
		line = bytes.TrimSpace(line)
		if len(line) == 0 {
			continue
		}
		rec, err := readRecording(line)
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w", path, i+1, err)
		}
		if n, ok := place[rec.id]; ok && rec.id != "" {
			recs[n] = rec
			continue
		}
		place[rec.id] = len(recs)
		recs = append(recs, rec)
	}
	// Stable, so that ties keep the order of the file.
	slices.SortStableFunc(recs, func(a, b recording) int { return cmp.Compare(a.created, b.created) })
	return recs, nil
}

func readRecording(line []byte) (recording, error) {
	var head map[string]json.RawMessage
	if err := json.Unmarshal(line, &head); err != nil {
		return recording{}, fmt.Errorf("read a JSON object: %w", err)
	}
	if head == nil {
		return recording{}, errors.New("read a JSON object: null")
	}
	rec := recording{raw: line, created: noCreated}
	_ = json.Unmarshal(head["id"], &rec.id) // an id that is not a string counts as none
	var created int64
	if err := json.Unmarshal(head["created"], &created); err == nil && string(head["created"]) != "null" && string(head["deleted"]) != "true" {
		rec.created = created
	}
	return rec, nil
}

// expandsOf are the members that a request may expand. A recorded object shows
// what it shows.
var expandsOf = map[string][]string{
	"charges": {"refunds"}, "prices": {"tiers", "currency_options"},
	"customers": {"discount.coupon.applies_to"}, "subscriptions": {"discount.coupon.applies_to"},
	"disputes": {"charge", "payment_intent"}, "payouts": {"balance_transaction", "failure_balance_transaction"},
	"products": {"default_price"}, "coupons": {"applies_to", "currency_options"}, "promotion_codes": {"customer"},
	"invoices":          {"charge", "customer", "payments", "confirmation_secret", "subscription"},
	"payment_intents":   {"amount_details.line_items", "customer", "latest_charge"},
	"checkout/sessions": {"customer", "line_items"}, "setup_intents": {"customer"},
	"transfers": {"balance_transaction", "source_transaction"}, "application_fees": {"balance_transaction"}, "credit_notes": {"customer"},
}

func recordedResource(name, object string, recs []recording) resource {
	place := map[string]int{}
	for n := range recs {
		if recs[n].id != "" {
			place[recs[n].id] = n
		}
	}
	return resource{
		name: name, object: object, count: len(recs), params: paramsOf(name), expands: expandsOf[name],
		created:  func(n int) int64 { return recs[n].created },
		render:   func(w *writer, n int) { w.buf = append(w.buf, recs[n].raw...) },
		appendID: func(b []byte, n int) []byte { return append(b, recs[n].id...) },
		find:     func(id string) (int, bool) { n, ok := place[id]; return n, ok },
		match: func(p, value string, _ int64) (matcher, bool) {
			return func(n int) bool { return recs[n].matches(p, value) }, true
		},
		matchAny: func(types []string) matcher {
			return func(n int) bool {
				return slices.ContainsFunc(types, func(t string) bool { return recs[n].matches("type", t) })
			}
		},
	}
}

// matches filters a recording by its JSON. A recorded reference may be expanded
// to an object. The object that a filter names may be missing, so no filter is
// refused.
func (rec *recording) matches(p, value string) bool {
	var o struct {
		Status    string
		Items     struct{ Data []struct{ Price reference } }
		Recurring map[string]any
	}
	var fields map[string]any
	_ = json.Unmarshal(rec.raw, &fields)
	_ = json.Unmarshal(rec.raw, &o) // old versions have other shapes; the members that fit are filled in
	switch p {
	case "status":
		return listable(value, o.Status)
	case "price":
		return slices.ContainsFunc(o.Items.Data, func(it struct{ Price reference }) bool { return string(it.Price) == value })
	case "active":
		return fields["active"] == (value == "true")
	case "recurring[interval]":
		return o.Recurring["interval"] == value
	case "recurring[usage_type]":
		return o.Recurring["usage_type"] == value
	}
	return idOf(fields[p]) == value
}

// A reference is an id, or the id of an expanded object.
type reference string

// UnmarshalJSON never fails: any other JSON value has no id.
func (r *reference) UnmarshalJSON(data []byte) error {
	var v any
	_ = json.Unmarshal(data, &v)
	*r = reference(idOf(v))
	return nil
}

func idOf(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case map[string]any:
		id, _ := v["id"].(string)
		return id
	}
	return ""
}
