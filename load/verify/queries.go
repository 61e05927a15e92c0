package verify

import (
	"context"
	"fmt"
	"time"

	"github.com/stripelake/stripelake/load"
)

// Begin starts a check of the caller's own.
func (v *Verification) Begin(account, check, unit string) *Checked {
	return v.begin(account, check, unit)
}

// Query runs a query of the caller's on the published warehouse, whose tables
// need no catalog, and calls f for each row that it scanned into dest.
func (v *Verification) Query(ctx context.Context, dest []any, f func() error, query string, args ...any) error {
	return v.db.Each(ctx, dest, f, query, args...)
}

// OpenLedger makes the published warehouse the default of [Verification.Query] and
// creates the temporary table covered of what is complete: account, resource, since
// (null: the beginning), through, as_of. What has gaps is not in it. It reports
// whether there is a warehouse to ask.
func (v *Verification) OpenLedger(ctx context.Context) (bool, error) {
	if !v.published {
		return false, nil
	}
	newest, err := v.upToDate(ctx)
	if err != nil {
		return false, err
	}
	from := "warehouse" // what the state covers beyond it is not published yet
	if newest {
		from = "work"
	}
	return true, v.db.Run(ctx, "USE warehouse", fmt.Sprintf(`CREATE TEMP TABLE covered AS
		SELECT account, resource, complete_from AS since, complete_through AS through, as_of FROM %s.meta.coverage c WHERE %s`, from, load.WholeCoverage(from+".")))
}

// Publishes reports whether the warehouse has a table with these columns.
func (v *Verification) Publishes(ctx context.Context, table string, columns ...string) (bool, error) {
	found := map[string]bool{}
	var column string
	err := v.db.Each(ctx, []any{&column}, func() error {
		found[column] = true
		return nil
	}, "SELECT column_name FROM duckdb_columns() WHERE database_name = 'warehouse' AND schema_name = 'main' AND table_name = ?", table)
	for _, c := range columns {
		if !found[c] {
			return false, err
		}
	}
	return len(found) > 0, err
}

// LastRead returns until when anything may have been read of an account (UTC):
// the newest answer in its log, or the end of the last run, which is now where a
// run has not ended.
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

// Recorded returns up to when the state says each resource of an account is
// complete.
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

// DisputedCharges is [load.State.DisputedCharges] of the state that is verified; where
// there is none, no charge is known.
func (v *Verification) DisputedCharges(ctx context.Context, account string, ids []string) (map[string]string, error) {
	if v.noState != "" {
		return nil, nil
	}
	return load.DisputedChargesIn(ctx, v.db.Session, &v.feed, "work.meta.dispute_charges", account, ids)
}
