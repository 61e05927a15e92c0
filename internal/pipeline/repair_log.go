package pipeline

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/stripelake/stripelake/extract"
	"github.com/stripelake/stripelake/load"
	"github.com/stripelake/stripelake/load/verify"
)

// logRepair repairs the log of one account, whose lock and the state's it holds.
type logRepair struct {
	*Verify
	sync  *Sync
	log   *load.Log
	state *load.State
	done  *Repaired
	again rereads
}

// repairLog puts empty segments in the place of those that are lost, and finds out
// what is to be read again, beside what Run found to differ.
//
// What the state holds tells whose newest version was in a segment. Where it does
// not hold the segment, nobody knows: the newest one of a stream is read again by
// going on from the cursor before it, and for another the stream is listed again,
// since later cursors say that it was.
func (v *Verify) repairLog(ctx context.Context, sync *Sync, done *Repaired) (again rereads, err error) {
	again = rereads{objects: map[string][]load.Reread{}, streams: map[string]bool{}}
	maps.Copy(again.objects, v.reread)
	if sync.Client == nil || v.account == "" || !v.logDamage() {
		return again, nil
	}
	m := logRepair{Verify: v, sync: sync, done: done, again: again}
	if m.log, err = sync.Lake.LockLog(ctx, v.account); err != nil {
		return again, err
	}
	defer func() { err = errors.Join(err, m.log.Close()) }()
	if m.state, err = sync.Lake.OpenState(ctx); err != nil {
		return again, err
	}
	defer func() { err = errors.Join(err, m.state.Close()) }()
	if err := m.findLosses(ctx); err != nil {
		return again, err
	}
	for i := range done.Losses {
		if err := m.take(ctx, &done.Losses[i]); err != nil {
			return again, err
		}
	}
	if err := m.cursors(); err != nil {
		return again, err
	}
	for i := range done.Losses {
		if err := m.plan(ctx, &done.Losses[i]); err != nil {
			return again, err
		}
	}
	return again, nil
}

// logDamage reports whether Run found anything amiss in the raw log.
func (v *Verify) logDamage() bool {
	return slices.ContainsFunc(v.checks, func(c *verify.Checked) bool {
		return c.Found > 0 && (c.Check == "raw log" || c.Check == "coverage" || c.Check == "position")
	})
}

// findLosses finds what a repair before this one had recorded, and what is damaged
// now.
func (m *logRepair) findLosses(ctx context.Context) error {
	pending, err := m.sync.Lake.PendingRepairs(m.account)
	if err != nil {
		return err
	}
	for _, x := range pending {
		lost := true
		if x.Unread {
			if lost, err = m.log.RecoverLoss(ctx, &x); err != nil {
				return err
			}
		}
		if lost {
			m.done.Losses = append(m.done.Losses, x)
		}
	}
	names, err := m.log.Streams()
	if err != nil {
		return err
	}
	published, _ := load.ReadPublished(m.Dir)
	for _, at := range published.Positions {
		if at.Account == m.account {
			names = append(names, at.Stream)
		}
	}
	for _, resource := range streams() { // the folder of a stream may be lost
		if m.state.Position(m.account, resource.Name) > 0 {
			names = append(names, resource.Name)
		}
	}
	slices.Sort(names)
	for _, stream := range slices.Compact(names) {
		kept, err := m.log.QuarantineMisnumbered(stream)
		m.done.Aside = append(m.done.Aside, kept...)
		if err != nil {
			return err
		}
		applied := m.state.Position(m.account, stream)
		highest, err := m.state.Highest(ctx, m.account, stream)
		if err != nil {
			return err
		}
		seen := applied // what is published tells of segments too, where the state does not
		for _, at := range published.Positions {
			if at.Account == m.account && at.Stream == stream {
				seen = max(seen, at.Segment)
			}
		}
		found, err := m.log.Losses(ctx, stream, seen, applied, highest)
		if err != nil {
			return err
		}
		m.done.Losses = append(m.done.Losses, lossesIn(found, m.done.Losses)...)
	}
	return nil
}

// take records a loss and takes it out of the log. The record comes first: it is
// all that tells what is to be read again.
func (m *logRepair) take(ctx context.Context, x *load.Loss) (err error) {
	if x.Objects == nil {
		if x.Objects, err = m.state.LostIn(x).Objects(ctx); err != nil {
			return err
		}
		x.Older = x.Versions - uint64(len(x.Objects))
		if err := m.log.RecordLoss(*x); err != nil {
			return err
		}
	}
	if err := m.log.Quarantine(ctx, *x); err != nil {
		return err
	}
	return m.state.LostIn(x).Mark(ctx, x.Stream == extract.Events().Name)
}

// cursors sets cursor.json files aside that cannot be read. Where the newest segment
// ends with such a cursor too, the stream goes on from an older one, and without
// any it is listed again.
func (m *logRepair) cursors() error {
	names, err := m.log.Streams()
	if err != nil {
		return err
	}
	for _, stream := range names {
		_, err := m.cursor(stream)
		if err == nil {
			continue
		}
		if load.Shortage(err) != "" {
			return err
		}
		if err := m.log.QuarantineCursor(stream); err != nil {
			return err
		}
		if _, err := m.cursor(stream); err != nil {
			if err := m.goBack(stream); err != nil {
				return err
			}
		}
		m.done.Cursors = append(m.done.Cursors, m.account+"/"+stream)
		m.again.streams[stream] = true
	}
	return nil
}

// goBack makes the newest cursor that can be read the one to go on from.
func (m *logRepair) goBack(stream string) error {
	older, err := m.log.Cursors(stream)
	if err != nil {
		return err
	}
	for _, cursor := range older {
		if _, err := extract.Cursor(cursor).Coverage(); err == nil {
			return m.log.MoveCursor(stream, cursor)
		}
	}
	if stream == extract.Events().Name { // Stripe lists those of the last 30 days
		return m.log.MoveCursor(stream, "")
	}
	start, err := m.sync.Lake.Start(m.account, stream)
	if err != nil {
		return err
	}
	resource, err := streamNamed(stream)
	if err != nil {
		return err
	}
	cursor, err := extract.RelistAll(resource, start, m.Stripe.Client.ServerTime())
	if err != nil {
		return err
	}
	return m.log.MoveCursor(stream, string(cursor))
}

// cursor is where extraction of a stream goes on, if that can be read.
func (m *logRepair) cursor(stream string) (extract.Cursor, error) {
	text, err := m.log.Cursor(stream)
	if err == nil {
		_, err = extract.Cursor(text).Coverage()
	}
	if err != nil {
		return "", fmt.Errorf("cursor of %s/%s: %w", m.account, stream, err)
	}
	return extract.Cursor(text), nil
}

// plan says how what was in a loss is read again.
func (m *logRepair) plan(ctx context.Context, x *load.Loss) error {
	events := extract.Events().Name
	if x.Newest {
		m.again.streams[x.Stream] = true
	}
	switch {
	case x.Stream == events && !x.Newest:
		// The hints in it are lost. Who had followed them misses nothing.
		for _, resource := range Resources() {
			if err := m.relistBehind(x, resource); err != nil {
				return err
			}
		}
	case x.Stream != events && !x.Known && !x.Newest:
		return m.relist(x, x.Stream)
	case x.Stream != events:
		unread, err := m.state.LostIn(x).NotRereadYet(ctx)
		m.again.objects[x.Stream] = append(m.again.objects[x.Stream], unread...)
		return err
	}
	return nil
}

// relistBehind has a resource listed again that had not followed the events in a
// loss.
func (m *logRepair) relistBehind(x *load.Loss, resource extract.Resource) error {
	if resource.Silent {
		return nil
	}
	cursor, err := m.cursor(resource.Name)
	if err != nil {
		return err
	}
	fresh, err := cursor.Fresh()
	if err != nil || fresh {
		return err
	}
	at, err := cursor.Position()
	if err != nil || at.Segment >= x.Last {
		return err
	}
	return m.relist(x, resource.Name)
}

// relist makes a stream's cursor one that lists everything again that is covered.
func (m *logRepair) relist(x *load.Loss, stream string) error {
	m.again.streams[stream] = true
	x.Relisted = append(x.Relisted, stream)
	cursor, err := m.cursor(stream)
	if err != nil {
		return err
	}
	fresh, err := cursor.Fresh()
	if err != nil || fresh {
		return err
	}
	if relisting, err := cursor.Relisting(); err != nil || relisting {
		return err
	}
	at, err := cursor.Position()
	if err != nil {
		return err
	}
	resource, err := streamNamed(stream)
	if err == nil {
		cursor, err = cursor.Relist(resource, at)
	}
	if err != nil {
		return err
	}
	return m.log.MoveCursor(stream, string(cursor))
}
