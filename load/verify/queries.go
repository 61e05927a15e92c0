package verify

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/stripelake/stripelake/load"
)

// Begin starts a check that the caller performs. unit names the things counted in
// LookedAt, in the plural.
func (v *Verification) Begin(account, check, unit string) *Checked {
	return v.begin(account, check, unit)
}

// Query runs a query on the published warehouse, whose tables need no catalog name. It
// scans each row into dest and then calls f.
func (v *Verification) Query(ctx context.Context, dest []any, f func() error, query string, args ...any) error {
	return v.db.Each(ctx, dest, f, query, args...)
}

// OpenLedger makes the published warehouse the default of [Verification.Query] and
// creates the temporary table covered: account, resource, since (NULL: from the
// beginning), through, as_of. The table has only resources that are complete, without
// gaps. OpenLedger reports whether there is a warehouse.
func (v *Verification) OpenLedger(ctx context.Context) (bool, error) {
	if !v.published {
		return false, nil
	}
	newest, err := v.upToDate(ctx)
	if err != nil {
		return false, err
	}
	from := "warehouse" // what the state covers beyond the warehouse is not published yet
	if newest {
		from = "work"
	}
	return true, v.db.Run(ctx, "USE warehouse", fmt.Sprintf(`CREATE TEMP TABLE covered AS
		SELECT account, resource, complete_from AS since, complete_through AS through, as_of FROM %s.meta.coverage c WHERE %s`, from, load.WholeCoverage(from+".")))
}

// Publishes reports whether the warehouse has a table with these columns.
func (v *Verification) Publishes(ctx context.Context, table string, columns ...string) (bool, error) {
	published, err := v.publishedColumns(ctx, table)
	for _, c := range columns {
		if !slices.Contains(published, c) {
			return false, err
		}
	}
	return len(published) > 0, err
}

// LastRead returns the latest time at which anything may have been read from an account
// (UTC). It is the newest answer in its log, or the end of the last run. A run that has
// not ended counts as ending now.
func (v *Verification) LastRead(ctx context.Context, account string, now time.Time) (last time.Time, err error) {
	err = v.db.One(ctx, []any{&last}, "SELECT coalesce(max(observed), TIMESTAMP '1970-01-01') FROM temp.versions WHERE account = ?", account)
	if err != nil || v.noState != "" {
		return now, err
	}
	var run time.Time
	err = v.db.One(ctx, []any{&run}, "SELECT coalesce(max(coalesce(finished, ?)), ?) FROM work.meta.runs", now, now)
	if run.After(last) {
		last = run
	}
	return last.UTC(), err
}

// Recorded returns the time up to which the state records each resource of an account
// as complete (UTC).
func (v *Verification) Recorded(ctx context.Context, account string) (map[string]time.Time, error) {
	through := map[string]time.Time{}
	if v.noState != "" {
		return through, nil
	}
	var resource string
	var at time.Time
	return through, v.db.Each(ctx, []any{&resource, &at}, func() error {
		through[resource] = at.UTC()
		return nil
	}, "SELECT resource, complete_through FROM work.meta.coverage WHERE account = ? AND complete_through IS NOT NULL", account)
}

// DisputedCharges is [load.State.DisputedCharges] for the verified state. Without a
// state it returns no charges.
func (v *Verification) DisputedCharges(ctx context.Context, account string, ids []string) (map[string]string, error) {
	if v.noState != "" {
		return nil, nil
	}
	return load.DisputedChargesIn(ctx, v.db.Session, &v.feed, "work.meta.dispute_charges", account, ids)
}
