package pipeline_test

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/stripelake/stripelake/extract"
	"github.com/stripelake/stripelake/internal/pipeline"
	"github.com/stripelake/stripelake/internal/stripesim"
	"github.com/stripelake/stripelake/load"
)

// person is a customer whose data carry marks, in a simulated business.
type person struct {
	id            string
	marks         []string // every text by which the person could be known, their ids included
	with, without string   // where the business is served, with the person and without
	listed        int      // objects of theirs that Stripe lists
	theirs        map[string][]string
	others        map[string][]string // objects by stream
}

var personStreams = []string{"customers", "charges", "refunds", "balance_transactions", "subscriptions"}

// newPerson takes a simulated business, picks a customer with a refund and a
// subscription, and marks all that is theirs. What is theirs is found by text:
// an object that holds an id of theirs is theirs. The program follows named
// references instead, so that one can find the other's mistakes.
func newPerson(t *testing.T) *person {
	t.Helper()
	from := time.Date(2025, 3, 1, 0, 0, 0, 0, time.UTC)
	server, err := stripesim.New(stripesim.Config{Seed: 5, Charges: 120, From: from, To: from.AddDate(0, 0, 14)})
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "lake")
	if err := run(newSync(dir, serve(t, server), nil)); err != nil {
		t.Fatal(err)
	}
	all := rawObjects(t, dir)
	p := &person{id: pick(t, warehouse(t, dir)), theirs: map[string][]string{}, others: map[string][]string{}}
	p.marks = []string{p.id}
	for _, stream := range personStreams {
		for _, object := range all[stream] {
			if !slices.ContainsFunc(p.marks, func(id string) bool { return strings.Contains(object, `"`+id+`"`) }) {
				p.others[stream] = append(p.others[stream], object)
				continue
			}
			p.theirs[stream] = append(p.theirs[stream], p.mark(t, object, stream))
			p.listed++
		}
	}
	p.others["prices"] = all["prices"]
	p.with = p.serve(t, p.theirs)
	p.without = p.serve(t, nil)
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
func (p *person) mark(t *testing.T, object, stream string) string {
	t.Helper()
	fields := decoded(t, object)
	n := len(p.marks)
	text := func(field string) string {
		mark := fmt.Sprintf("MARK%d%s%s", n, stream, field)
		p.marks = append(p.marks, mark)
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
	p.marks = append(p.marks, fields["id"].(string))
	return encoded(t, fields)
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

// serve serves the others' objects and some of the person's.
func (p *person) serve(t *testing.T, theirs map[string][]string) string {
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
	return serve(t, server)
}

// later serves the business with one more charge of the person, refunded.
func (p *person) later(t *testing.T) string {
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

// build syncs a lake in small segments, whose cursors stand in the middle of a
// window, then adds a second version of some charges and a stream of events.
func (p *person) build(t *testing.T, dir, api string) {
	t.Helper()
	if err := run(newSync(dir, api, func(o *load.Options) { o.SegmentObjects = 20 })); err != nil {
		t.Fatal(err)
	}
	s := newSync(dir, api, nil)
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
	if api == p.with {
		charges = append(charges, version(p.theirs["charges"][0], "MARKsecond"))
		events = append(events, event("evt_theirs", p.theirs["customers"][0]), event("evt_charge", p.theirs["charges"][0]))
		p.marks = append(p.marks, "MARKsecond", "evt_theirs", "evt_charge")
	}
	add("charges", charges...)
	add("events", events...)
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	if err := run(newSync(dir, api, nil)); err != nil {
		t.Fatal(err)
	}
}

var ignoreSegments = cmpopts.IgnoreFields(load.Erased{}, "Account", "Segments")

// counts is what a receipt must say was erased.
func (p *person) counts() []load.Erased {
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

// relisted syncs a lake from the beginning of every list.
func relisted(t *testing.T, dir, api string, resources ...string) pipeline.Summary {
	t.Helper()
	relist(t, dir)
	s := newSync(dir, api, func(o *load.Options) { o.SegmentObjects = 20 })
	s.Resources = resources
	summary, err := s.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return summary
}

// relist makes the next sync read every list from its beginning.
func relist(t *testing.T, dir string) {
	t.Helper()
	s := newSync(dir, "http://127.0.0.1:1", nil)
	accounts, err := s.Lake.Accounts()
	if err != nil {
		t.Fatal(err)
	}
	log, err := s.Lake.OpenLog(t.Context(), accounts[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	for _, resource := range extract.Resources() {
		if err := log.MoveCursor(resource.Name, ""); err != nil {
			t.Fatal(err)
		}
	}
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
}

// rawObjects reads a lake's log, by stream, each object on a line.
func rawObjects(t *testing.T, dir string) map[string][]string {
	t.Helper()
	s := newSync(dir, "http://127.0.0.1:1", nil)
	accounts, err := s.Lake.Accounts()
	if err != nil {
		t.Fatal(err)
	}
	all := map[string][]string{}
	for _, resource := range append(extract.Resources(), extract.Events()) {
		for batch, err := range s.Lake.Read(t.Context(), accounts[0].ID, resource.Name, 0) {
			if err != nil {
				t.Fatal(err)
			}
			for _, o := range batch.Objects {
				var line bytes.Buffer
				if err := json.Compact(&line, o.Object); err != nil {
					t.Fatal(err)
				}
				all[resource.Name] = append(all[resource.Name], line.String())
			}
		}
	}
	return all
}

// look searches every file of a lake for marks: its bytes as they are and, where
// they are compressed, what a reader makes of them. The findings are by kind of
// file.
func look(t *testing.T, dir string, marks []string) map[string]map[string]bool {
	t.Helper()
	return lookBelow(t, dir, dir, marks)
}

// lookBelow is look into another folder, whose files the lake's warehouse reads.
func lookBelow(t *testing.T, dir, below string, marks []string) map[string]map[string]bool {
	t.Helper()
	found := map[string]map[string]bool{}
	search := func(kind string, text []byte) {
		for _, mark := range marks {
			if bytes.Contains(text, []byte(mark)) {
				if found[kind] == nil {
					found[kind] = map[string]bool{}
				}
				found[kind][mark] = true
			}
		}
	}
	files := 0
	err := filepath.WalkDir(below, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		files++
		kind := kindOf(dir, path)
		data, err := os.ReadFile(path)
		search(kind, data)
		search(kind, []byte(path))
		if text := contents(t, dir, path); text != nil {
			search(kind, text)
		}
		return err
	})
	if err != nil || files == 0 {
		t.Fatalf("%d files, %v", files, err)
	}
	return found
}

func kindOf(dir, path string) string {
	name, _ := strings.CutPrefix(path, dir+string(filepath.Separator))
	switch {
	case strings.HasPrefix(name, "raw") && filepath.Ext(name) == ".parquet":
		return "segment"
	case filepath.Ext(name) == ".parquet":
		return "partition"
	case filepath.Base(name) == "warehouse.duckdb":
		return "warehouse"
	case filepath.Base(name) == "work.duckdb":
		return "state"
	default:
		return "other"
	}
}

// contents reads every row of a Parquet or DuckDB file as text.
func contents(t *testing.T, dir, path string) []byte {
	t.Helper()
	quoted := "'" + strings.ReplaceAll(path, "'", "''") + "'"
	switch filepath.Ext(path) {
	case ".parquet":
		return rowsOf(t, warehouse(t, dir), "read_parquet("+quoted+", hive_partitioning = false)")
	case ".duckdb":
		db, err := load.OpenWarehouse(path)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = db.Close() }()
		var text []byte
		for _, table := range tablesOf(t.Context(), t, db) {
			text = append(text, rowsOf(t, db, table)...)
		}
		return text
	}
	return nil
}

func rowsOf(t *testing.T, db *sql.DB, from string) []byte {
	t.Helper()
	return bytes.Join(texts(t.Context(), t, db, "SELECT CAST(r AS VARCHAR) FROM "+from+" r"), []byte("\n"))
}

func tablesOf(ctx context.Context, t *testing.T, db *sql.DB) []string {
	t.Helper()
	var names []string
	for _, name := range texts(ctx, t, db, `SELECT format('"{}"."{}"', schema_name, table_name) FROM duckdb_tables() WHERE database_name = 'warehouse'`) {
		names = append(names, string(name))
	}
	return names
}

func texts(ctx context.Context, t *testing.T, db *sql.DB, query string) [][]byte {
	t.Helper()
	rows, err := db.QueryContext(ctx, query)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	var all [][]byte
	for rows.Next() {
		var text []byte
		if err := rows.Scan(&text); err != nil {
			t.Fatal(err)
		}
		all = append(all, bytes.Clone(text))
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}
