package main

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/stripelake/stripelake/internal/pipeline"
)

// timeSpan is a flag's duration. Besides Go's units it takes days of 24 hours: 90d,
// 1d12h. It is never negative.
type timeSpan time.Duration

// Set reads a flag's value.
func (s *timeSpan) Set(text string) error {
	days, rest, hasDays := strings.Cut(text, "d")
	if !hasDays {
		days, rest = "0", text
	}
	n, err := strconv.ParseUint(days, 10, 16)
	var part time.Duration
	if err == nil && (rest != "" || !hasDays) {
		part, err = time.ParseDuration(rest)
	}
	if err != nil || part < 0 || n > math.MaxInt64/uint64(24*time.Hour)-1 {
		return fmt.Errorf("it is not a duration like 90s, 36h or 90d")
	}
	*s = timeSpan(time.Duration(n)*24*time.Hour + part)
	return nil
}

// String returns the value as a flag takes it.
func (s *timeSpan) String() string {
	const day = 24 * time.Hour
	d := time.Duration(*s)
	switch {
	case d == 0:
		return "0"
	case d%day == 0:
		return strconv.Itoa(int(d/day)) + "d"
	}
	return pipeline.DurationText(d)
}
