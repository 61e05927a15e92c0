package pipeline

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/stripelake/stripelake/extract"
	"github.com/stripelake/stripelake/load"
	"github.com/stripelake/stripelake/load/verify"
)

// takeStopped divides the resources that were not read to their end: left has those
// that only wait for the next run, because the client stopped (docs/adr/0047).
func takeStopped(unread map[string]error) (left map[string]bool, others map[string]error) {
	left, others = map[string]bool{}, map[string]error{}
	for name, err := range unread {
		if extract.IsStopped(err) {
			left[name] = true
		} else {
			others[name] = err
		}
	}
	return left, others
}

// stopped adds to the result of a run what stopped it, and returns its error.
func (s *Sync) stopped(m *materializer, summary *Summary, err error) error {
	summary.Stopped = s.Client.Stopped()
	if low := m.room.err(); low != nil && summary.Stopped == byRoom {
		summary.Outcome = OutcomeFailed
		return errors.Join(low, err)
	}
	if err == nil {
		summary.Outcome = OutcomeStopped
	}
	return err
}

// mostLeft is how many resources the message about a stopped run names.
const mostLeft = 12

// emitLeft says what a stopped run has left to the next one.
func (m *materializer) emitLeft(accounts []runAccount, left map[string]bool, by string) error {
	if len(left) == 0 {
		return nil
	}
	parts, err := m.leftParts(accounts, left)
	if err != nil {
		return err
	}
	if more := len(parts) - mostLeft; more > 0 {
		parts = append(parts[:mostLeft], fmt.Sprintf("%d more", more))
	}
	m.progress.emit(Event{Event: EventStopped, Message: fmt.Sprintf("stopped by --%s; left to the next sync: %s", by, strings.Join(parts, ", "))})
	return nil
}

func (m *materializer) leftParts(accounts []runAccount, left map[string]bool) (parts []string, err error) {
	logs, err := load.LogSizes(m.lake.Dir())
	if err != nil {
		return nil, err
	}
	rest := maps.Clone(left)
	for _, log := range everyResource(m.lake.Resources(), logs) {
		name := log.Stream
		if len(accounts) > 1 {
			name = log.Account + "/" + name
		}
		if !left[name] || !slices.ContainsFunc(accounts, func(a runAccount) bool { return a.id == log.Account }) {
			continue
		}
		part, err := leftOf(name, extract.Cursor(log.Cursor))
		if err != nil {
			return nil, err
		}
		parts = append(parts, part)
		delete(rest, name)
	}
	for _, name := range slices.Sorted(maps.Keys(rest)) { // whole accounts, and what has no log yet
		if len(parts) == 0 || !strings.HasSuffix(name, extract.Events().Name) {
			parts = append(parts, "all "+name)
		}
	}
	return parts, nil
}

// leftOf says what of a resource is still to be read.
func leftOf(name string, cursor extract.Cursor) (string, error) {
	c, err := cursor.Coverage()
	switch {
	case extract.IsDamagedCursor(err):
		return name, nil
	case err != nil:
		return "", fmt.Errorf("cursor of %s: %w", name, err)
	case c.Through.IsZero():
		return "all " + name, nil
	case c.Again:
		return name + ", to be listed again", nil
	case len(c.Gaps) > 0:
		return fmt.Sprintf("%s created before %s", name, c.Gaps[len(c.Gaps)-1].To.Format(time.RFC3339)), nil
	}
	return "changes of " + name, nil
}

// noteStopped notes that a bound ended the comparison. Objects that differ are no
// findings then: whether they have changed since is not known.
func (x *comparison) noteStopped(c *verify.Checked, compared, windows int) {
	x.stopped = true
	text := fmt.Sprintf("not all compared: stopped by --%s after %d of %s", x.Client.Stopped(), compared, plural(windows, "window", "windows"))
	if n := len(x.differing); n > 0 {
		text += fmt.Sprintf("; %s there, which may have changed since", plural(n, "object differs", "objects differ"))
	}
	c.Note("%s", text)
}
