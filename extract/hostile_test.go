package extract

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// A page with more objects than requested is refused by their number, however small
// they are, before it is read completely; also a page of a nested list.
func TestPageIsBoundedInObjects(t *testing.T) {
	t.Parallel()
	page := func(n int) string {
		return `{"object":"list","has_more":false,"data":[` + strings.TrimSuffix(strings.Repeat("{},", n), ",") + `]}`
	}
	if l, err := decodePage([]byte(page(100)), 100); err != nil || len(l.objects) != 100 {
		t.Errorf("%d objects, %v", len(l.objects), err)
	}
	if _, err := decodePage([]byte(page(101)+"this is not looked at"), 100); err == nil || !strings.Contains(err.Error(), "more objects than the 100 that were asked for") {
		t.Errorf("error %v", err)
	}
	f := &stripeFake{now: t0}
	f.fault = func(_ int, w http.ResponseWriter, r *http.Request) bool {
		switch r.URL.Path {
		case "/v1/charges":
			say(w, `{"object":"list","has_more":false,"data":[{"id":"ch_1","object":"charge","created":5,"refunds":{"object":"list","has_more":true,"data":[],"url":"/v1/x/y"}}]}`)
		default:
			say(w, page(101))
		}
		return true
	}
	c := fastClient(t, f, 100)
	collect(t, c, "charges", `{"v":2,"windows":[{"lt":9}],"goal":9}`, Range{To: unixTime(9)})
	if failed := c.Failures(); len(failed) != 1 || !strings.Contains(failed[0].Message, "more objects than the 100") || c.Requests() != 2 {
		t.Errorf("%d requests, %v", c.Requests(), failed)
	}
}

// For an object with very many incomplete lists only a few are recorded, and one that
// is nested thousands deep costs no time for the others.
func TestNestedListIsBounded(t *testing.T) {
	t.Parallel()
	cut := `{"object":"list","has_more":true,"data":[],"url":"/v1/x"}`
	many := []byte(`{"a":[` + strings.TrimSuffix(strings.Repeat(cut+",", 50_000), ",") + `]}`)
	if n := len(IncompleteLists(many)); n != maxLists+1 {
		t.Errorf("%d lists, want %d", n, maxLists+1)
	}
	deep := []byte(`{"a":` + strings.Repeat("[", 9000) + strings.Repeat("0,", 1_000_000) + cut + strings.Repeat("]", 9000) + `}`)
	lists := IncompleteLists(deep)
	if len(lists) != 1 || len(lists[0]) > maxPointer+10 {
		t.Fatalf("%d lists: %.100q", len(lists), lists)
	}
	if found := findSpans(deep, "/a/0/0", lists[0]); len(found) != 1 {
		t.Errorf("%d places, want the one that is there", len(found))
	}

	// A list that invents objects for ever ends at the size limit.
	var asked atomic.Int64
	row := `{"id":"re_%d","x":"` + strings.Repeat("x", 1<<20) + `"}`
	f := &stripeFake{now: t0, rows: rowsAt(1000)}
	f.fault = func(n int, w http.ResponseWriter, r *http.Request) bool {
		switch r.URL.Path {
		case "/v1/charges":
			say(w, `{"object":"list","has_more":false,"data":[{"id":"ch_1","object":"charge","created":5,"refunds":{"object":"list","has_more":true,"data":[],"url":"/v1/x/y"}}]}`)
		default:
			asked.Add(1)
			say(w, fmt.Sprintf(`{"object":"list","has_more":true,"data":[`+row+`]}`, n))
		}
		return true
	}
	c := fastClient(t, f, 100)
	pages := collect(t, c, "charges", `{"v":2,"windows":[{"lt":9}],"goal":9}`, Range{To: unixTime(9)})
	failed := c.Failures()
	if len(pages) != 1 || pages[0].Objects[0].More != nil || len(failed) != 1 || !strings.Contains(failed[0].Message, "over 4 MiB") || asked.Load() > 6 {
		t.Errorf("%d pages, %d requests, failures %v", len(pages), asked.Load(), failed)
	}
}

// Invariant 8: a list that invents objects for ever, none older than those before, does
// not advance.
func TestEndlessList(t *testing.T) {
	t.Parallel()
	const still = "10000 pages in a row hold nothing older"
	for name, tc := range map[string]struct{ created, want string }{
		"of one second":  {`"created":5`, still},
		"without a time": {`"created":"x"`, still},
		"ever newer":     {`"created":N`, "outside of the span"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := &stripeFake{now: t0}
			f.fault = func(n int, w http.ResponseWriter, _ *http.Request) bool {
				say(w, fmt.Sprintf(`{"object":"list","has_more":true,"data":[{"id":"ch_%d","object":"charge",%s}]}`, n, strings.Replace(tc.created, "N", strconv.Itoa(n), 1)))
				return true
			}
			c := fastClient(t, f, 1)
			var last error
			for _, err := range c.Pages(t.Context(), resource(t, "charges"), `{"v":2,"windows":[{"lt":9}],"goal":9}`, Range{To: unixTime(9)}) {
				last = err
			}
			if last == nil || !strings.Contains(last.Error(), tc.want) || c.Requests() > 3*maxStill {
				t.Errorf("after %d requests: %v", c.Requests(), last)
			}
		})
	}
}

// An answer that drips is cut off, wherever it drips; Retry-After is honoured within
// limits. The network is in memory, so that the clock can be fake: minutes pass at
// once.
func TestSlowAnswer(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		answer func(c net.Conn)
		want   string        // a pattern: of two time-outs at the same moment either may be reported
		most   time.Duration // for all attempts
	}{
		"headers that drip": {func(c net.Conn) { drip(c, "HTTP/1.1 200 OK\r\n", "X-A: b\r\n") }, "(Client.Timeout|context deadline) exceeded", 9 * time.Minute},
		"a body that drips": {func(c net.Conn) { drip(c, "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", " ") }, "its body is cut short", 9 * time.Minute},
		"chunks that drip":  {func(c net.Conn) { drip(c, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "1\r\n \r\n") }, "its body is cut short", 9 * time.Minute},
		"endless headers":   {func(c net.Conn) { flood(c, "HTTP/1.1 200 OK\r\n", strings.Repeat("X-A: b\r\n", 10_000)) }, "server response headers exceeded", time.Minute},
		"endless 1xx":       {func(c net.Conn) { flood(c, "", strings.Repeat("HTTP/1.1 103 Early Hints\r\n\r\n", 1000)) }, "server response headers exceeded", time.Minute},
		"silence":           {func(c net.Conn) { _, _ = io.Copy(io.Discard, c) }, "Client.Timeout exceeded", 9 * time.Minute},
		"Retry-After of a year": {func(c net.Conn) {
			_, _ = io.WriteString(c, "HTTP/1.1 429 x\r\nRetry-After: 31536000\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
		}, "429 rate limited", 11 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				transport := &http.Transport{
					DisableKeepAlives: true,
					DialContext: func(context.Context, string, string) (net.Conn, error) {
						client, server := net.Pipe()
						go func() {
							defer server.Close()
							_, _ = server.Read(make([]byte, 4096))
							tc.answer(server)
						}()
						return client, nil
					},
				}
				c, err := newClient(Config{Key: testKey, BaseURL: "http://127.0.0.1"}, transport)
				if err != nil {
					t.Fatal(err)
				}
				start := time.Now()
				_, err = c.Account(t.Context())
				if took := time.Since(start); err == nil || !regexp.MustCompile(tc.want).MatchString(err.Error()) || took > tc.most {
					t.Errorf("after %v: %.300v\nwant %q after %v at most", took, err, tc.want, tc.most)
				}
				time.Sleep(2 * time.Second) // by the fake clock: the server notices that nobody listens
			})
		})
	}
}

// drip writes a little every second, for ever.
func drip(c net.Conn, first, then string) {
	for text := first; ; text = then {
		if _, err := io.WriteString(c, text); err != nil {
			return
		}
		time.Sleep(time.Second)
	}
}

// flood writes without a pause.
func flood(c net.Conn, first, then string) {
	for text := first; ; text = then {
		if _, err := io.WriteString(c, text); err != nil {
			return
		}
	}
}
