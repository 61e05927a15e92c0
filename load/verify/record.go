package verify

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/stripelake/stripelake/internal/sqltext"
	"github.com/stripelake/stripelake/load/internal/duck"
	"github.com/stripelake/stripelake/load/internal/lakedir"
)

// Record saves the outcome of each check in meta.verifications, which the next
// generation publishes. It does not change the revision, so it causes no publish. It
// must be the last call on a Verification: it opens the state for writing. It leaves a
// damaged or read-only state as it is, without a record.
func (v *Verification) Record(ctx context.Context, runID string, at time.Time) error {
	damaged := slices.ContainsFunc(v.Checks, func(c *Checked) bool {
		return slices.ContainsFunc(c.Findings, func(f Finding) bool { return f.Name == "state damaged" })
	})
	if v.noState != "" || damaged || v.ReadOnly {
		return nil
	}
	err := v.db.Run(ctx, "DETACH work", "ATTACH "+sqltext.Literal(lakedir.Database(v.lake.Dir()))+" AS work"+duck.OfState)
	if err == nil {
		err = v.insertChecks(ctx, runID, at)
	}
	if err == nil {
		err = v.db.Run(ctx, "CHECKPOINT work", "DETACH work")
	}
	v.noState = "closed"
	if err != nil {
		return fmt.Errorf("record the verification: %w", err)
	}
	return nil
}

// insertChecks adds a row for each check.
func (v *Verification) insertChecks(ctx context.Context, runID string, at time.Time) error {
	return v.feed.Insert(ctx, v.db.Session, "work.meta.verifications", len(v.Checks), func(i int) []any {
		c := v.Checks[i]
		return []any{runID, c.Account, c.Check, c.LookedAt, c.Found, at.UTC()}
	}, duck.KindText, duck.KindText, duck.KindText, duck.KindBigint, duck.KindBigint, duck.KindTime)
}
