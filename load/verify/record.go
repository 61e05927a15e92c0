package verify

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/stripelake/stripelake/internal/sqltext"
	"github.com/stripelake/stripelake/load/internal/lakedir"
)

// Record keeps the outcome of each check in meta.verifications, which the next
// generation shows. It changes no revision, and so makes nobody publish. It is
// the last thing that a verification does: the state is opened for writing. One
// that is damaged or read-only is left as it is, and keeps no record.
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
