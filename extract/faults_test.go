package extract

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func wantErrIs(t *testing.T, err, target error) {
	t.Helper()
	if !errors.Is(err, target) {
		t.Fatalf("error %v, want one that is %v", err, target)
	}
}

// faulty has one row. It answers the first times requests of the list with the given
// fault.
func faulty(times int, answer func(w http.ResponseWriter)) *stripeFake {
	f := &stripeFake{now: t0, rows: rowsAt(1000)}
	f.fault = func(n int, w http.ResponseWriter, _ *http.Request) bool {
		if n > times {
			return false
		}
		answer(w)
		return true
	}
	return f
}

func status(code int, body string, headers ...string) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) {
		for _, h := range headers {
			name, value, _ := strings.Cut(h, ": ")
			w.Header().Set(name, value)
		}
		w.WriteHeader(code)
		say(w, body)
	}
}

const (
	rateLimited = `{"error":{"type":"invalid_request_error","code":"rate_limit","message":"Request rate limit exceeded"}}`
	missing     = `{"error":{"type":"invalid_request_error","code":"parameter_unknown","param":"foo","message":"Received unknown parameter: foo"}}`
	html        = `<html><body>502 Bad Gateway</body></html>`
)

// Each fault comes twice; with three attempts the third is good.
func TestWhatIsRepeated(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		answer func(http.ResponseWriter)
		again  bool
	}{
		"429":                          {status(429, rateLimited), true},
		"429 lock_timeout":             {status(429, `{"error":{"code":"lock_timeout","message":"locked"}}`), true},
		"429 html":                     {status(429, html), true},
		"409":                          {status(409, `{"error":{"message":"conflict"}}`), true},
		"500":                          {status(500, `{"error":{"type":"api_error","message":"oops"}}`), true},
		"502 html":                     {status(502, html), true},
		"503 empty":                    {status(503, ""), true},
		"400":                          {status(400, missing), false},
		"404":                          {status(404, `{"error":{"message":"Unrecognized request URL"}}`), false},
		"401":                          {status(401, `{"error":{"message":"Invalid API Key provided"}}`), false},
		"401 should retry":             {status(401, `{}`, "Stripe-Should-Retry: true"), false},
		"403":                          {status(403, `{}`), false},
		"403 should retry":             {status(403, `{}`, "Stripe-Should-Retry: true"), false},
		"400 should retry":             {status(400, missing, "Stripe-Should-Retry: true"), true},
		"500 should not retry":         {status(500, "{}", "Stripe-Should-Retry: false"), false},
		"429 should not retry":         {status(429, rateLimited, "Stripe-Should-Retry: false"), false},
		"redirect":                     {status(302, "", "Location: https://elsewhere.example/v1/charges"), false},
		"200 html":                     {status(200, html), true},
		"200 empty":                    {status(200, ""), true},
		"200 truncated":                {status(200, `{"object":"list","has_more":false,"data":[{"id":"ch_1","created":10`), true},
		"200 text":                     {status(200, "upstream timed out"), true},
		"200 two values":               {status(200, envelope(false)+envelope(false)), true},
		"200 not a list":               {status(200, `{"object":"charge","has_more":false,"data":[]}`), true},
		"200 an error":                 {status(200, missing), true},
		"200 no data":                  {status(200, `{"object":"list","has_more":false}`), true},
		"200 data null":                {status(200, `{"object":"list","has_more":false,"data":null}`), true},
		"200 no has_more":              {status(200, `{"object":"list","data":[]}`), true},
		"200 has_more not a bool":      {status(200, `{"object":"list","has_more":"yes","data":[]}`), true},
		"200 has_more and no data":     {status(200, `{"object":"list","has_more":true,"data":[]}`), true},
		"200 an element not an object": {status(200, `{"object":"list","has_more":false,"data":[{"id":"ch_1"},7]}`), true},
		"200 data twice":               {status(200, `{"object":"list","has_more":false,"data":[{"id":"ch_0"}],"data":[]}`), true},
		"204":                          {status(204, ""), true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := faulty(2, tc.answer)
			pages, err := collectErr(t, fastClient(t, f, 100), "charges", `{"v":2,"windows":[{"lt":9}],"goal":9}`, Range{To: unixTime(9)})
			if !tc.again {
				if err == nil || f.count() != 1 || len(pages) != 0 {
					t.Errorf("%d requests, %d pages, error %v; want one request and an error", f.count(), len(pages), err)
				}
				return
			}
			if err != nil || f.count() != 3 || len(pages) != 1 || len(pages[0].Objects) != 0 {
				t.Errorf("%d requests, %d pages, error %v; want the good third answer alone", f.count(), len(pages), err)
			}

			// Invariant 8: without a good answer nothing is yielded, and the cursor
			// stays.
			f = faulty(99, tc.answer)
			pages, err = collectErr(t, fastClient(t, f, 100), "charges", `{"v":2,"windows":[{"lt":9}],"goal":9}`, Range{To: unixTime(9)})
			if err == nil || f.count() != 3 || len(pages) != 0 {
				t.Errorf("%d requests, %d pages, error %v; want three requests and an error", f.count(), len(pages), err)
			}
			if err != nil && !oneline(err) {
				t.Errorf("error of several lines: %q", err)
			}
		})
	}
}

// Invariant 8: a list that does not advance contributes nothing.
func TestPagesThatDoNotAdvance(t *testing.T) {
	t.Parallel()
	rows := rowsAt(9000, 8000, 7000, 6000)
	for name, answer := range map[string]string{
		"the cursor ignored":          envelope(true, rows[0], rows[1]),
		"the cursor's object again":   envelope(true, rows[1], rows[2]),
		"the page before, reordered":  envelope(true, rows[1], rows[0]),
		"part of the page before":     envelope(true, rows[0]),
		"part of the page, as an end": envelope(false, rows[0]),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := &stripeFake{now: t0, rows: rows}
			f.fault = func(_ int, w http.ResponseWriter, r *http.Request) bool {
				if r.URL.Query().Has("starting_after") {
					say(w, answer)
					return true
				}
				return false
			}
			pages, err := collectErr(t, fastClient(t, f, 2), "charges", "", Range{})
			if err == nil || f.count() != 5 {
				t.Fatalf("%d requests, error %v; want 2 and 3 attempts", f.count(), err)
			}
			if diff := cmp.Diff([]string{"ch_1", "ch_2"}, ids(pages...)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestErrorTexts(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		stream string
		answer func(http.ResponseWriter)
		want   string
	}{
		"no permission": {
			"refunds", status(403, `{"error":{"type":"invalid_request_error","message":"The provided key 'rk_test_*********3gph' does not have the required permissions for this endpoint on account 'acct_1'. Having the 'rak_charge_read' permission would allow this request to continue."}}`),
			"list refunds: 403 this key may not read refunds (req_1): give the key the Refunds: Read permission (rak_charge_read) in the Dashboard, or leave refunds out",
		},
		"no permission, no reason": {
			"balance_transactions", status(403, `{"error":{"message":"no"}}`),
			"list balance_transactions: 403 this key may not read balance transactions (req_1): give the key the Balance transactions: Read permission in the Dashboard, or leave balance transactions out",
		},
		"a proxy's refusal": {
			"charges", status(403, html),
			"list charges: 403 forbidden, and the body is not Stripe's (req_1): look at the proxy in between",
		},
		"bad key": {
			"charges", status(401, `{"error":{"message":"Invalid API Key provided: sk_test_****1234"}}`),
			"list charges: 401 this key is not accepted (req_1): check in the Dashboard (Developers, API keys) that it is whole, not expired and not revoked",
		},
		"rate": {
			"charges", status(429, rateLimited),
			"list charges: page after ch_9 (created from 1970-01-01T00:16:40Z to 1970-01-01T02:46:40Z): gave up after 3 attempts: 429 rate limited (rate_limit, req_3): use a smaller share of the account's rate limit, or run when it is quieter",
		},
		"a proxy's page": {
			"charges", status(502, html),
			"list charges: page after ch_9 (created from 1970-01-01T00:16:40Z to 1970-01-01T02:46:40Z): gave up after 3 attempts: 502 bad gateway, and the body is not Stripe's (req_3): run again later; the sync goes on where it stopped",
		},
		"elsewhere": {
			"charges", status(307, "", "Location: https://elsewhere.example/sk_live_abc"),
			"list charges: page after ch_9 (created from 1970-01-01T00:16:40Z to 1970-01-01T02:46:40Z): 307 redirect to https://elsewhere.example/[redacted], not followed (req_1): the address must be that of the API itself",
		},
		"cut short": {
			"charges", status(200, `{"object":"list","da`),
			"list charges: page after ch_9 (created from 1970-01-01T00:16:40Z to 1970-01-01T02:46:40Z): gave up after 3 attempts: unusable answer: it ends in the middle, after 20 bytes (req_3): nothing of it was kept; run again, and if it stays look at the proxy in between or ask Stripe's support",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			after := Cursor(`{"v":2,"windows":[{"gte":1000,"lt":10000,"after":"ch_9","last":9000}],"goal":10000}`)
			if tc.stream != "charges" {
				after = replaced(after, "ch_9", tc.stream)
			}
			_, err := collectErr(t, fastClient(t, faulty(99, tc.answer), 2), tc.stream, after, Range{})
			if err == nil || err.Error() != tc.want {
				t.Errorf("got  %v\nwant %s", err, tc.want)
			}
		})
	}
}

func replaced(c Cursor, old, to string) Cursor { return Cursor(strings.ReplaceAll(string(c), old, to)) }

func TestErrorsForCallers(t *testing.T) {
	t.Parallel()
	f := faulty(99, status(403, `{"error":{"type":"invalid_request_error","code":"account_invalid","message":"no"}}`))
	c := fastClient(t, f, 2)
	_, err := c.Account(t.Context())
	var e *APIError
	if !errors.As(err, &e) || !IsForbidden(err) || IsUnauthorized(err) {
		t.Fatalf("error %v; want an APIError, forbidden", err)
	}
	want := APIError{Status: 403, Type: "invalid_request_error", Code: "account_invalid", Message: "no", RequestID: "req_1"}
	if diff := cmp.Diff(want, *e, cmpopts.IgnoreUnexported(APIError{})); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if got := c.ServerTime().Truncate(time.Minute); !got.Equal(t0) {
		t.Errorf("server time %v after a 403, want %v", got, t0)
	}
	if (&APIError{Status: 403}).Error() == "" {
		t.Error("an APIError made elsewhere has no text")
	}
}

func TestAccount(t *testing.T) {
	t.Parallel()
	f := faulty(1, status(200, `{"object":"account"}`))
	got, err := fastClient(t, f, 2).Account(t.Context())
	if err != nil || got.ID != "acct_1" || got.ServerTime.Before(t0) || f.count() != 2 {
		t.Errorf("%+v, %v after %d requests", got, err, f.count())
	}
}

// A connected account keeps its given id if only the request for it is forbidden, but
// not if the whole account is.
func TestConnectedAccountThatMayNotBeAsked(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		`{"error":{"type":"invalid_request_error","message":"This application does not have the required permissions for this endpoint."}}`: "acct_2",
		`{"error":{"type":"invalid_request_error","code":"account_invalid","message":"no"}}`:                                                "",
	} {
		c, err := fastClient(t, faulty(99, status(403, body)), 2).For("acct_2")
		if err != nil {
			t.Fatal(err)
		}
		got, err := c.Account(t.Context())
		if got.ID != want || (err == nil) != (want != "") || want != "" && got.ServerTime.IsZero() {
			t.Errorf("%s: %+v, %v", body, got, err)
		}
	}
}

// Invariant 11: the server's text is redacted before anybody else gets it.
func TestNoSecretInErrors(t *testing.T) {
	t.Parallel()
	for _, answer := range []func(http.ResponseWriter){
		status(400, `{"error":{"type":"`+testKey+`","code":"`+testKey+`","param":"`+testKey+`","message":"bad key `+testKey+` and whsec_abcDEF"}}`),
		status(401, testKey), status(500, testKey), status(200, testKey),
		status(302, "", "Location: https://x.example/?k="+testKey),
		status(503, "", "Request-Id: "+testKey),
	} {
		_, err := collectErr(t, fastClient(t, faulty(99, answer), 2), "charges", "", Range{})
		if err == nil {
			t.Fatal("no error")
		}
		text := fmt.Sprintf("%+v", err)
		if e := (*APIError)(nil); errors.As(err, &e) {
			text += fmt.Sprintf("%#v", *e)
		}
		if strings.Contains(text, "51AbCdEf") || strings.Contains(text, "abcDEF") {
			t.Errorf("secret in %s", text)
		}
	}
	if text := fmt.Sprintf("%v %+v %#v", Config{Key: testKey}, Config{Key: testKey}, Config{Key: testKey}); strings.Contains(text, "51AbCdEf") {
		t.Errorf("secret in %s", text)
	}
}

func TestCancelStopsAtOnce(t *testing.T) {
	t.Parallel()
	f := &stripeFake{now: t0, rows: rowsAt(3000, 2000, 1000)}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var last error
	n := 0
	for _, err := range fastClient(t, f, 1).Pages(ctx, resource(t, "charges"), "", Range{}) {
		if err != nil {
			last = err
			break
		}
		n++
		cancel()
	}
	wantErrIs(t, last, context.Canceled)
	if n != 1 || f.count() > 3+bufferedPages {
		t.Errorf("%d pages, %d requests after the cancellation of the first", n, f.count())
	}
}
