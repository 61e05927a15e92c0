package pipeline_test

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stripelake/stripelake/internal/pipeline/laketest"
	"github.com/stripelake/stripelake/load/loadtest"
)

// expectBoth runs a query over the charges of the warehouse and over their files.
func expectBoth(s *laketest.Scene, what, query string, want ...string) {
	s.T.Helper()
	s.Expect(what, query, want...)
	s.Expect(what+", in the files", strings.ReplaceAll(query, "FROM charges", "FROM read_parquet(CHARGES)"), want...)
}

// oddTexts are texts that a CSV, a terminal or a C string would spoil.
var oddTexts = map[string]string{
	"nul": "before\x00after", "emoji": "👩‍💻é", "right to left": "\u202eشكرا\u202c", "lines": "one\r\ntwo\n\"three\", four;\tfive\\",
	"long": strings.Repeat("€", 40_000), "empty": "", "blank": "  ", "null": "NULL",
}

// oddKeys are metadata keys that no column could be named after.
var oddKeys = []string{
	"q4DHVf9kaphqrEFTnGQdrw==", "-fhDVux", "purchases{0}", "ключ", "a.b", "a", "A", "order id", "", "__proto__", "SELECT", "it's", `say "no"`, "日本",
}

// Each value arrives as it was sent, in the warehouse and in the files.
func TestCasesOfValues(t *testing.T) {
	t.Parallel()
	may := time.Date(2025, 5, 2, 0, 0, 0, 0, time.UTC)
	objects := []string{
		laketest.Paid("ch_36", may, `"amount":9007199254740993,"amount_captured":9007199254740993,"metadata":{"n":"9007199254740993.000000000000000001"}`),
		laketest.Paid("ch_45_id", may, `"customer":"cus_1"`), laketest.Paid("ch_45_null", may, `"customer":null`), laketest.Paid("ch_45_none", may),
		laketest.Paid("ch_45_object", may, `"customer":{"id":"cus_1","object":"customer","name":"Ada"}`),
		laketest.Paid("ch_45_stub", may, `"customer":{"id":"cus_1","object":"customer","deleted":true}`),
		laketest.Paid("ch_46_empty", may, `"fraud_details":{},"billing_details":{"address":{"city":"Graz"}}`),
		laketest.Paid("ch_46_list", may, `"fraud_details":[],"billing_details":{"address":null}`),
		laketest.Paid("ch_46_report", may, `"fraud_details":{"user_report":"safe"},"billing_details":null`),
		laketest.Paid("ch_52_first", time.Unix(0, 0)), laketest.Paid("ch_52_last", time.Date(2025, 4, 30, 23, 59, 59, 0, time.UTC)),
		laketest.Paid("ch_55_aB", may, `"description":"aB"`), laketest.Paid("ch_55_Ab", may, `"description":"Ab"`),
	}
	metadata, want := map[string]string{}, []string{}
	for i, key := range oddKeys {
		metadata[key] = fmt.Sprint(i)
	}
	for i := len(metadata); i < 50; i++ {
		metadata[fmt.Sprint("key ", i)] = strings.Repeat("v", 500)
	}
	metadata["empty"], metadata["a"] = "", "1"
	for key, value := range metadata {
		want = append(want, key+" "+value)
	}
	text, err := json.Marshal(metadata)
	if err != nil {
		t.Fatal(err)
	}
	objects = append(objects, laketest.Paid("ch_37", may, `"metadata":`+string(text)))
	for name, odd := range oddTexts {
		text, err := json.Marshal(odd)
		if err != nil {
			t.Fatal(err)
		}
		objects = append(objects, laketest.Paid("ch_54 "+name, may, `"description":`+string(text)))
	}
	s := laketest.NewScene(t, laketest.Recorded(t, 1, laketest.Noon, objects...))
	s.Sync("charges")

	expectBoth(s, "case 36", "SELECT amount_minor, amount, metadata['n'] FROM charges WHERE id = 'ch_36'",
		"9007199254740993 90071992547409.930 9007199254740993.000000000000000001")
	got := s.Rows("SELECT e.key, e.value FROM (SELECT unnest(map_entries(metadata)) AS e FROM read_parquet(CHARGES) WHERE id = 'ch_37')")
	if diff := cmp.Diff(laketest.Sorted(want), laketest.Sorted(got)); diff != "" {
		t.Errorf("case 37 (-want +got):\n%s", diff)
	}
	expectBoth(s, "case 37: no key is a path", `SELECT metadata['a.b'], metadata['a'], metadata['A'], metadata['-fhDVux'] FROM charges WHERE id = 'ch_37'`, "4 1 6 1")
	expectBoth(s, "case 45", "SELECT id, customer_id FROM charges WHERE id LIKE 'ch_45%' ORDER BY id",
		"ch_45_id cus_1", "ch_45_none null", "ch_45_null null", "ch_45_object cus_1", "ch_45_stub cus_1")
	expectBoth(s, "case 46", "SELECT id, fraud.user_report, fraud IS NOT NULL, billing.address.city FROM charges WHERE id LIKE 'ch_46%' ORDER BY id",
		"ch_46_empty null true Graz", "ch_46_list null true null", "ch_46_report safe true null")
	s.Expect("case 52", "SELECT id, created, created_month FROM read_parquet(CHARGES) WHERE id LIKE 'ch_52%' ORDER BY id",
		"ch_52_first 1970-01-01 00:00:00+00 1970-01", "ch_52_last 2025-04-30 23:59:59+00 2025-04")
	for name, odd := range oddTexts {
		expectBoth(s, "case 54: "+name, "SELECT description FROM charges WHERE id = 'ch_54 "+name+"'", odd)
	}
	expectBoth(s, "case 55", "SELECT id, description FROM charges WHERE id LIKE 'ch_55%' ORDER BY id", "ch_55_Ab Ab", "ch_55_aB aB")
	if _, err := loadtest.Digest(t.Context(), s.Lake); err != nil {
		t.Error(err)
	}
}

// Objects that lack most fields, that have none of a column's values in a whole
// partition, or that have fields nobody has heard of make files of the same
// declared columns; what has no column stays in the log.
func TestCases50And51EveryFileHasTheDeclaredColumns(t *testing.T) {
	t.Parallel()
	month := func(n int) time.Time { return time.Date(2025, time.Month(n), 3, 0, 0, 0, 0, time.UTC) }
	first := []string{
		laketest.Paid("ch_bare", month(1)),
		laketest.Paid("ch_rich", month(2), `"description":"x","disputed":true,"customer":"cus_1","metadata":{"k":"v"},"payment_method_details":{"type":"card","card":{"exp_year":2030,"last4":"1881"}}`),
		laketest.Sent("balance_transaction", "txn_1", month(1), `"amount":1,"fee":0,"net":1,"currency":"usd","available_on":1,"fee_details":[]`),
		laketest.Sent("balance_transaction", "txn_2", month(2), `"amount":9,"fee":1,"net":8,"currency":"usd","available_on":1,"exchange_rate":0.5,"fee_details":[{"type":"tax","amount":1,"currency":"usd"}]`),
	}
	s := laketest.NewScene(t, laketest.Recorded(t, 1, laketest.Noon, first...))
	s.Sync("charges", "balance_transactions")
	s.Becomes(laketest.Recorded(t, 1, laketest.Noon.Add(time.Hour), append(first,
		laketest.Paid("ch_novel", laketest.Noon.Add(time.Minute), `"novel":{"deep":[1]},"description":{"now":"an object"},"payment_method_details":null`))...))
	s.Sync("charges", "balance_transactions")
	for _, table := range []string{"charges", "balance_transactions"} {
		glob := "'" + s.Lake + "/current/" + table + "/*/*/*.parquet'"
		s.Expect(table, "SELECT count(*) > 1, count(DISTINCT columns) FROM (SELECT file_name, string_agg(concat_ws(' ', name, type, logical_type, num_children), ', ' ORDER BY ALL) AS columns FROM parquet_schema("+
			glob+") GROUP BY ALL)", "true 1")
	}
	expectBoth(s, "charges", "SELECT id, description, payment_method.last4, metadata['k'] FROM charges ORDER BY id",
		"ch_bare null null null", "ch_novel null null null", "ch_rich x 1881 v")
	s.Expect("fees", "SELECT id, len(fee_details), exchange_rate FROM 'LAKE/current/balance_transactions/*/*/*.parquet' ORDER BY id", "txn_1 0 null", "txn_2 1 0.500000000000")
	s.Expect("in the log", "SELECT object ->> '$.novel.deep[0]', object ->> '$.description.now' FROM 'LAKE/raw/*/charges/*.parquet' WHERE id = 'ch_novel'", "1 an object")
	s.Expect("told", "SELECT path FROM meta.drift WHERE first_id = 'ch_novel' ORDER BY path", "charge.description", "charge.novel")
}

// Where the program runs does not matter: days and months are UTC's.
func TestCase52TimeZone(t *testing.T) {
	t.Parallel()
	var objects []string
	for i := range 24 {
		objects = append(objects, laketest.Paid(fmt.Sprint("ch_", i), time.Date(2025, 3, 31, 12+i, 30, 0, 0, time.UTC)))
	}
	s := laketest.NewScene(t, laketest.Recorded(t, 1, laketest.Noon, objects...))
	s.Sync("charges")
	want := laketest.Digest(t, s.Lake)
	months := "SELECT created_month, count(*) FROM read_parquet(CHARGES) GROUP BY ALL ORDER BY ALL"
	s.Expect("months", months, "2025-03 12", "2025-04 12")
	s.Lake = filepath.Join(t.TempDir(), "lake")
	cmd := laketest.Child{Work: asSmallSync, Lake: s.Lake, API: s.API}.Command(t.Context(), "TZ=Pacific/Kiritimati") // 14 hours ahead
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	s.Expect("months", months, "2025-03 12", "2025-04 12")
	if diff := cmp.Diff(want, laketest.Digest(t, s.Lake)); diff != "" {
		t.Errorf("(-here +there):\n%s", diff)
	}
}

// What buy-now-pay-later brought in: what was captured, less what was refunded
// and what disputes took; nothing of failed payments and of authorizations. A
// dispute moves money in balance transactions only.
func TestCases39And43WhatIsLeft(t *testing.T) {
	t.Parallel()
	ago := laketest.Noon.Add(-time.Hour)
	klarna := `"payment_method_details":{"type":"klarna","klarna":{"payment_method_category":"pay_later"}}`
	moved := func(id, source, category string, amount, fee int) string {
		return laketest.Sent("balance_transaction", id, ago, fmt.Sprintf(
			`"source":%q,"reporting_category":%q,"amount":%d,"fee":%d,"net":%d,"currency":"usd","available_on":1,"status":"available"`, source, category, amount, fee, amount-fee))
	}
	s := laketest.NewScene(t, laketest.Recorded(t, 1, laketest.Noon,
		laketest.Paid("py_whole", ago, klarna),
		laketest.Paid("py_refunded", ago, klarna, `"amount_refunded":30`),
		laketest.Paid("py_lost", ago, klarna, `"disputed":true,"dispute":"du_lost"`),
		laketest.Paid("py_won", ago, klarna, `"disputed":true,"dispute":"du_won"`),
		laketest.Paid("py_failed", ago, klarna, `"status":"failed","amount_captured":0`),
		laketest.Paid("py_authorized", ago, klarna, `"captured":false,"amount_captured":0`),
		laketest.Paid("py_expired", ago, klarna, `"captured":false,"amount_captured":0,"refunded":true,"amount_refunded":100`),
		moved("txn_1", "py_whole", "charge", 100, 5), moved("txn_2", "py_lost", "charge", 100, 5), moved("txn_3", "py_won", "charge", 100, 5),
		moved("txn_4", "du_lost", "dispute", -100, 15), moved("txn_5", "du_won", "dispute", -100, 15), moved("txn_6", "du_won", "dispute_reversal", 100, -15)))
	s.Sync("charges", "balance_transactions")
	s.Expect("net", `SELECT c.id, c.amount_refunded_minor, c.amount_net_minor, c.amount_net_minor + coalesce(sum(b.amount_minor), 0)
		FROM charges c LEFT JOIN balance_transactions b
			ON b.account = c.account AND b.source_id = c.dispute_id AND b.reporting_category IN ('dispute', 'dispute_reversal')
		WHERE c.bnpl IS NOT NULL GROUP BY c.id, c.amount_refunded_minor, c.amount_net_minor ORDER BY c.id`,
		"py_authorized 0 0 0", "py_expired 100 0 0", "py_failed 0 0 0", "py_lost 0 100 0", "py_refunded 30 70 70", "py_whole 0 100 100", "py_won 0 100 100")
	s.Expect("in the balance", `SELECT sum(b.net_minor) FROM balance_transactions b WHERE source_id IN (SELECT unnest([id, dispute_id]) FROM charges WHERE id = 'py_lost')`, "-20")
}
