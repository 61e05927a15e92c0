package pipeline

import (
	"context"
	"time"

	"github.com/stripelake/stripelake/extract"
	"github.com/stripelake/stripelake/internal/hint"
	"github.com/stripelake/stripelake/load/verify"
	"github.com/stripelake/stripelake/schemas"
)

// clockSlack is how far apart Stripe's clock and this machine's may be before a
// cursor counts as one from the future.
const clockSlack = 5 * time.Minute

// checkCoverage checks every cursor: whether it can be read, and whether it
// claims more than can have been read (Invariant 9).
func checkCoverage(ctx context.Context, of *schemas.Resources, verification *verify.Verification, now time.Time) error {
	for _, account := range verification.Accounts() {
		c := verification.Begin(account, "coverage", "cursors")
		last, err := verification.LastRead(ctx, account, now)
		if err != nil {
			return err
		}
		recorded, err := verification.Recorded(ctx, account)
		if err != nil {
			return err
		}
		for _, resource := range Streams(of) {
			cursors := verification.Cursors(account, resource.Name)
			for i, cursor := range cursors {
				c.LookedAt++
				f := verify.Finding{What: account + "/" + resource.Name, Fix: "restore the stream's folder in raw/ from a backup"}
				coverage, err := extract.Cursor(cursor).Coverage()
				ahead, _ := extract.Cursor(cursor).Beyond(now) // it fails where the coverage does
				switch beyond := last.Add(clockSlack); {
				case err != nil && i < len(cursors)-1:
					continue // extraction continues from a newer one
				case err != nil:
					f.Name, f.Says = "cursor damaged", errorText(err)
					if h := hint.Of(err); h != nil {
						f.Says, f.Fix = errorText(h.Err), h.Fix
					}
				case !ahead.IsZero():
					f.Name, f.Fix = "coverage beyond what was read", FixFutureCursor
					f.Says = "it says complete through " + timeText(coverage.Through) + " and followed up to " + timeText(coverage.AsOf) + ", which is to come"
				case coverage.Through.After(beyond) || coverage.AsOf.After(beyond):
					f.Name, f.Says = "coverage beyond what was read", "it says complete through "+timeText(coverage.Through)+" and followed up to "+timeText(coverage.AsOf)+"; the last answer or run was at "+timeText(last)
				case i == len(cursors)-1 && !coverage.Again && recorded[resource.Name].After(coverage.Through):
					f.Name, f.Fix = "coverage beyond the cursor", verify.FixState
					f.Says = "meta.coverage says complete through " + timeText(recorded[resource.Name]) + ", and the cursor " + timeText(coverage.Through)
				default:
					continue
				}
				c.Add(f)
			}
		}
	}
	return nil
}

// FixFutureCursor is the advice about a cursor that lies in the future.
const FixFutureCursor = "run stripelake sync, which lists it again; if this machine's clock is behind, set that"

func timeText(t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	return t.UTC().Format(time.RFC3339)
}
