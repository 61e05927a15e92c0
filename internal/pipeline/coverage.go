package pipeline

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/stripelake/stripelake/extract"
	"github.com/stripelake/stripelake/load"
)

// cover writes what of every account is complete into the state, by the cursors
// of its log: whoever publishes says so.
func (m *materializer) cover(ctx context.Context) error {
	logs, err := m.lake.LogSizes()
	if err != nil {
		return err
	}
	rows := map[string][]load.Coverage{}
	for _, log := range everyResource(logs) {
		row, err := coverageOf(log.Account, log.Stream, extract.Cursor(log.Cursor))
		if err != nil {
			return err
		}
		rows[log.Account] = append(rows[log.Account], row)
	}
	for _, account := range slices.Sorted(maps.Keys(rows)) {
		if err := m.state.SetCoverage(ctx, account, rows[account]); err != nil {
			return err
		}
	}
	return nil
}

func coverageOf(account, resource string, cursor extract.Cursor) (load.Coverage, error) {
	c, err := cursor.Coverage()
	if err != nil {
		return load.Coverage{}, fmt.Errorf("cursor of %s/%s: %w", account, resource, err)
	}
	row := load.Coverage{Account: account, Resource: resource, From: c.From, Through: c.Through, AsOf: c.AsOf, APIVersion: extract.APIVersion}
	if c.Again {
		row.AsOf = time.Time{} // what changed before it may still be missing
	}
	for _, gap := range c.Gaps {
		row.Gaps = append(row.Gaps, load.Gap(gap))
	}
	lacking, err := notFound(cursor)
	for _, n := range lacking {
		row.NotFound = append(row.NotFound, load.NotFound(n))
	}
	return row, err
}

// notFound is what a cursor says of objects that others name and Stripe has not.
// An id that was forgotten stands for nobody.
func notFound(cursor extract.Cursor) ([]extract.NotFound, error) {
	lacking, err := cursor.NotFound()
	return slices.DeleteFunc(lacking, func(n extract.NotFound) bool { return n.ID == forgottenID }), err
}

// failures are the requests that the run gave up.
func failures(m *materializer, sources []source, run load.Run) []load.FailedRequest {
	failed := m.meter.failures()
	for _, src := range sources {
		for _, f := range src.client.Failures() {
			failed = append(failed, load.FailedRequest{
				Account: src.account, At: f.At, What: m.named(src.account, f.What), Status: f.Status,
				Message: m.named(src.account, f.Message), RequestID: f.RequestID,
			})
		}
	}
	for i := range failed {
		failed[i].RunID = run.ID
	}
	return failed
}
