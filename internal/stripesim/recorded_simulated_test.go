package stripesim

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"
)

// everything returns a business with all switches on, in an API version.
func everything(version string, charges int) Config {
	return Config{
		Seed: 4, Charges: charges, Wide: true, LongLists: true, Pricing: true, Deletions: 100, ChosenIDs: 100, Variants: 500, EventVersion: version,
		CapturesSince: time.Date(2025, 11, 1, 0, 0, 0, 0, time.UTC),
	}
}

// drawSimulated draws the simulator's objects in its events' API version: in
// the middle of a business, and after each action at its end.
func drawSimulated(t *testing.T, cfg Config, into ...*drawing) {
	t.Helper()
	s := newTestServer(t, cfg)
	s.SetNow(time.Unix((s.business.tl.from+s.business.tl.to)/2, 0))
	drawServer(t, s, into)
	s.SetNow(s.cfg.To)
	// Two authorisations come first: the later actions capture, capture in part
	// and release those charges.
	for _, action := range append([]Action{AuthorizeCharge, AuthorizeCharge}, append(Actions(), DeletePrice)...) {
		if ids, err := s.Change(action, 3); err != nil || len(ids) == 0 {
			t.Fatal(action, ids, err)
		}
	}
	drawServer(t, s, into)
}

// drawServer draws all objects as a request for one shows them, with everything
// expanded and with nothing, and all events.
func drawServer(t *testing.T, s *Server, into []*drawing) {
	t.Helper()
	draw := func(res *resource, v view) {
		lo, hi := res.window(query{from: noCreated, to: unsetNow}, v.at)
		for n := lo; n < hi; n++ {
			if res.isNotFound(n, v.at) {
				continue
			}
			w := newWriter(v)
			res.render(w, n)
			dec := json.NewDecoder(bytes.NewReader(w.buf))
			dec.UseNumber()
			var o map[string]any
			if err := dec.Decode(&o); err != nil {
				t.Fatalf("%v: %s", err, w.buf)
			}
			for _, d := range into {
				d.object(o)
			}
		}
	}
	at := s.moment().at
	bare, full := viewOf(at), viewOf(at)
	bare.version, full.version = s.cfg.EventVersion, s.cfg.EventVersion
	full.tiers, full.options, full.refunds = true, true, true
	for i := range s.resources {
		draw(&s.resources[i], bare)
		if len(s.resources[i].expands) > 0 {
			draw(&s.resources[i], full)
		}
	}
	for _, name := range furtherNames {
		if res := s.resource(name); res.since <= bare.version {
			draw(res, bare)
		}
	}
	draw(s.business.events(at), bare)
}
