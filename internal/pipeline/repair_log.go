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

// logRepair repairs the log of one account. It holds the locks of the log and
// of the state.
type logRepair struct {
	*Verify
	sync    *Sync
	log     *load.Log
	state   *load.State
	done    *Repaired
	rereads rereads
}

// repairLog replaces lost segments by empty ones, and finds what has to be read
// again, in addition to the objects that Run found to differ.
//
// The state knows the objects whose newest version was in a segment that it has
// applied. For other segments they are unknown. If such a segment is the newest
// of its stream, the stream continues from the cursor before it. Otherwise the
// stream is listed again, because later cursors count the segment as read.
func (v *Verify) repairLog(ctx context.Context, sync *Sync, done *Repaired) (reread rereads, err error) {
	reread = rereads{objects: map[string][]load.Reread{}, streams: map[string]bool{}}
	maps.Copy(reread.objects, v.reread)
	if sync.Client == nil || v.account == "" || !v.logDamage() {
		return reread, nil
	}
	r := logRepair{Verify: v, sync: sync, done: done, rereads: reread}
	if r.log, err = sync.Lake.LockLog(ctx, v.account); err != nil {
		return reread, err
	}
	defer func() { err = errors.Join(err, r.log.Close()) }()
	if r.state, err = sync.Lake.OpenState(ctx); err != nil {
		return reread, err
	}
	defer func() { err = errors.Join(err, r.state.Close()) }()
	if err := r.findLosses(ctx); err != nil {
		return reread, err
	}
	for i := range done.Losses {
		if err := r.removeLoss(ctx, &done.Losses[i]); err != nil {
			return reread, err
		}
	}
	if err := r.repairCursors(); err != nil {
		return reread, err
	}
	for i := range done.Losses {
		if err := r.chooseRereads(ctx, &done.Losses[i]); err != nil {
			return reread, err
		}
	}
	return reread, nil
}

// logDamage reports whether Run found damage in the raw log.
func (v *Verify) logDamage() bool {
	return slices.ContainsFunc(v.checks, func(c *verify.Checked) bool {
		return c.Found > 0 && (c.Check == "raw log" || c.Check == "coverage" || c.Check == "position")
	})
}

// findLosses finds the losses that an earlier repair recorded, and those of
// now.
func (r *logRepair) findLosses(ctx context.Context) error {
	pending, err := r.sync.Lake.PendingRepairs(r.account)
	if err != nil {
		return err
	}
	for _, x := range pending {
		lost := true
		if x.Unread {
			if lost, err = r.log.RecoverLoss(ctx, &x); err != nil {
				return err
			}
		}
		if lost {
			r.done.Losses = append(r.done.Losses, x)
		}
	}
	names, err := r.log.Streams()
	if err != nil {
		return err
	}
	published, _ := load.ReadPublished(r.Dir)
	for _, at := range published.Positions {
		if at.Account == r.account {
			names = append(names, at.Stream)
		}
	}
	for _, resource := range Streams(r.sync.Lake.Resources()) { // the folder of a stream may be lost
		if r.state.Position(r.account, resource.Name) > 0 {
			names = append(names, resource.Name)
		}
	}
	slices.Sort(names)
	for _, stream := range slices.Compact(names) {
		kept, err := r.log.QuarantineMisnumbered(stream)
		r.done.Aside = append(r.done.Aside, kept...)
		if err != nil {
			return err
		}
		applied := r.state.Position(r.account, stream)
		highest, err := r.state.Highest(ctx, r.account, stream)
		if err != nil {
			return err
		}
		seen := applied // the published generation may know segments that the state does not
		for _, at := range published.Positions {
			if at.Account == r.account && at.Stream == stream {
				seen = max(seen, at.Segment)
			}
		}
		found, err := r.log.Losses(ctx, stream, seen, applied, highest)
		if err != nil {
			return err
		}
		r.done.Losses = append(r.done.Losses, lossesIn(found, r.done.Losses)...)
	}
	return nil
}

// removeLoss records a loss and removes its segments from the log. The record
// comes first: nothing else says what has to be read again.
func (r *logRepair) removeLoss(ctx context.Context, x *load.Loss) (err error) {
	if x.Objects == nil {
		if x.Objects, err = r.state.LostIn(x).Objects(ctx); err != nil {
			return err
		}
		x.Older = x.Versions - uint64(len(x.Objects))
		if err := r.log.RecordLoss(*x); err != nil {
			return err
		}
	}
	if err := r.log.Quarantine(ctx, *x); err != nil {
		return err
	}
	return r.state.LostIn(x).Mark(ctx, x.Stream == extract.Events().Name)
}

// repairCursors sets aside cursor.json files that cannot be read. Where the
// cursor in the newest segment cannot be read either, the stream continues from
// an older one; without any it is listed again.
func (r *logRepair) repairCursors() error {
	names, err := r.log.Streams()
	if err != nil {
		return err
	}
	for _, stream := range names {
		_, err := r.readableCursor(stream)
		if err == nil {
			continue
		}
		if load.Shortage(err) != "" {
			return err
		}
		if err := r.log.QuarantineCursor(stream); err != nil {
			return err
		}
		if _, err := r.readableCursor(stream); err != nil {
			if err := r.useOlderCursor(stream); err != nil {
				return err
			}
		}
		r.done.Cursors = append(r.done.Cursors, r.account+"/"+stream)
		r.rereads.streams[stream] = true
	}
	return nil
}

// useOlderCursor makes the newest readable cursor of a stream the current one.
func (r *logRepair) useOlderCursor(stream string) error {
	older, err := r.log.Cursors(stream)
	if err != nil {
		return err
	}
	for _, cursor := range older {
		if _, err := extract.Cursor(cursor).Coverage(); err == nil {
			return r.log.MoveCursor(stream, cursor)
		}
	}
	if stream == extract.Events().Name { // Stripe lists those of the last 30 days
		return r.log.MoveCursor(stream, "")
	}
	start, err := r.sync.Lake.Start(r.account, stream)
	if err != nil {
		return err
	}
	resource, err := streamByName(r.sync.Lake.Resources(), stream)
	if err != nil {
		return err
	}
	cursor, err := extract.RelistAll(resource, start, r.Stripe.Client.ServerTime())
	if err != nil {
		return err
	}
	return r.log.MoveCursor(stream, string(cursor))
}

// readableCursor returns a stream's cursor, or an error where it cannot be
// read.
func (r *logRepair) readableCursor(stream string) (extract.Cursor, error) {
	text, err := r.log.Cursor(stream)
	if err == nil {
		_, err = extract.Cursor(text).Coverage()
	}
	if err != nil {
		return "", fmt.Errorf("cursor of %s/%s: %w", r.account, stream, err)
	}
	return extract.Cursor(text), nil
}

// chooseRereads decides how the objects of a loss are read again.
func (r *logRepair) chooseRereads(ctx context.Context, x *load.Loss) error {
	events := extract.Events().Name
	if x.Newest {
		r.rereads.streams[x.Stream] = true
	}
	switch {
	case x.Stream == events && !x.Newest:
		// The hints in it are lost. A resource that had followed them misses
		// nothing.
		for _, resource := range Resources(r.sync.Lake.Resources()) {
			if err := r.relistBehind(x, resource); err != nil {
				return err
			}
		}
	case x.Stream != events && !x.Known && !x.Newest:
		return r.relist(x, x.Stream)
	case x.Stream != events:
		unread, err := r.state.LostIn(x).NotRereadYet(ctx)
		r.rereads.objects[x.Stream] = append(r.rereads.objects[x.Stream], unread...)
		return err
	}
	return nil
}

// relistBehind lists a resource again if it had not followed the events in a
// loss.
func (r *logRepair) relistBehind(x *load.Loss, resource extract.Resource) error {
	if resource.Silent {
		return nil
	}
	cursor, err := r.readableCursor(resource.Name)
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
	return r.relist(x, resource.Name)
}

// relist makes a stream's cursor one that lists everything covered again.
func (r *logRepair) relist(x *load.Loss, stream string) error {
	r.rereads.streams[stream] = true
	x.Relisted = append(x.Relisted, stream)
	cursor, err := r.readableCursor(stream)
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
	resource, err := streamByName(r.sync.Lake.Resources(), stream)
	if err == nil {
		cursor, err = cursor.Relist(resource, at)
	}
	if err != nil {
		return err
	}
	return r.log.MoveCursor(stream, string(cursor))
}
