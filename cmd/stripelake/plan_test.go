package main

import (
	"testing"

	"github.com/stripelake/stripelake/internal/forecast"
)

func TestNumbersOfAPlan(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ got, want string }{
		{rangeText(forecast.Range{Low: 1234, About: 1234, High: 1234}), "1,234"},
		{rangeText(forecast.Range{Low: 1149, About: 1250, High: 99_999}), "1,300 (1,100–100,000)"},
		{rangeText(forecast.Range{Low: 7, About: 42, High: 99}), "42 (7–99)"},
		{percentText(0), "0.0%"},
		{percentText(0.0004), "under 0.1%"},
		{percentText(0.0512), "5.1%"},
		{percentText(4.2), "420%"},
		{durationText(89), "89 s"},
		{durationText(204), "3.4 min"},
		{durationText(20_160), "5.6 h"},
	} {
		if tc.got != tc.want {
			t.Errorf("%q, want %q", tc.got, tc.want)
		}
	}
}
