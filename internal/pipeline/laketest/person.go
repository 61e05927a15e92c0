package laketest

import (
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stripelake/stripelake/internal/stripesim"
	"github.com/stripelake/stripelake/load"
)

// Person is a customer whose data carry marks, in a simulated business.
type Person struct {
	ID              string
	Marks           []string // every text by which the person could be known, their ids included
	URL, URLWithout string   // where the business is served, with the person and without
	Listed          int      // objects of theirs that Stripe lists
	theirs          map[string][]string
	others          map[string][]string // objects by stream
}

var personStreams = []string{"customers", "charges", "refunds", "balance_transactions", "subscriptions"}

// NewPerson takes a simulated business, picks a customer with a refund and a
// subscription, and marks all that is theirs. What is theirs is found by text:
// an object that holds an id of theirs is theirs. The program follows named
// references instead, so that one can find the other's mistakes.
func NewPerson(t *testing.T) *Person {
	t.Helper()
	from := time.Date(2025, 3, 1, 0, 0, 0, 0, time.UTC)
	server, err := stripesim.New(stripesim.Config{Seed: 5, Charges: 120, From: from, To: from.AddDate(0, 0, 14)})
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "lake")
	if err := Run(NewSync(dir, Serve(t, server), nil)); err != nil {
		t.Fatal(err)
	}
	all := RawObjects(t, dir)
	p := &Person{ID: pick(t, Warehouse(t, dir)), theirs: map[string][]string{}, others: map[string][]string{}}
	p.Marks = []string{p.ID}
	for _, stream := range personStreams {
		for _, object := range all[stream] {
			if !slices.ContainsFunc(p.Marks, func(id string) bool { return strings.Contains(object, `"`+id+`"`) }) {
				p.others[stream] = append(p.others[stream], object)
				continue
			}
			p.theirs[stream] = append(p.theirs[stream], p.mark(t, object, stream))
			p.Listed++
		}
	}
	p.others["prices"] = all["prices"]
	p.URL = p.serve(t, p.theirs)
	p.URLWithout = p.serve(t, nil)
	return p
}

func pick(t *testing.T, db *sql.DB) (id string) {
	t.Helper()
	err := db.QueryRowContext(t.Context(), `SELECT customer_id FROM charges JOIN subscriptions USING (customer_id)
		WHERE charges.id IN (SELECT charge_id FROM refunds) ORDER BY 1 LIMIT 1`).Scan(&id)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// mark writes a text of its own into each field that can say who somebody is.
func (p *Person) mark(t *testing.T, object, stream string) string {
	t.Helper()
	fields := decoded(t, object)
	n := len(p.Marks)
	text := func(field string) string {
		mark := fmt.Sprintf("MARK%d%s%s", n, stream, field)
		p.Marks = append(p.Marks, mark)
		return mark
	}
	fields["description"] = text("description")
	if stream != "balance_transactions" {
		fields["metadata"] = map[string]any{"note": text("metadata")}
	}
	if stream == "customers" {
		fields["name"], fields["email"], fields["phone"] = text("name"), text("email")+"@example.com", text("phone")
		fields["address"] = map[string]any{"line1": text("line1"), "city": text("city"), "country": "DE"}
	}
	if stream == "charges" {
		fields["receipt_email"] = text("receipt")
		fields["billing_details"] = map[string]any{"name": text("billing"), "email": nil, "phone": nil, "address": nil}
	}
	p.Marks = append(p.Marks, fields["id"].(string))
	return encoded(t, fields)
}

// serve serves the others' objects and some of the person's.
func (p *Person) serve(t *testing.T, theirs map[string][]string) string {
	t.Helper()
	dir := t.TempDir()
	for stream, objects := range p.others {
		lines := strings.Join(slices.Concat(objects, theirs[stream]), "\n")
		if err := os.WriteFile(filepath.Join(dir, strings.TrimSuffix(stream, "s")+".jsonl"), []byte(lines), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	server, err := stripesim.FromFiles(dir, stripesim.Config{})
	if err != nil {
		t.Fatal(err)
	}
	return Serve(t, server)
}

// Later serves the business with one more charge of the person, refunded.
func (p *Person) Later(t *testing.T) string {
	t.Helper()
	theirs := maps.Clone(p.theirs)
	again := func(stream string, change map[string]any) {
		fields := decoded(t, theirs[stream][0])
		maps.Copy(fields, change)
		theirs[stream] = append(slices.Clip(theirs[stream]), encoded(t, fields))
	}
	again("charges", map[string]any{"id": "ch_later", "balance_transaction": nil, "payment_intent": nil})
	again("refunds", map[string]any{"id": "re_later", "charge": "ch_later", "balance_transaction": nil, "payment_intent": nil})
	again("balance_transactions", map[string]any{"id": "txn_later", "source": "ch_later"})
	return p.serve(t, theirs)
}

// Build syncs a lake in small segments, whose cursors end in the middle of a window,
// then adds a second version of some charges and a stream of events.
func (p *Person) Build(t *testing.T, dir, api string) {
	t.Helper()
	if err := Run(NewSync(dir, api, func(o *load.Options) { o.SegmentObjects = 20 })); err != nil {
		t.Fatal(err)
	}
	s := NewSync(dir, api, nil)
	accounts, err := s.Lake.Accounts()
	if err != nil {
		t.Fatal(err)
	}
	log, err := s.Lake.OpenLog(t.Context(), accounts[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	add := func(stream string, objects ...load.Raw) {
		cursor, err := log.Cursor(stream)
		if err == nil {
			_, err = log.Append(t.Context(), stream, objects, cursor)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	version := func(object, note string) load.Raw {
		fields := decoded(t, object)
		fields["description"] = note
		return load.Raw{ID: fields["id"].(string), Created: time.Unix(1740800000, 0).UTC(), ObservedAt: time.Now().UTC(), Origin: "retrieve", Object: []byte(encoded(t, fields))}
	}
	event := func(id, object string) load.Raw {
		return load.Raw{ID: id, Origin: "list", Object: fmt.Appendf(nil, `{"id":%q,"object":"event","type":"some.kind","created":1740800000,"data":{"object":%s}}`, id, object)}
	}
	charges := []load.Raw{version(p.others["charges"][0], "another")}
	events := []load.Raw{event("evt_other", p.others["customers"][0])}
	if api == p.URL {
		charges = append(charges, version(p.theirs["charges"][0], "MARKsecond"))
		events = append(events, event("evt_theirs", p.theirs["customers"][0]), event("evt_charge", p.theirs["charges"][0]))
		p.Marks = append(p.Marks, "MARKsecond", "evt_theirs", "evt_charge")
	}
	add("charges", charges...)
	add("events", events...)
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	if err := Run(NewSync(dir, api, nil)); err != nil {
		t.Fatal(err)
	}
}

// Counts is what a receipt must say was erased.
func (p *Person) Counts() []load.Erased {
	var counts []load.Erased
	for _, stream := range []string{"customers", "charges", "subscriptions", "refunds", "balance_transactions"} {
		n := len(p.theirs[stream])
		c := load.Erased{Stream: stream, Objects: n, Versions: n}
		if stream == "charges" {
			c.Versions++
		}
		counts = append(counts, c)
	}
	return append(counts, load.Erased{Stream: "events", Objects: 2, Versions: 2})
}

// CheckGone checks that nothing of the person is in the lake and everything else is.
func (p *Person) CheckGone(t *testing.T, dir string, want map[string]string) {
	t.Helper()
	if diff := cmp.Diff(map[string]map[string]bool{}, Look(t, dir, p.Marks)); diff != "" {
		t.Errorf("still there:\n%s", diff)
	}
	if diff := cmp.Diff(want, Digest(t, dir)); diff != "" {
		t.Errorf("the lake is not that of a business without the person (-want +got):\n%s", diff)
	}
	if _, err := os.Stat(filepath.Join(dir, "forget.json")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the record of ids to erase: %v", err)
	}
}

func decoded(t *testing.T, object string) map[string]any {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(object))
	d.UseNumber()
	fields := map[string]any{}
	if err := d.Decode(&fields); err != nil {
		t.Fatal(err)
	}
	return fields
}

func encoded(t *testing.T, fields map[string]any) string {
	t.Helper()
	text, err := json.Marshal(fields)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
