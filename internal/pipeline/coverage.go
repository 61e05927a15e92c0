package pipeline

import (
	"context"
	"fmt"
	"time"

	"github.com/stripelake/stripelake/extract"
	"github.com/stripelake/stripelake/load"
)

// record keeps what the run read and what it did not, for meta.coverage and
// meta.requests.
func record(ctx context.Context, m *materializer, sources []source, failed []load.FailedRequest) error {
	for _, src := range sources {
		var rows []load.Coverage
		for _, resource := range extract.Resources() {
			cursor, err := src.log.Cursor(resource.Name)
			if err != nil {
				return err
			}
			row, err := coverageOf(src.account, resource.Name, extract.Cursor(cursor))
			if err != nil {
				return err
			}
			rows = append(rows, row)
		}
		if err := m.state.SetCoverage(ctx, src.account, rows); err != nil {
			return err
		}
	}
	return m.state.AddFailed(ctx, failed)
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
	return row, nil
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
