package pipeline_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stripelake/stripelake/internal/pipeline"
	"github.com/stripelake/stripelake/internal/pipeline/laketest"
	"github.com/stripelake/stripelake/load/loadtest"
)

// page is a list of objects, and nothing after them.
func page(objects ...string) string {
	return `{"object":"list","has_more":false,"data":[` + strings.Join(objects, ",") + `]}`
}

// hostilePages are answers to a list of which no object may be kept. The error
// of each has the id of its request.
var hostilePages = []struct {
	name   string
	answer func(w http.ResponseWriter)
	want   string // in the error
}{
	{"a page nested 100,000 deep", says(strings.Repeat("[", 100_000)), "not JSON at byte"},
	{"an object nested 100,000 deep", says(page(`{"id":"x_1","deep":` + strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000) + `}`)), "not JSON at byte"},
	{"an object nested 100,000 deep in names", says(page(`{"id":"x_1","deep":` + strings.Repeat(`{"a":`, 100_000) + "1" + strings.Repeat("}", 100_000) + `}`)), "not JSON at byte"},
	{"a gzip bomb", zipped("gzip", strings.Repeat(" ", 65<<20)), "its body is over 32 MiB"},
	{"gzip that is none", sentAs("gzip", page()), "its body is cut short"},
	{"gzip within gzip", zipped("gzip, gzip", page()), "its body is encoded as"},
	{"an encoding nobody asked for", sentAs("br", "\x8b\x02\x80{}\x03"), `its body is encoded as "br"`},
	{"zstd", sentAs("zstd", "\x28\xb5\x2f\xfd\x04\x00\x11\x00\x00{}"), `its body is encoded as "zstd"`},
	{"a megabyte of a request id", headed("Request-Id", strings.Repeat("r", 1<<20), "<html>"), "it is HTML"},
	{"terminal escapes", says("{\"object\":\"\x1b[2J\x1b]0;owned\x07\"}"), "not JSON"},
	{"terminal escapes, written out", says(`{"object":"\u001b[2J\u001b]0;owned\u0007\u202e","has_more":false,"data":[]}`), "it is not a list"},
	{"terminal escapes in an error", status(400, `{"error":{"message":"\u001b[2J\u001b]0;owned\u0007 \u009b31m no"}}`), "400"},
	{"the envelope's keys twice", says(`{"object":"list","data":[],"has_more":false,"data":[{"id":"x_1"}]}`), `"data" twice`},
	{"an error of a megabyte", status(400, `{"error":{"message":"`+strings.Repeat("long ", 200_000)+`"}}`), "400 long long"},
	{"an error nested 100,000 deep", status(400, strings.Repeat(`{"error":`, 100_000)), "400 bad request, and the body is not Stripe's"},
	{"a redirect to another host", located(302, "https://169.254.169.254/v1/charges"), "302 redirect to https://169.254.169.254/v1/charges, not followed"},
	{"a redirect to a file", located(301, "file:///etc/passwd"), "301 redirect to file:///etc/passwd, not followed"},
	{"a redirect that is no address", located(307, "://nowhere"), "307 redirect to ://nowhere, not followed"},
	{"a megabyte of a redirect", located(302, "https://"+strings.Repeat("h", 1<<20)), "302 redirect to https://hhh"},
}

func says(body string) func(http.ResponseWriter) { return status(http.StatusOK, body) }

func status(code int, body string) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) {
		w.WriteHeader(code)
		_, _ = io.WriteString(w, body)
	}
}

func headed(name, value, body string) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) {
		w.Header().Set(name, value)
		_, _ = io.WriteString(w, body)
	}
}

func sentAs(as, body string) func(http.ResponseWriter) { return headed("Content-Encoding", as, body) }

func zipped(as, body string) func(http.ResponseWriter) {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = io.WriteString(w, body)
	_ = w.Close()
	return sentAs(as, b.String())
}

func located(code int, to string) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) {
		w.Header().Set("Location", to)
		w.WriteHeader(code)
	}
}

// hostile answers lists with what is given for their paths; what is not given
// is an empty list, and there are always two customers.
func hostile(answers map[string]func(http.ResponseWriter)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Date", laketest.Noon.Format(http.TimeFormat))
		w.Header().Set("Request-Id", "req_hostile")
		http.SetCookie(w, &http.Cookie{Name: "marked", Value: "cookie", Path: "/"})
		switch answer, ok := answers[r.URL.Path]; {
		case r.Header.Get("Cookie") != "":
			http.Error(w, "a cookie came back", http.StatusTeapot)
		case ok:
			answer(w)
		case r.URL.Path == "/v1/account":
			_, _ = io.WriteString(w, `{"id":"acct_1","object":"account"}`)
		case r.URL.Path == "/v1/customers":
			_, _ = io.WriteString(w, page(laketest.Sent("customer", "cus_1", laketest.Noon.Add(-time.Hour)), laketest.Sent("customer", "cus_2", laketest.Noon.Add(-2*time.Hour))))
		default:
			_, _ = io.WriteString(w, page())
		}
	})
}

// Whatever a list answers, nothing of it is kept, the error is a line that names
// the request and holds nothing a terminal obeys, and the others are complete.
func TestHostilePages(t *testing.T) {
	t.Parallel()
	victims := []string{"charges", "subscriptions", "refunds", "balance_transactions", "prices"}
	for batch := range slices.Chunk(hostilePages, len(victims)) {
		answers := map[string]func(http.ResponseWriter){}
		for i, c := range batch {
			answers["/v1/"+victims[i]] = c.answer
		}
		s := laketest.NewScene(t, hostile(answers))
		_, err := s.Try()
		var unread *pipeline.UnreadError
		if !errors.As(err, &unread) {
			t.Fatalf("error %v", err)
		}
		for i, c := range batch {
			t.Run(c.name, func(t *testing.T) { told(t, unread.Resources[victims[i]], c.want) })
		}
		if len(unread.Resources) != len(batch) {
			t.Errorf("not read: %v", unread)
		}
		s.Expect("the customers", "SELECT id FROM customers ORDER BY id", "cus_1", "cus_2")
		checkWhole(s)
	}
}

// told checks that an error is one line of readable length with want in it.
func told(t *testing.T, err error, want string) {
	t.Helper()
	switch {
	case err == nil:
		t.Error("no error")
	case !strings.Contains(err.Error(), want):
		t.Errorf("error %.400v\nwant %q in it", err, want)
	case len(err.Error()) > 2000:
		t.Errorf("the error has %d bytes: %.400v", len(err.Error()), err)
	case strings.ContainsFunc(err.Error(), unprintable):
		t.Errorf("a terminal would obey %.400q", err)
	case !strings.Contains(err.Error(), "(req_hostile)") && !strings.Contains(want, "HTML"):
		t.Errorf("which request? %.400v", err)
	}
}

func unprintable(r rune) bool {
	return r < ' ' || r >= 0x7f && r < 0xa0 || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069
}

// inLake are the paths that a lake has, and no others.
var inLake = regexp.MustCompile(`^(lake\.json|current|raw|raw/acct_1(/lock|/[a-z_]+(/cursor\.json|/\d{8}-\d{8}\.parquet)?)?|` +
	`\.state|\.state/(lake\.lock|lock|queue|members|status\.json|work\.duckdb|tmp|generations)|` +
	`\.state/generations/\d{6}(/generation\.json|/schemas\.json|/warehouse\.duckdb|/[a-z_]+(/acct=acct_1(/created_month=\d{4}-\d\d(/part-\d+(-\d+)?\.parquet)?)?)?)?)$`)

// checkWhole holds the lake to be sound, and nothing to be written anywhere else.
func checkWhole(s *laketest.Scene) {
	s.T.Helper()
	around := filepath.Dir(s.Lake)
	err := filepath.WalkDir(around, func(path string, _ fs.DirEntry, err error) error {
		if path == around || path == s.Lake || err != nil {
			return err
		}
		if name, inside := strings.CutPrefix(path, s.Lake+string(filepath.Separator)); !inside || !inLake.MatchString(filepath.ToSlash(name)) {
			s.T.Errorf("a file that no lake has: %q", path)
		}
		return nil
	})
	if err != nil {
		s.T.Error(err)
	}
	if _, err := loadtest.Digest(s.T.Context(), s.Lake); err != nil && !errors.Is(err, fs.ErrNotExist) { // where nothing is published
		s.T.Error(err)
	}
}

// An account's id names a folder: one that is no name ends the run before there
// is any.
func TestHostileAccount(t *testing.T) {
	t.Parallel()
	for _, id := range []string{"../../outside", "/tmp/outside", "acct_'; DROP TABLE x;--", "acct_\x00", "acct/1", "..", "*", "acct_" + strings.Repeat("x", 100_000), "acct_\x1b[2J"} {
		s := laketest.NewScene(t, hostile(map[string]func(http.ResponseWriter){"/v1/account": says(`{"object":"account","id":` + quoted(id) + `}`)}))
		_, err := s.Try()
		if err == nil || !regexp.MustCompile("only letters, digits, _ and -|id has [0-9]+ bytes").MatchString(err.Error()) || len(err.Error()) > 1000 || strings.ContainsFunc(err.Error(), unprintable) {
			t.Errorf("%.40q: %.400v", id, err)
		}
		if left, _ := filepath.Glob(filepath.Join(s.Lake, "raw", "*")); left != nil {
			t.Errorf("%.40q: there is %q", id, left)
		}
		checkWhole(s)
	}
}

// hostileIDs are ids that something would take for a path, for SQL, or for the
// end of a text.
var hostileIDs = []string{
	"../../etc/passwd", "/etc/passwd", `..\..\windows`, "ch_'; DROP TABLE charges;--", `ch_"; DROP TABLE "charges";--`, "ch_\x00nul",
	"ch_?expand[]=x#y", "ch_%2e%2e%2f", "ch_$(reboot)`reboot`", "ch_\r\nX-Header: y", "ch_\x1b[2J", ".", "..", " ", "NULL", "ch_{{.}}", "\ufeffch_", "ch_é", "ch_e\u0301",
	"ch_long" + strings.Repeat("x", 100_000),
}

// Ids are data: each is a row under its id, wherever it came from.
func TestHostileIDs(t *testing.T) {
	t.Parallel()
	var objects []string
	for i, id := range hostileIDs {
		objects = append(objects, laketest.Paid("", laketest.Noon.Add(-time.Duration(i+2)*time.Minute), fmt.Sprintf(`"id":%s,"customer":%s`, quoted(id), quoted(id))))
	}
	s := laketest.NewScene(t, hostile(map[string]func(http.ResponseWriter){"/v1/charges": says(page(objects...))}))
	s.Sync()
	for _, from := range []string{"charges", "read_parquet(CHARGES)", "'LAKE/raw/acct_1/charges/*.parquet'"} {
		got := s.Rows("SELECT id FROM " + from + " ORDER BY created DESC")
		if diff := cmp.Diff(hostileIDs, got); diff != "" {
			t.Errorf("%s (-want +got):\n%.2000s", from, diff)
		}
	}
	checkWhole(s)
}

func quoted(text string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range text {
		fmt.Fprintf(&b, `\u%04x`, r)
	}
	b.WriteByte('"')
	return b.String()
}

// hostileValues are members of charges that something could choke on, and what
// becomes of them: a row, or the reason why there is none.
var hostileValues = []struct{ name, members, query, want string }{
	{"amount twice", `"amount":1,"amount":2`, "amount_minor, amount", "2 0.020"},
	{"id twice", `"id":"ch_last"`, "id, _source_id", "ch_last ch_last"},
	{"created twice", `"created":1,"created":1748700000`, "created", "2025-05-31 14:00:00"},
	{"a key of metadata twice", `"metadata":{"k":"1","k":"2"}`, "metadata['k']", "2"},
	{"a key twice, once escaped", `"amount":1,"\u0061mount":2`, "amount_minor", "2"},
	{"invalid UTF-8", "\"description\":\"a\xff\xfeb\"", "description", "a\ufffd\ufffdb"},
	{"half a surrogate", `"description":"a\ud800b"`, "description", "a\ufffdb"},
	{"400 digits", `"amount":` + strings.Repeat("9", 400), "amount", "refused: amount money the amount is not an integer of minor units"},
	{"1e999", `"amount":1e999`, "amount", "refused: amount money the amount is not an integer of minor units"},
	{"minus zero", `"amount":-0`, "amount_minor, amount", "0 0.000"},
	{"the least amount", `"amount":-9223372036854775808`, "amount", "refused: amount money the amount is out of the range of DECIMAL(18,3)"},
	{"created in the first year", `"created":-62135596800`, "created", "0001-01-01 00:00:00"},
	{"created before the first year", `"created":-62135596801`, "created", noTime},
	{"created before there were years", `"created":-9000000000000`, "created", noTime},
	{"created after the last time", `"created":99999999999999`, "created", noTime},
	{"created at 1e999", `"created":1e999`, "created", noTime},
	{"created as text", `"created":"../../x"`, "created", noTime},
	{"a type that is a path", `"object":"../../x"`, "left(id, 3)", "ch_"},
	{"metadata nested 9,000 deep", `"metadata":{"k":` + strings.Repeat("[", 9000) + strings.Repeat("]", 9000) + `}`, "length(metadata['k'])", "18000"},
	{"1,000 keys of metadata", `"metadata":{` + keys(1000) + `}`, "cardinality(metadata)", "1000"},
	{"300,000 keys of metadata", `"metadata":{` + keys(300_000) + `}`, "cardinality(metadata)", "refused: metadata keys the map has over 1,000 keys"},
	{"a megabyte of a key", `"metadata":{"` + strings.Repeat("k", 1<<20) + `":"v"}`, "length(map_keys(metadata)[1])", "1048576"},
	{"four megabytes of text", `"description":"` + strings.Repeat("é", 2<<20-1000) + `"`, "length(description)", "2096152"},
	{"currency with a quote", `"currency":"u'd"`, "amount_minor, amount", "100 null"},
	{"a megabyte of a currency", `"currency":"` + strings.Repeat("c", 1<<20) + `"`, "amount_minor, amount, length(currency)", "100 null 1048576"},
	{"no currency", `"currency":null`, "amount", "refused: amount money the amount has no currency"},
	{"a currency that is a number", `"currency":840`, "amount", "refused: amount money the currency is not a text"},
	{"where the rest of a list is", `"refunds":{"object":"list","has_more":true,"data":[],"url":"https://169.254.169.254/v1/x"}`, "left(id, 3)", "ch_"},
}

const noTime = "refused: created required the value is not of its type, and the field is required"

func keys(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `"k%d":"v",`, i)
	}
	return strings.TrimSuffix(b.String(), ",")
}

func TestHostileValues(t *testing.T) {
	t.Parallel()
	var objects []string
	for i, c := range hostileValues {
		objects = append(objects, fmt.Sprintf(`{"id":"ch_%d","object":"charge","created":%d,"livemode":false,"currency":"usd","amount":100,"amount_captured":100,"amount_refunded":0,"captured":true,"status":"succeeded","payment_intent":"pi_%d",%s}`,
			i, laketest.Noon.Add(-time.Duration(i+2)*time.Minute).Unix(), i, c.members)) // below the end of the window
	}
	s := laketest.NewScene(t, hostile(map[string]func(http.ResponseWriter){"/v1/charges": says(page(objects...))}))
	_, err := s.Try()
	t.Logf("%.1000v", err)
	for i, c := range hostileValues {
		t.Run(c.name, func(t *testing.T) {
			got := strings.Join(s.Rows(fmt.Sprintf("SELECT %s FROM charges WHERE payment_intent_id = 'pi_%d'", c.query, i)), "|")
			if got == "" {
				got = "refused: " + strings.Join(s.Rows(fmt.Sprintf("SELECT field, rule, reason FROM meta.rejects WHERE object LIKE '%%\"pi_%d\"%%'", i)), "|")
			}
			if got != c.want {
				t.Errorf("got %.300q, want %.300q", got, c.want)
			}
		})
	}
	checkWhole(s)
}
