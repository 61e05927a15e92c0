package extract

import (
	"net/http"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// One answer with a date in the future is not accepted alone, whichever it is; two that
// agree are.
func TestOneWrongDateIsNotBelieved(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	for name, tc := range map[string]struct {
		ahead []time.Duration // of the answers; later answers have the last one
		want  time.Duration
		known bool
	}{
		"right":                  {[]time.Duration{0}, 0, true},
		"the first wrong":        {[]time.Duration{90 * day, 0}, 0, true},
		"the last wrong":         {[]time.Duration{0, 0, 90 * day}, 0, true},
		"one wrong":              {[]time.Duration{90 * day}, 0, false},
		"our clock behind":       {[]time.Duration{90 * day, 90*day + time.Second}, 90 * day, true},
		"it jumps":               {[]time.Duration{0, 90 * day, 90 * day}, 90 * day, true},
		"the first in the past":  {[]time.Duration{-90 * day, 0, 0}, 0, true},
		"one in the past":        {[]time.Duration{0, -90 * day}, 0, true},
		"two that do not agree":  {[]time.Duration{90 * day, 30 * day}, 0, false},
		"a few minutes are none": {[]time.Duration{4 * time.Minute}, 4 * time.Minute, true},
	} {
		c := &Client{}
		var at time.Time
		for _, ahead := range tc.ahead {
			at = c.clock.note(http.Header{"Date": {time.Now().UTC().Add(ahead).Format(http.TimeFormat)}})
		}
		if difference(time.Until(at), tc.want) > time.Minute {
			t.Errorf("%s: the last answer is of %v", name, at)
		}
		got := c.ServerTime()
		if got.IsZero() == tc.known || tc.known && difference(time.Until(got), tc.want) > time.Minute || c.clock.unsure() == tc.known {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// The client requests the account again if its answer alone has the time, and lists
// nothing up to a day in the future.
func TestAccountDatedInTheFuture(t *testing.T) {
	t.Parallel()
	wrong := time.Now().UTC().AddDate(0, 3, 0)
	asked := 0
	c := fastClient(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		date := time.Now().UTC()
		if r.URL.Path == "/v1/account" {
			if asked++; asked == 1 {
				date = wrong
			}
			w.Header().Set("Date", date.Format(http.TimeFormat))
			say(w, `{"id":"acct_1","object":"account"}`)
			return
		}
		w.Header().Set("Date", date.Format(http.TimeFormat))
		say(w, `{"object":"list","has_more":false,"data":[]}`)
	}), 100)
	if _, err := c.Account(t.Context()); err != nil || asked != 2 {
		t.Errorf("asked %d times: %v", asked, err)
	}
	pages := collect(t, c, "charges", "", Range{})
	coverage, err := pages[len(pages)-1].Cursor.Coverage()
	if err != nil || coverage.Through.After(time.Now()) {
		t.Errorf("through %v, %v", coverage.Through, err)
	}
}

// A rewound cursor claims nothing after that time, and no more about earlier times than
// before.
func TestRewind(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		p := progress{V: 2, AsOf: rapid.Int64Range(0, 2000).Draw(rt, "as of")}
		top := rapid.Int64Range(10, 2000).Draw(rt, "top")
		for at := top; at > 5 && rapid.Bool().Draw(rt, "another"); {
			lower := rapid.Int64Range(1, at-1).Draw(rt, "gte")
			p.Windows = append(p.Windows, window{GTE: &lower, LT: at})
			at = rapid.Int64Range(1, lower).Draw(rt, "below")
		}
		if p.High = top; len(p.Windows) > 0 {
			p.High, p.Goal = rapid.Int64Range(0, p.Windows[len(p.Windows)-1].LT).Draw(rt, "high"), top
		}
		cursor, err := p.encode()
		if err != nil {
			rt.Fatal(err)
		}
		to := rapid.Int64Range(1, 2000).Draw(rt, "to")
		rewound, err := cursor.Rewind(unixTime(to))
		if err != nil {
			rt.Fatal(err)
		}
		read := func(c Cursor, second int64) bool {
			v, err := c.Coverage()
			if err != nil {
				rt.Fatal(err)
			}
			open := false
			for _, gap := range v.Gaps {
				open = open || !gap.From.After(unixTime(second)) && unixTime(second).Before(gap.To)
			}
			return unixTime(second).Before(v.Through) && !open
		}
		for second := range int64(2001) {
			if read(rewound, second) && (second >= to || !read(cursor, second)) {
				rt.Fatalf("%s rewound to %d is %s: it says that %d is read", cursor, to, rewound, second)
			}
		}
		beyond, err := rewound.Beyond(unixTime(to))
		if err != nil || !beyond.IsZero() {
			rt.Fatalf("%s is still beyond %d: %v, %v", rewound, to, beyond, err)
		}
	})
}
