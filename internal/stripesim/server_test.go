package stripesim

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// digest hashes every byte that a server can serve.
func digest(s *Server) string {
	h := sha256.New()
	w := newWriter(viewOf(s.moment().at))
	s.renderAccount(w)
	h.Write(w.buf)
	for _, name := range resourceNames {
		for _, raw := range s.Ledger().Raw(name) {
			h.Write(raw)
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}

// The default account never changes by accident, on any machine.
func TestDigest(t *testing.T) {
	t.Parallel()
	golden(t, "testdata/account.sha256", digest(newTestServer(t, Config{}))+"\n")
}

func TestSeeds(t *testing.T) {
	t.Parallel()
	one, again := digest(newTestServer(t, Config{Charges: 300})), digest(newTestServer(t, Config{Seed: 1, Charges: 300}))
	if one != again {
		t.Error("one configuration, two businesses")
	}
	if two := digest(newTestServer(t, Config{Seed: 2, Charges: 300})); one == two {
		t.Error("two seeds, one business")
	}
}

func TestConfigErrors(t *testing.T) {
	t.Parallel()
	at := time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)
	for want, cfg := range map[string]Config{
		"charges: -1":            {Charges: -1},
		"needs at least one day": {From: at, To: at.Add(time.Hour)},
		"years 1970 to 2106":     {From: at, To: at.AddDate(200, 0, 0)},
		"keys[1]: not a test":    {Keys: []string{"sk_test_abc", "sk_live_abc"}},
		`no resource "quotes"`:   {Forbid: []string{"quotes"}},
		`shape: no "round"`:      {Shape: "round"},
		"deletions: 1001":        {Deletions: 1001},
		"chosen ids: 1001":       {ChosenIDs: 1001},
		"variants: -1":           {Variants: -1},
		"speed: -1":              {Speed: -1},
		"a now to start from":    {Speed: 1},
		`event version: "new"`:   {EventVersion: "new"},
		"accounts: 101":          {Accounts: 101},
		"lag, late and latency":  {Lag: -time.Second},
		"limits: less":           {Limits: Limits{Concurrent: -1}},
		"rate 2 is outside":      {Faults: Faults{Rate: 2}},
		`no kind "flood"`:        {Faults: Faults{Scripted: []Fault{{Kind: "flood"}}}},
		`no kind "rain"`:         {Faults: Faults{Kinds: []FaultKind{"rain"}}},
		"nth and times count":    {Faults: Faults{Scripted: []Fault{{Kind: Reset, Nth: -1}}}},
	} {
		_, err := New(cfg)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("New(%+v) = %v, want …%s…", cfg, err, want)
		}
		if err != nil && strings.Contains(err.Error(), "sk_live_abc") {
			t.Errorf("invariant 11: %v repeats the key", err)
		}
	}
}

// Any size and any span of a day or more makes a business.
func TestSmallest(t *testing.T) {
	t.Parallel()
	from := time.Date(2024, 2, 29, 13, 7, 5, 0, time.UTC)
	for _, cfg := range []Config{
		{Charges: 1},
		{Charges: 2, Seed: -7},
		{Charges: 50, From: from, To: from.Add(minSpan)},
		{Charges: 400, From: from, To: from.AddDate(6, 0, 1)},
	} {
		s := newTestServer(t, cfg)
		if got := s.Ledger().Count("charges"); got != cfg.Charges {
			t.Errorf("%+v: %d charges", cfg, got)
		}
		checkTruth(t, s)
	}
}

func TestStart(t *testing.T) {
	t.Parallel()
	s := newTestServer(t, Config{Charges: 20})
	for _, addr := range []string{"0.0.0.0:0", ":0", "example.com:80", "[::]:0", "nonsense"} {
		if _, _, err := s.Start(addr); err == nil || !strings.Contains(err.Error(), "use 127.0.0.1:PORT") {
			t.Errorf("Start(%q) = %v, want a refusal", addr, err)
		}
	}
	url, stop, err := s.Start("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	seen := map[string]bool{}
	for range 3 {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url+"/v1/account", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.SetBasicAuth("rk_test_abc", "")
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		var account struct{ ID, Object string }
		if err := json.Unmarshal(body, &account); err != nil || account.Object != "account" || account.ID != s.account {
			t.Errorf("account: %s (%v)", body, err)
		}
		h := resp.Header
		if h.Get("Stripe-Version") != "2023-10-16" || h.Get("Content-Type") != "application/json" || h.Get("Date") == "" {
			t.Errorf("headers: %v", h)
		}
		seen[h.Get("Request-Id")] = true
	}
	if len(seen) != 3 {
		t.Errorf("request ids repeat: %v", seen)
	}
	if n := s.Requests()["/v1/account"]; n != 3 {
		t.Errorf("counted %d requests, want 3", n)
	}
}
