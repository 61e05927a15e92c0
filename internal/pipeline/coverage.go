package pipeline

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/stripelake/stripelake/extract"
	"github.com/stripelake/stripelake/load"
)

// cover writes the coverage of every account into the state, from the cursors
// of its log and the errors of this run. It is called before each publish.
func (m *materializer) cover(ctx context.Context) error {
	logs, err := load.LogSizes(m.lake.Dir())
	if err != nil {
		return err
	}
	before, err := m.state.Runs().Failures(ctx)
	if err != nil {
		return err
	}
	others, err := m.state.OtherVersions(ctx)
	if err != nil {
		return err
	}
	rows := map[string][]load.Coverage{}
	for _, log := range everyResource(m.lake.Resources(), logs) {
		row, err := coverageOf(log, m.outcomes.failure(log.Account, log.Stream, failureOf(before, log)))
		if err != nil {
			return err
		}
		for _, v := range others {
			if v.Account == log.Account && v.Stream == log.Stream {
				row.APIVersion = versionsText(v.Versions, v.Only)
			}
		}
		rows[log.Account] = append(rows[log.Account], row)
	}
	for _, account := range slices.Sorted(maps.Keys(rows)) {
		if err := m.state.Runs().SetCoverage(ctx, account, rows[account]); err != nil {
			return err
		}
	}
	return nil
}

// versionsText lists the API versions that objects came in: others than the one
// asked for, and that one too unless no object came in it.
func versionsText(others []string, only bool) string {
	all := slices.Clone(others)
	if !only {
		all = append(all, extract.APIVersion)
	}
	slices.Sort(all)
	return strings.Join(all, ", ")
}

// noticeVersions reports, once in a run, that answers came in another API
// version than the one asked for.
func noticeVersions(p *progress, accounts []runAccount) {
	var all []string
	for _, a := range accounts {
		all = append(all, a.client.OtherVersions()...)
	}
	slices.Sort(all)
	if all = slices.Compact(all); len(all) > 0 {
		p.warn(fmt.Sprintf("Stripe answered in API version %s, and %s was asked for: %s", strings.Join(all, ", "), extract.APIVersion, FixAPIVersion))
	}
}

// FixAPIVersion is what to do about objects in another API version.
const FixAPIVersion = "look at --api-base and the proxy in between; meta.coverage says what came in it, and meta.drift names the fields that differ"

// coverageOf returns how complete a resource is. meta.coverage, and with it the
// report, and `status` say this and nothing else. failed is why a run could not
// read it, or "".
func coverageOf(log load.LogSize, failed load.Why) (load.Coverage, error) {
	cursor := extract.Cursor(log.Cursor)
	c, err := cursor.Coverage()
	if extract.IsDamagedCursor(err) {
		return load.Coverage{Account: log.Account, Resource: log.Stream, APIVersion: extract.APIVersion, Why: load.WhyCursor}, nil
	}
	if err != nil {
		return load.Coverage{}, fmt.Errorf("cursor of %s/%s: %w", log.Account, log.Stream, err)
	}
	complete := c.Complete()
	row := load.Coverage{
		Account: log.Account, Resource: log.Stream, From: complete.From, Through: complete.To, AsOf: c.AsOf,
		APIVersion: extract.APIVersion, Why: whyIncomplete(c, failed),
	}
	if c.Again || c.Through.IsZero() {
		row.AsOf = time.Time{} // earlier changes may be missing, or everything
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

func whyIncomplete(c extract.Coverage, failed load.Why) load.Why {
	switch {
	case failed == load.WhyForbidden || failed == load.WhyGaveUp:
		return failed
	case c.Through.IsZero():
		return load.WhyNeverRead
	case !c.Whole():
		return load.WhyUnfinished
	case c.Again:
		return load.WhyRelisting
	}
	return failed
}

func failureOf(failures []load.Failure, log load.LogSize) load.Why {
	for _, f := range failures {
		if f.Account == log.Account && f.Resource == log.Stream {
			return f.Why
		}
	}
	return ""
}

// readOutcomes holds how reading ended for the resources that this run tried.
type readOutcomes struct {
	mu    sync.Mutex
	ended map[[2]string]load.Why // by account and resource, events too; "" where it was read to its end
}

// end records how the reading of a resource ended. An interruption is not
// recorded, nor that the client was stopped.
func (r *readOutcomes) end(account, resource string, err error) {
	var why load.Why
	switch local := new(localError); {
	case extract.IsDamagedCursor(err):
		why = load.WhyCursor
	case errors.Is(err, context.Canceled) || errors.As(err, &local) || extract.IsStopped(err):
		return
	case extract.IsForbidden(err):
		why = load.WhyForbidden
	case err != nil:
		why = load.WhyGaveUp
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ended == nil {
		r.ended = map[[2]string]load.Why{}
	}
	r.ended[[2]string{account, resource}] = why
}

// failure returns why a resource, or the changes of its objects, could not be
// read: in this run, or in the last one that tried. before is the reason known
// so far.
func (r *readOutcomes) failure(account, resource string, before load.Why) load.Why {
	r.mu.Lock()
	defer r.mu.Unlock()
	why, tried := r.ended[[2]string{account, resource}]
	events, triedEvents := r.ended[[2]string{account, extract.Events().Name}]
	switch {
	case why != "":
		return why
	case !tried && before != load.WhyNoEvents && before != "":
		return before
	case events != "":
		return load.WhyNoEvents
	case !triedEvents && before == load.WhyNoEvents:
		return before
	}
	return ""
}

// notFound returns the ids in a cursor that other rows name and Stripe does not
// have, without the ids that were replaced because people were forgotten.
func notFound(cursor extract.Cursor) ([]extract.NotFound, error) {
	lacking, err := cursor.NotFound()
	return slices.DeleteFunc(lacking, func(n extract.NotFound) bool { return n.ID == forgottenID }), err
}
