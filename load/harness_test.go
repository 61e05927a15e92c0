package load

import (
	"encoding/json"
	"fmt"
	"iter"
	maps0 "maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stripelake/stripelake/load/internal/duck"
	"github.com/stripelake/stripelake/load/loadtest"
	"github.com/stripelake/stripelake/schemas"
)

const acct = "acct_1"

func field(name string, kind schemas.Kind) *schemas.Field {
	return &schemas.Field{Name: name, Type: schemas.Type{Kind: kind}, Title: strings.ToUpper(name[:1]) + name[1:]}
}

func list(elem schemas.Type) schemas.Type { return schemas.Type{Kind: schemas.List, Elem: &elem} }

// chargeSchema has a column of every type.
func chargeSchema() *schemas.Schema {
	text := schemas.Type{Kind: schemas.String}
	address := schemas.Type{Kind: schemas.Object, Fields: []*schemas.Field{
		{Name: "city", Type: text, Title: "City", Label: "pii"},
		{Name: "geo", Title: "Geo", Type: schemas.Type{Kind: schemas.Object, Fields: []*schemas.Field{
			field("lat", schemas.Number), field("at", schemas.DateTime),
		}}},
		{Name: "tags", Title: "Tags", Type: list(text)},
		{Name: "limit", Title: "Limit", Type: schemas.Type{Kind: schemas.Money}, Unit: "currency", Minor: true},
	}}
	line := schemas.Type{Kind: schemas.Object, Fields: []*schemas.Field{
		field("sku", schemas.String), field("price", schemas.Money), field("exact", schemas.Decimal),
		{Name: "at", Title: "At", Type: list(schemas.Type{Kind: schemas.Integer})},
	}}
	return &schemas.Schema{
		Name: "stripe.charge", Version: "1.0.0", Title: "Stripe charge", Description: "One attempt to move money.",
		Table: "charges", PrimaryKey: []string{"id"}, VersionBy: "$seq", Timestamp: "created", History: true,
		Fields: []*schemas.Field{
			{Name: "id", Type: text, Title: "Charge ID", Required: true},
			{Name: "created", Type: schemas.Type{Kind: schemas.DateTime}, Title: "Created", Description: "When it was created (UTC).", Required: true},
			{Name: "status", Type: text, Title: "Status", Enum: []schemas.EnumValue{{Value: "paid"}, {Value: "failed"}}},
			{Name: "amount", Type: schemas.Type{Kind: schemas.Money}, Title: "Amount", Unit: "currency", Minor: true},
			{Name: "customer_id", Type: text, Title: "Customer", Ref: "stripe.customer"},
			{Name: "address", Type: address, Title: "Address"},
			{Name: "metadata", Type: schemas.Type{Kind: schemas.Map, Elem: &text}, Title: "Metadata"},
			{Name: "lines", Type: list(line), Title: "Lines"},
			{Name: "raw", Type: schemas.Type{Kind: schemas.JSON}, Title: "Raw"},
			field("exact", schemas.Decimal), field("ratio", schemas.Number), field("small", schemas.Short),
			field("n", schemas.Integer), field("day", schemas.Date), field("flag", schemas.Boolean),
			field("synced_at", schemas.DateTime),
		},
	}
}

// itemSchema is a child table: several rows for each object, with its own partitions.
func itemSchema() *schemas.Schema {
	return &schemas.Schema{
		Name: "stripe.item", Version: "1.0.0", Title: "Item", Table: "items", PrimaryKey: []string{"id"},
		Timestamp: "created", Partition: "year", History: true,
		Fields: []*schemas.Field{
			{Name: "id", Type: schemas.Type{Kind: schemas.String}, Title: "Item ID", Required: true},
			{Name: "created", Type: schemas.Type{Kind: schemas.DateTime}, Title: "Created", Required: true},
			field("quantity", schemas.Long), field("synced_at", schemas.DateTime),
		},
	}
}

func testTables() []Table {
	return []Table{
		{Schema: chargeSchema(), Streams: []string{"charge"}, Main: "charge", KeyIsID: true},
		{Schema: itemSchema(), Streams: []string{"charge"}},
	}
}

// version is one version of one charge, in a form that is short in tests.
type version struct {
	ID      string
	Day     string         // of created: "2024-01-05"
	Row     map[string]any // further columns of charges
	Items   []string       // ids of its items
	Reject  string         // if not empty, the charge is rejected for this reason
	Deleted bool
	Partial []string // incomplete lists
	Seen    int      // hours after the first version
}

func (v version) created() time.Time {
	t, err := time.Parse(time.DateOnly, v.Day)
	if err != nil {
		panic(err)
	}
	return t
}

func (v version) seen() time.Time { return time.Date(2025, 1, 1, v.Seen, 0, 0, 0, time.UTC) }

func (v version) raw() Raw {
	object, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return Raw{
		ID: v.ID, Created: v.created(), ObservedAt: v.seen(),
		Origin: "list", APIVersion: "2023-10-16", RequestID: "req_1", Deleted: v.Deleted, Object: object,
	}
}

// mapped is the test's mapping: it turns raw versions into batches as the pipeline
// would.
func mapped(tables []Table, segment uint64, objects []Raw) (Batch, error) {
	var b Batch
	var charges, items []map[string]any
	var rejects []Reject
	for i := range objects {
		var v version
		if err := json.Unmarshal(objects[i].Object, &v); err != nil {
			return b, err
		}
		b.Objects = append(b.Objects, VersionOf(&objects[i], segment, v.Partial...))
		if v.Deleted {
			continue
		}
		system := map[string]any{
			"account": acct, "deleted": false, "_source_id": v.ID, "_seq": objects[i].Seq,
			"created": v.created().Format(time.DateTime), "synced_at": v.seen().Format(time.DateTime),
		}
		if v.Reject != "" {
			rejects = append(rejects, Reject{ID: v.ID, Seq: objects[i].Seq, Segment: segment, Table: "charges", Rule: "required", Reason: v.Reject})
		} else {
			charges = append(charges, merged(system, map[string]any{"id": v.ID}, v.Row))
		}
		for _, item := range v.Items {
			items = append(items, merged(system, map[string]any{"id": item, "quantity": len(item)}))
		}
	}
	for i, rows := range [][]map[string]any{charges, items} {
		batch, err := loadtest.Records(tables[i].Schema, rows)
		if err != nil {
			return b, err
		}
		b.Tables = append(b.Tables, TableRows{Schema: tables[i].Schema, Rows: batch})
	}
	b.Tables[0].Rejects = rejects
	return b, nil
}

func merged(maps ...map[string]any) map[string]any {
	all := map[string]any{}
	for _, m := range maps {
		maps0.Copy(all, m)
	}
	return all
}

// testLake is a lake under test with open log and state.
type testLake struct {
	t testing.TB
	*Lake
	log   *Log
	state *State
}

func newLake(t testing.TB, change ...func(*Options)) *testLake {
	t.Helper()
	return openLake(t, t.TempDir(), change...)
}

func openLake(t testing.TB, dir string, change ...func(*Options)) *testLake {
	t.Helper()
	opts := Options{Mode: "test", Tables: testTables(), Fingerprint: "1", StateWait: -1}
	for _, c := range change {
		c(&opts)
	}
	l, err := Open(dir, opts)
	if err != nil {
		t.Fatal(err)
	}
	k := &testLake{t: t, Lake: l}
	if k.log, err = l.OpenLog(t.Context(), acct); err != nil {
		t.Fatal(err)
	}
	if k.state, err = l.OpenState(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(k.close)
	return k
}

func (k *testLake) close() {
	if k.state != nil {
		if err := k.state.Close(); err != nil {
			k.t.Error(err)
		}
	}
	if k.log != nil {
		if err := k.log.Close(); err != nil {
			k.t.Error(err)
		}
	}
	k.state, k.log = nil, nil
}

// reopen closes the lake and opens it again, as the next run does.
func (k *testLake) reopen(change ...func(*Options)) *testLake {
	k.t.Helper()
	k.close()
	return openLake(k.t, k.dir, change...)
}

// append writes one segment of charges.
func (k *testLake) append(versions ...version) Position {
	k.t.Helper()
	var objects []Raw
	for _, v := range versions {
		objects = append(objects, v.raw())
	}
	p, err := k.log.Append(k.t.Context(), "charge", objects, fmt.Sprint("after ", versions[len(versions)-1].ID))
	if err != nil {
		k.t.Fatal(err)
	}
	return p
}

// apply applies segments (after, upTo], in transactions of whole segments.
func (k *testLake) apply(after, upTo uint64) Applied {
	k.t.Helper()
	applied, err := k.state.Apply(k.t.Context(), Position{Account: acct, Stream: "charge", Segment: upTo}, k.batches(after, upTo))
	if err != nil {
		k.t.Fatal(err)
	}
	return applied
}

func (k *testLake) batches(after, upTo uint64) iter.Seq2[Batch, error] {
	return func(yield func(Batch, error) bool) {
		for b, err := range k.log.Read(k.t.Context(), "charge", after) {
			if err == nil && b.Segment > upTo {
				return
			}
			var batch Batch
			if err == nil {
				batch, err = mapped(k.opts.Tables, b.Segment, b.Objects)
			}
			if !yield(batch, err) || err != nil {
				return
			}
		}
	}
}

// sync appends versions and applies them.
func (k *testLake) sync(versions ...version) {
	k.t.Helper()
	p := k.append(versions...)
	k.apply(p.Segment-1, p.Segment)
}

func (k *testLake) publish() Generation {
	k.t.Helper()
	g, err := k.state.Publish(k.t.Context())
	if err != nil {
		k.t.Fatal(err)
	}
	return g
}

// rows runs a query on the state and returns one text for each row.
func (k *testLake) rows(query string, args ...any) []string {
	k.t.Helper()
	return queryRows(k.t, k.state.db.Session, query, args...)
}

func queryRows(t testing.TB, q duck.Session, query string, args ...any) []string {
	t.Helper()
	lines := []string{}
	var line string
	err := q.Each(t.Context(), []any{&line}, func() error {
		lines = append(lines, line)
		return nil
	}, query, args...)
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(lines)
	return lines
}

// chargeRows is the usual query of the charges table.
const chargeRows = `SELECT concat_ws(' ', id, status, _seq, CASE WHEN deleted THEN 'deleted' END) FROM charges`

const itemRows = `SELECT concat_ws(' ', _source_id, id, CASE WHEN deleted THEN 'deleted' END) FROM items`

const rejectRows = `SELECT concat_ws(' ', id, seq, "table", rule, reason) FROM meta.rejects`

func charge(id, status string, items ...string) version {
	return version{ID: id, Day: "2024-01-05", Row: map[string]any{"status": status}, Items: items}
}

func tombstone(id string) version { return version{ID: id, Day: "2024-01-05", Deleted: true} }
