package main

import (
	"testing"

	"github.com/stripelake/stripelake/internal/forecast"
)

func TestNumbersOfAPlan(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ got, want string }{
		{guessed(forecast.Range{Low: 1234, About: 1234, High: 1234}), "1,234"},
		{guessed(forecast.Range{Low: 1149, About: 1250, High: 99_999}), "1,300 (1,100–100,000)"},
		{guessed(forecast.Range{Low: 7, About: 42, High: 99}), "42 (7–99)"},
		{percent(0), "0.0%"},
		{percent(0.0004), "under 0.1%"},
		{percent(0.0512), "5.1%"},
		{percent(4.2), "420%"},
		{lasting(89), "89 s"},
		{lasting(204), "3.4 min"},
		{lasting(20_160), "5.6 h"},
	} {
		if tc.got != tc.want {
			t.Errorf("%q, want %q", tc.got, tc.want)
		}
	}
}
