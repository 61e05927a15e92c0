package stripesim

import (
	"errors"
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

	// These make the business harder to copy. All of it is off when zero.
	Shape     Shape // the distribution of created in time
	LongLists bool  // nested lists over ten: items, refunds of a charge, tiers of a price
	Pricing   bool  // packages, tiers, fractions of a cent, further currencies, coupons, voided invoices
	Deletions int   // how many of a thousand customers are deleted some day
	ChosenIDs int   // how many of a thousand customers and prices have an id that the merchant chose
	Wide      bool  // what changes the six to show more of the others: inquiries, fees that disputes keep, payouts that fail or are manual, transfers, fees; and the others' events
	Variants  int   // how many of a thousand objects have null, or no member, wherever Stripe's may, or have the fields of later years

	// The clock; see SetNow.
	Now   time.Time     // zero leaves it unset
	Speed int           // simulated seconds for each real one, from Now on; 0 means that the clock stands still
	Lag   time.Duration // how long after its creation an object or event appears in lists; whole seconds
	Late  time.Duration // the longest delay, in whole seconds, with which lists show one of eight balance transactions and events

	// EventVersion is the account's API version, in which events are rendered
	// whatever a request asks for; "" means Version.
	EventVersion string
	// CapturesSince is when the shop began to capture with API version
	// 2025-03-31.basil. A partial capture or a release makes a Refund before
	// this time and none after. Zero keeps the simulator's original behaviour:
	// a partial capture makes no Refund and is booked in full with a reversal,
	// a release makes one.
	CapturesSince time.Time
	// Accounts is the number of connected accounts, each a business of its own
	// from another seed.
	Accounts int

	Limits  Limits
	Latency time.Duration // of every answer
	Faults  Faults
	// Tick is the real clock of limits and of Speed; nil means time.Now.
	Tick func() time.Time

	// Keys, if any, are the only API keys accepted. Otherwise every well-formed
	// test-mode key is. Live keys never are.
	Keys []string
	// Forbid names resources as in the path ("refunds", "events", "account") that a
	// restricted key (rk_) may not read.
	Forbid []string
}

// maxCharges keeps record numbers well inside 32 bits.
const maxCharges = 100_000_000

const (
	maxAccounts = 100
	maxSpeed    = 1_000_000
)

// apiVersion matches a date, which since 2024 has a name behind it.
var apiVersion = regexp.MustCompile(`^20\d\d-\d\d-\d\d(\.[a-z]+)?$`)

// minSpan is the shortest business: times are drawn from the shape of a whole
// day.
const minSpan = 24 * time.Hour

// testKey matches test-mode keys. Stripe: the prefix gives the kind of key and
// the mode.
var testKey = regexp.MustCompile(`^(sk|rk)_test_[A-Za-z0-9_]+$`)

// withDefaults replaces zero values by their defaults. No default depends on
// the clock.
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
	if c.EventVersion == "" {
		c.EventVersion = Version
	}
	if c.Tick == nil {
		c.Tick = time.Now
	}
	c.Keys = slices.Clone(c.Keys)
	c.Forbid = slices.Clone(c.Forbid)
	return c
}

func (c Config) checkBehaviour() error {
	switch {
	case !slices.Contains(shapes, c.Shape):
		return fmt.Errorf("shape: no %q; use one of %v", c.Shape, shapes[1:])
	case c.Deletions < 0 || c.Deletions > 1000:
		return fmt.Errorf("deletions: %d is outside 0 to 1000 of a thousand", c.Deletions)
	case c.ChosenIDs < 0 || c.ChosenIDs > 1000:
		return fmt.Errorf("chosen ids: %d is outside 0 to 1000 of a thousand", c.ChosenIDs)
	case c.Variants < 0 || c.Variants > 1000:
		return fmt.Errorf("variants: %d is outside 0 to 1000 of a thousand", c.Variants)
	case c.Speed < 0 || c.Speed > maxSpeed:
		return fmt.Errorf("speed: %d is outside 0 to %d", c.Speed, maxSpeed)
	case c.Speed > 0 && c.Now.IsZero():
		return errors.New("speed: a running clock needs a now to start from")
	case !apiVersion.MatchString(c.EventVersion):
		return fmt.Errorf("event version: %q does not begin with a date like %s", c.EventVersion, Version)
	case c.Accounts < 0 || c.Accounts > maxAccounts:
		return fmt.Errorf("accounts: %d is outside 0 to %d", c.Accounts, maxAccounts)
	case c.Lag < 0 || c.Late < 0 || c.Latency < 0:
		return errors.New("lag, late and latency: less than nothing")
	}
	return errors.Join(c.Limits.check(), c.Faults.check())
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
	if err := c.checkBehaviour(); err != nil {
		return err
	}
	for i, key := range c.Keys {
		if !testKey.MatchString(key) {
			// Invariant 11: the key itself is not repeated.
			return fmt.Errorf("keys[%d]: not a test-mode key; use sk_test_… or rk_test_…", i)
		}
	}
	for _, name := range c.Forbid {
		if permission(name) == "" {
			return fmt.Errorf("forbid: no resource %q; use one of %v, %q or %q", name, slices.Concat(resourceNames, furtherNames), "events", "account")
		}
	}
	return nil
}
