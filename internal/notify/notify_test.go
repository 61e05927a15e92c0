package notify

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// Trouble is told when it begins, when it changes, and once a day; its end once.
func TestDecide(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	memory := Memory{}
	for i, step := range []struct {
		after  time.Duration
		status int
		on     []string
		want   string // event, or ""
	}{
		{0, 0, Events(), ""},
		{time.Hour, 3, Events(), Failed},
		{2 * time.Hour, 3, Events(), ""},
		{3 * time.Hour, 1, Events(), Failed}, // something else is wrong
		{4 * time.Hour, 1, Events(), ""},
		{28 * time.Hour, 1, Events(), Failed}, // a day later
		{29 * time.Hour, 0, Events(), Recovered},
		{30 * time.Hour, 0, Events(), ""},
		{31 * time.Hour, 3, []string{Stale}, ""},
		{32 * time.Hour, 0, Events(), ""}, // what was not told does not end either
		{33 * time.Hour, 3, []string{Failed}, Failed},
		{34 * time.Hour, 0, []string{Failed}, ""},
	} {
		now := start.Add(step.after)
		m := memory.Decide(Outcome{Command: "sync", Lake: "lake", Status: step.status, Event: Failed}, step.on, now)
		got := ""
		if m != nil {
			got = m.Event
			memory.Tell("sync", now)
		}
		if got != step.want {
			t.Errorf("step %d: told %q, want %q", i, got, step.want)
		}
		if m != nil && m.Event == Recovered && !m.Since.Equal(start.Add(time.Hour)) {
			t.Errorf("since %s", m.Since)
		}
	}
}

// What could not be delivered is tried in the next run again.
func TestUndeliveredIsToldLater(t *testing.T) {
	t.Parallel()
	now := time.Now().UTC()
	memory, failed := Memory{}, Outcome{Command: "sync", Status: 1, Event: Failed}
	if memory.Decide(failed, Events(), now) == nil || memory.Decide(failed, Events(), now.Add(time.Minute)) == nil {
		t.Error("trouble that was not delivered is not told again")
	}
}

// recorder answers with the codes given, the last one for ever.
type recorder struct {
	mu     sync.Mutex
	codes  []int
	bodies []string
	heads  []http.Header
}

func (r *recorder) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	text, _ := io.ReadAll(request.Body)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.bodies, r.heads = append(r.bodies, string(text)), append(r.heads, request.Header)
	w.Header().Set("Location", "/elsewhere")
	w.WriteHeader(r.codes[0])
	if len(r.codes) > 1 {
		r.codes = r.codes[1:]
	}
}

func TestPost(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		codes []int
		tries int
		want  string // in the error
	}{
		"delivered":                  {[]int{204}, 1, ""},
		"after two failures":         {[]int{503, 429, 200}, 3, ""},
		"down":                       {[]int{503}, 3, "127.0.0.1: it answers 503"},
		"gone":                       {[]int{410}, 1, "127.0.0.1: it answers 410"},
		"a redirect is not followed": {[]int{302}, 1, "a redirect, which is not followed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := &recorder{codes: tc.codes}
			server := httptest.NewServer(r)
			defer server.Close()
			err := Sender{Waits: []time.Duration{0, 0}}.Post(context.Background(), server.URL+"/hook/secret", &Message{Format: 1, Event: Failed})
			if (err == nil) != (tc.want == "") || err != nil && !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error %v, want %q", err, tc.want)
			}
			if err != nil && strings.Contains(err.Error(), "secret") {
				t.Errorf("the error has the address: %v", err)
			}
			if len(r.bodies) != tc.tries {
				t.Errorf("%d attempts, want %d", len(r.bodies), tc.tries)
			}
			var m Message
			if err := json.Unmarshal([]byte(r.bodies[0]), &m); err != nil || m.Event != Failed {
				t.Errorf("posted %q: %v", r.bodies[0], err)
			}
			if a := r.heads[0].Get("Authorization"); a != "" {
				t.Errorf("a credential is sent: %q", a)
			}
		})
	}
}

func TestNoAnswer(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.NotFoundHandler())
	address := server.URL + "/secret"
	server.Close()
	err := Sender{Waits: []time.Duration{}}.Ping(t.Context(), address)
	if err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("error %v", err)
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	for address, sound := range map[string]bool{
		"https://example.com/x": true, "http://127.0.0.1:80/x": true, "http://localhost/": true, "http://[::1]:1/": true,
		"http://example.com/secret": false, "example.com/secret": false, "": false, "ftp://example.com/secret": false, "https://": false, "http://127.0.0.1.example.com/secret": false,
	} {
		if _, err := Check(address); (err == nil) != sound || err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", address, err)
		}
	}
}
