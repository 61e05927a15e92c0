package load

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stripelake/stripelake/internal/sqltext"
	"github.com/stripelake/stripelake/load/loadtest"
)

// A value of every type comes out of the state and out of Parquet as it went in.
func TestTypes(t *testing.T) {
	t.Parallel()
	k := newLake(t)
	type row = map[string]any
	for _, tc := range []struct {
		name string
		row  row
		want string // the columns of row, as DuckDB prints a struct
	}{
		{
			"nulls",
			row{"amount": nil, "address": nil, "metadata": nil, "lines": nil, "raw": nil},
			"{'address': NULL, 'amount': NULL, 'lines': NULL, 'metadata': NULL, 'raw': NULL}",
		},
		{
			"an object of nulls is an object",
			row{"address": row{}},
			"{'address': {'city': NULL, 'geo': NULL, 'tags': NULL, 'limit': NULL, 'limit_minor': NULL}}",
		},
		{
			"objects in objects",
			row{"address": row{"city": "Bern", "geo": row{"lat": -46.5, "at": "2024-02-29 12:00:00"}, "tags": []any{"a", nil, ""}, "limit": "-0.005", "limit_minor": -5}},
			"{'address': {'city': Bern, 'geo': {'lat': -46.5, 'at': '2024-02-29 12:00:00'}, 'tags': [a, NULL, ''], 'limit': -0.005, 'limit_minor': -5}}",
		},
		{
			"an inner object of nulls",
			row{"address": row{"geo": row{}}},
			"{'address': {'city': NULL, 'geo': {'lat': NULL, 'at': NULL}, 'tags': NULL, 'limit': NULL, 'limit_minor': NULL}}",
		},
		{"empty list and map", row{"lines": []any{}, "metadata": []any{}}, "{'lines': [], 'metadata': {}}"},
		{
			"null elements",
			row{"lines": []any{nil, row{}, row{"sku": "s", "price": "1.5", "exact": "0.000000000001", "at": []any{1, nil}}}},
			"{'lines': [NULL, {'sku': NULL, 'price': NULL, 'exact': NULL, 'at': NULL}, {'sku': s, 'price': 1.500, 'exact': 0.000000000001, 'at': [1, NULL]}]}",
		},
		{
			"map order and null values",
			row{"metadata": []any{row{"key": "z", "value": "1"}, row{"key": "a", "value": nil}, row{"key": "", "value": ""}}},
			"{'metadata': {z=1, a=NULL, ''=''}}",
		},
		{"a key twice: the last wins", row{"metadata": []any{row{"key": "a", "value": "1"}, row{"key": "a", "value": "2"}}}, "{'metadata': {a=2}}"},
		{
			"extremes",
			row{"amount": "999999999999999.999", "amount_minor": 9007199254740991, "exact": "-99999999999999999999999999.999999999999", "small": -32768, "n": 2147483647, "ratio": 1e300},
			"{'amount': 999999999999999.999, 'amount_minor': 9007199254740991, 'exact': -99999999999999999999999999.999999999999, 'n': 2147483647, 'ratio': 1e+300, 'small': -32768}",
		},
		{"negative money", row{"amount": "-999999999999999.999", "exact": "-0.000000000001"}, "{'amount': -999999999999999.999, 'exact': -0.000000000001}"},
		{"before 1970", row{"day": "1969-12-31", "synced_at": "1969-12-31 23:59:59.999999"}, "{'day': 1969-12-31, 'synced_at': '1969-12-31 23:59:59.999999'}"},
		{"emoji", row{"status": "👩‍💻é", "flag": true}, "{'flag': true, 'status': '👩‍💻é'}"},
		{"text that looks like NULL", row{"status": "NULL", "customer_id": ""}, "{'customer_id': '', 'status': 'NULL'}"},
		{"JSON as sent", row{"raw": `{"b": [1.10, null],"a":"x"}`}, `{'raw': '{"b": [1.10, null],"a":"x"}'}`},
		{"text that is no JSON is kept", row{"raw": `{"a":"\ud800"}`}, `{'raw': '"{\\"a\\":\\"\\\\ud800\\"}"'}`},
	} {
		k.sync(version{ID: tc.name, Day: "2024-01-05", Row: tc.row})
		got := k.rows("SELECT "+pack(tc.row)+" FROM charges WHERE id = ?", tc.name)
		want := tc.want
		if len(got) != 1 || unquoted(got[0]) != unquoted(want) {
			t.Errorf("%s:\n got %s\nwant %s", tc.name, got, want)
		}
	}
	publishAndCheck(k) // the Parquet files hold the same
}

// NUL is a character like any other; DuckDB only cannot print it in a struct.
func TestNulAndBrokenText(t *testing.T) {
	t.Parallel()
	k := newLake(t)
	k.sync(version{ID: "nul", Day: "2024-01-05", Row: map[string]any{"status": "a\x00b", "metadata": []any{map[string]any{"key": "\x00", "value": "\x00"}}}})
	got := k.rows("SELECT concat(ord(status[2]), length(status), ' ', length(map_keys(metadata)[1]), ord(map_values(metadata)[1])) FROM charges")
	expect(t, "nul", got, "03 10")
	publishAndCheck(k)

	// Bytes that are not UTF-8 become U+FFFD; DuckDB alone would make them NULL.
	k.append(charge("x", "paid"))
	batches := func(yield func(Batch, error) bool) {
		for b, err := range k.batches(1, 2) {
			if err == nil {
				b.Tables[0].Rows, err = loadtest.Records(chargeSchema(), []map[string]any{{
					"id": "x", "account": acct, "_source_id": "x", "_seq": 2,
					"created": "2024-01-05 00:00:00", "deleted": false, "status": "BROKEN",
				}})
				spoilText(b.Tables[0], "BROKEN", "BRO\xffEN")
			}
			yield(b, err)
		}
	}
	if _, err := k.state.Apply(t.Context(), Position{Account: acct, Stream: "charge", Segment: 2}, batches); err != nil {
		t.Fatal(err)
	}
	expect(t, "broken", k.rows("SELECT status FROM charges WHERE id = 'x'"), "BRO\uFFFDEN")
}

// spoilText overwrites text inside the buffers of a batch.
func spoilText(rows TableRows, old, broken string) {
	for _, column := range rows.Rows.Columns() {
		for _, buffer := range column.Data().Buffers() {
			if buffer == nil {
				continue
			}
			if i := strings.Index(string(buffer.Bytes()), old); i >= 0 {
				copy(buffer.Bytes()[i:], broken)
			}
		}
	}
}

func pack(row map[string]any) string {
	var members []string
	for _, c := range chargeSchema().Columns() {
		if _, ok := row[c.Name]; ok {
			members = append(members, sqltext.Ident(c.Name)+" := "+sqltext.Ident(c.Name))
		}
	}
	slices.Sort(members)
	return "CAST(struct_pack(" + strings.Join(members, ", ") + ") AS VARCHAR)"
}

// unquoted removes quotes, because DuckDB chooses when to quote.
func unquoted(s string) string { return strings.ReplaceAll(s, "'", "") }

func TestRangeOfPartition(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ partition, label, want string }{
		{"", "2024-12", `"created" >= TIMESTAMP '2024-12-01' AND "created" < TIMESTAMP '2025-01-01'`},
		{"day", "2024-02-29", `"created" >= TIMESTAMP '2024-02-29' AND "created" < TIMESTAMP '2024-03-01'`},
		{"year", "2024", `"created" >= TIMESTAMP '2024-01-01' AND "created" < TIMESTAMP '2025-01-01'`},
		{"", nullLabel, `"created" IS NULL`},
	} {
		s := chargeSchema()
		s.Partition = tc.partition
		got, err := periodOf(s).where(tc.label)
		if diff := cmp.Diff(tc.want, got); diff != "" || err != nil {
			t.Error(diff, err)
		}
	}
	if _, err := periodOf(chargeSchema()).where("../x"); err == nil {
		t.Error("a strange label was accepted")
	}
	s := chargeSchema()
	s.Timestamp = ""
	if got := periodOf(s).folder("charges", acct, ""); got != "charges/acct=acct_1" {
		t.Error(got)
	}
}
