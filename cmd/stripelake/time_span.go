package main

import (
	"strconv"
	"time"

	"github.com/stripelake/stripelake/internal/pipeline"
	"github.com/stripelake/stripelake/internal/settings"
)

// timeSpan is a flag's duration, as settings.ParseDuration reads it.
type timeSpan time.Duration

// Set reads a flag's value.
func (s *timeSpan) Set(text string) error {
	d, err := settings.ParseDuration(text)
	*s = timeSpan(d)
	return err
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
