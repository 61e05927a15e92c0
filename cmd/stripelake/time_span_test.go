package main

import (
	"testing"
	"time"
)

func TestTimeSpans(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]struct {
		span time.Duration
		text string
	}{
		"0":       {0, "0"},
		"0s":      {0, "0"},
		"90s":     {90 * time.Second, "1m30s"},
		"5m":      {5 * time.Minute, "5m"},
		"36h":     {36 * time.Hour, "36h"},
		"48h":     {48 * time.Hour, "2d"},
		"90d":     {90 * 24 * time.Hour, "90d"},
		"1d12h":   {36 * time.Hour, "36h"},
		"0d30m":   {30 * time.Minute, "30m"},
		"1h1m1s":  {time.Hour + time.Minute + time.Second, "1h1m1s"},
		"65535d":  {65535 * 24 * time.Hour, "65535d"},
		"":        {-1, ""},
		"d":       {-1, ""},
		"5":       {-1, ""},
		"-5m":     {-1, ""},
		"-1d":     {-1, ""},
		"1d-2h":   {-1, ""},
		"1.5d":    {-1, ""},
		"1d2d":    {-1, ""},
		"999999d": {-1, ""},
		"soon":    {-1, ""},
	} {
		var got timeSpan
		err := got.Set(text)
		if (err != nil) != (want.span < 0) {
			t.Errorf("%q: error %v", text, err)
		}
		if err == nil && (time.Duration(got) != want.span || got.String() != want.text) {
			t.Errorf("%q is %v, shown as %q; want %v and %q", text, time.Duration(got), got.String(), want.span, want.text)
		}
	}
}
