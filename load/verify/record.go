package verify

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/stripelake/stripelake/internal/sqltext"
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
	err := v.db.Run(ctx, "DETACH work", "ATTACH "+sqltext.Literal(lakedir.Database(v.lake.Dir()))+" AS work")
	for _, c := range v.Checks {
		if err == nil {
			_, err = v.db.Exec(ctx, `INSERT INTO work.meta.verifications VALUES (?, ?, ?, ?, ?, ?)`, runID, c.Account, c.Check, c.LookedAt, c.Found, at.UTC())
		}
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
