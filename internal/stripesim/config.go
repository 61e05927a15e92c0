package stripesim

import (
	"fmt"
	"regexp"
	"slices"
	"time"
)

// Config says which business to invent and who may read it. The zero value is
// the demo's: 10,000 charges in the year 2025.
type Config struct {
	Seed    int64     // equal seeds give equal bytes; 0 means 1
	Charges int       // exact number of charges; the rest scales with it; 0 means 10,000
	From    time.Time // first second of the business; zero means 2025-01-01 UTC
	To      time.Time // first second after it; zero means 2026-01-01 UTC

	// Keys, if any, are the only API keys accepted. Otherwise every well-formed
	// test-mode key is. Live keys never are.
	Keys []string
	// Forbid names resources as in the path ("refunds", "account") that a
	// restricted key (rk_) may not read.
	Forbid []string
}

// maxCharges keeps record numbers well inside 32 bits.
const maxCharges = 100_000_000

// minSpan is one day: a shorter business has no shape to draw times from.
const minSpan = 24 * time.Hour

// testKey is what a test-mode key looks like. Stripe: the prefix tells the
// kind of key and the mode.
var testKey = regexp.MustCompile(`^(sk|rk)_test_[A-Za-z0-9_]+$`)

// withDefaults fills in what is zero. No default depends on the clock.
func (c Config) withDefaults() Config {
	if c.Seed == 0 {
		c.Seed = 1
	}
	if c.Charges == 0 {
		c.Charges = 10_000
	}
	if c.From.IsZero() {
		c.From = time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	if c.To.IsZero() {
		c.To = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	c.Keys = slices.Clone(c.Keys)
	c.Forbid = slices.Clone(c.Forbid)
	return c
}

func (c Config) check() error {
	switch {
	case c.Charges < 0 || c.Charges > maxCharges:
		return fmt.Errorf("charges: %d is outside 1 to %d", c.Charges, maxCharges)
	case c.To.Sub(c.From) < minSpan:
		return fmt.Errorf("from %s to %s: the business needs at least one day",
			c.From.UTC().Format(time.DateOnly), c.To.UTC().Format(time.DateOnly))
	case c.From.Unix() < 0 || c.To.Unix() > 1<<32:
		return fmt.Errorf("from %d to %d: years 1970 to 2106 only", c.From.UTC().Year(), c.To.UTC().Year())
	}
	for i, key := range c.Keys {
		if !testKey.MatchString(key) {
			// Invariant 11: the key itself is not repeated.
			return fmt.Errorf("keys[%d]: not a test-mode key; use sk_test_… or rk_test_…", i)
		}
	}
	for _, name := range c.Forbid {
		if permission(name) == "" {
			return fmt.Errorf("forbid: no resource %q; use one of %v or %q", name, resourceNames, "account")
		}
	}
	return nil
}
