package pipeline_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"
)

// pageIlls are what hostile or broken servers and proxies answer.
var pageIlls = map[string]func(a *answer, r *rand.Rand){
	"truncated": func(a *answer, r *rand.Rand) { a.body = a.body[:r.IntN(len(a.body)+1)] },
	"cut":       func(a *answer, r *rand.Rand) { a.send = sendPart(r.IntN(len(a.body)+1), 0) },
	"dripping": func(a *answer, r *rand.Rand) {
		a.send = sendPart(len(a.body), time.Duration(1+r.IntN(300))*time.Millisecond)
	},
	"reset":          func(a *answer, _ *rand.Rand) { a.send = sendPart(0, 0) },
	"not JSON":       func(a *answer, _ *rand.Rand) { a.body = []byte("<html><body>Welcome to the proxy</body></html>") },
	"garbled":        func(a *answer, r *rand.Rand) { a.body[r.IntN(len(a.body))] ^= byte(1 << r.IntN(8)) },
	"bytes after it": func(a *answer, _ *rand.Rand) { a.body = append(bytes.Clone(a.body), "\n{\"object\":\"charge\"}"...) },
	"stray bytes":    func(a *answer, _ *rand.Rand) { a.send = sendStray },
	"broken gzip":    func(a *answer, _ *rand.Rand) { a.header.Set("Content-Encoding", "gzip") },
	"redirected": func(a *answer, _ *rand.Rand) {
		a.code = 302
		a.header.Set("Location", "https://169.254.169.254/v1/charges")
	},
	"the page before":  func(a *answer, _ *rand.Rand) { a.body = bytes.Clone(orElse(a.before, a.body)) },
	"has_more forever": listed(func(l map[string]any, _ *rand.Rand) { l["has_more"] = true }),
	"ends early":       listed(func(l map[string]any, _ *rand.Rand) { l["has_more"] = false }),
	"no data, more":    listed(func(l map[string]any, _ *rand.Rand) { l["data"], l["has_more"] = []any{}, true }),
	"nothing":          listed(func(l map[string]any, _ *rand.Rand) { l["data"], l["has_more"] = []any{}, false }),
	"one less":         listed(oneLess),
	"twice":            listed(func(l map[string]any, _ *rand.Rand) { l["data"] = append(dataOf(l), dataOf(l)...) }),
	"upside down":      listed(upsideDown),
	"too many":         listed(tooMany),
	"status": func(a *answer, r *rand.Rand) {
		a.code = []int{400, 401, 402, 403, 404, 408, 409, 418, 429, 429, 500, 500, 502, 503, 503, 504, 204, 304}[r.IntN(18)]
		if r.IntN(2) == 0 {
			a.body = []byte(`{"error":{"type":"invalid_request_error","code":"resource_missing","param":"id","message":"No such thing\u001b[2J"}}`)
		}
		if a.code == 204 || a.code == 304 {
			a.body = nil
		}
	},
}

// clockIlls are what is wrong with the time that answers are dated with.
var clockIlls = map[string]func(a *answer, r *rand.Rand){
	"dates now ahead, now behind": func(a *answer, r *rand.Rand) { a.shift(far(r)) },
	"no date":                     func(a *answer, _ *rand.Rand) { a.header["Date"] = nil },
	"a date that is none":         func(a *answer, _ *rand.Rand) { a.header.Set("Date", "the day before yesterday") },
}

// far is a time ahead or behind, from a minute to three years.
func far(r *rand.Rand) time.Duration {
	by := time.Duration([]int{1, 59, 60 * 24, 90 * 60 * 24, 3 * 365 * 60 * 24}[r.IntN(5)]) * time.Minute
	if r.IntN(2) == 0 {
		return -by
	}
	return by
}

func (a *answer) shift(by time.Duration) {
	if date, err := http.ParseTime(a.header.Get("Date")); err == nil {
		a.header.Set("Date", date.Add(by).Format(http.TimeFormat))
	}
}

// sendPart sends a part of what was announced, with a pause in its middle, and
// breaks off where that is not all.
func sendPart(n int, pause time.Duration) func(http.ResponseWriter, *answer) {
	return func(w http.ResponseWriter, a *answer) {
		w.Header().Set("Content-Length", strconv.Itoa(len(a.body)))
		if n > 0 {
			w.WriteHeader(a.code)
			_, _ = w.Write(a.body[:n/2])
			_ = http.NewResponseController(w).Flush()
			time.Sleep(pause) // the drip itself, which no test waits for
			_, _ = w.Write(a.body[n/2 : n])
		}
		if n < len(a.body) || n == 0 {
			panic(http.ErrAbortHandler)
		}
	}
}

// sendStray sends more than it announced, past what Go's server would allow.
func sendStray(w http.ResponseWriter, a *answer) {
	conn, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	defer func() { _ = conn.Close() }()
	fmt.Fprintf(buffered, "HTTP/1.1 %d Told\r\nDate: %s\r\nRequest-Id: req_stray\r\nContent-Length: %d\r\n\r\n", a.code, a.header.Get("Date"), len(a.body))
	_, _ = buffered.Write(a.body)
	_, _ = io.WriteString(buffered, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
	_ = buffered.Flush()
}

// listed makes of a change of a list an ill of answers that are one.
func listed(change func(list map[string]any, r *rand.Rand)) func(*answer, *rand.Rand) {
	return func(a *answer, r *rand.Rand) {
		list, ok := parsed(a.body)
		if !ok || list["object"] != "list" {
			return
		}
		change(list, r)
		a.body, _ = json.Marshal(list)
	}
}

// parsed is an object with its numbers as they are written.
func parsed(text []byte) (object map[string]any, ok bool) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	return object, d.Decode(&object) == nil && object != nil
}

func dataOf(list map[string]any) []any {
	data, _ := list["data"].([]any)
	return data
}

func oneLess(list map[string]any, r *rand.Rand) {
	if data := dataOf(list); len(data) > 0 {
		i := r.IntN(len(data))
		list["data"] = append(data[:i:i], data[i+1:]...)
	}
}

func upsideDown(list map[string]any, r *rand.Rand) {
	data := dataOf(list)
	r.Shuffle(len(data), func(i, j int) { data[i], data[j] = data[j], data[i] })
}

// tooMany adds objects that nobody has, until there are more than were asked for.
func tooMany(list map[string]any, r *rand.Rand) {
	data := dataOf(list)
	for i := 0; len(data) > 0 && i < 120; i++ {
		text, _ := json.Marshal(data[0])
		more, _ := parsed(text)
		more["id"] = fmt.Sprintf("%v_%d", more["id"], r.IntN(1e9))
		data = append(data, more)
	}
	list["data"] = data
}

func orElse(text, otherwise []byte) []byte {
	if len(text) == 0 {
		return otherwise
	}
	return text
}
