package pipeline

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/stripelake/stripelake/extract"
	"github.com/stripelake/stripelake/internal/hint"
	"github.com/stripelake/stripelake/load"
)

// Repaired is the result of [Verify.Repair].
type Repaired struct {
	Losses  []load.Loss `json:"losses"`              // of the raw log
	Read    int         `json:"read_again"`          // objects read from Stripe
	New     int         `json:"new"`                 // of those, appended to the log
	Derived bool        `json:"derived"`             // all tables were derived again from the log
	Anew    bool        `json:"published_anew"`      // every published file was written again
	Cursors []string    `json:"cursors,omitempty"`   // cursor.json files that were set aside
	Aside   []string    `json:"set_aside,omitempty"` // files named like segments that are none, by their new names
	Number  uint64      `json:"generation"`          // published now
	After   *Verified   `json:"after,omitempty"`     // the verification after the repair
}

// ErrRepairPending reports a repair of the raw log that was begun and is not
// finished.
var ErrRepairPending error = hint.New("a repair of the raw log was begun and is not finished", "run stripelake verify --stripe --repair")

// Repair repairs what Run found, as far as possible. It reads again from Stripe
// the objects that the raw log lost, and those that differ at Stripe. It
// derives and writes again the tables and files that differ from the log.
// Without sync.Client it sends no request to Stripe, and a damaged log stays as
// it is. Repaired says what was repaired even where an error is returned.
//
// If it is killed at any moment, the next call finishes it.
func (v *Verify) Repair(ctx context.Context, sync *Sync) (Repaired, error) {
	var done Repaired
	if err := v.repair(ctx, sync, &done); err != nil {
		return done, fmt.Errorf("repair: %w", err)
	}
	return done, nil
}

// rereads are the objects and streams that a repair reads again from Stripe.
type rereads struct {
	objects map[string][]load.Reread // by resource
	streams map[string]bool          // to list once more, from their cursors
}

func (v *Verify) repair(ctx context.Context, sync *Sync, done *Repaired) error {
	reread, err := v.repairLog(ctx, sync, done)
	if err != nil {
		return err
	}
	unread := reread.read(ctx, sync, done)
	if unread != nil && (len(done.Losses) > 0 || ctx.Err() != nil) {
		return unread // the loss stays recorded: the next repair goes on
	}
	derive, err := v.noteGone(ctx, sync, done)
	if err != nil {
		return err
	}
	// No row may outlive the objects that it was derived from: the tables
	// follow the log.
	switch state, published := v.derivedDamage(); {
	case derive || state:
		err = v.deriveAgain(ctx, sync, done)
	case published:
		err = v.publishAnew(ctx, sync, done)
	}
	if err != nil {
		return errors.Join(unread, err)
	}
	return errors.Join(unread, v.finishLosses(ctx, sync, done))
}

// derivedDamage reports whether Run found that the state, or the published
// files, differ from the log.
func (v *Verify) derivedDamage() (state, published bool) {
	for _, c := range v.checks {
		for _, f := range c.Findings {
			switch head, _, _ := strings.Cut(f.Name, " "); head {
			case "state", "position", "reject":
				state = true
			case "coverage":
				state = state || f.Name == "coverage beyond the cursor"
			case "partition", "warehouse", "generation", "manifest", "schemas":
				published = true
			case "foreign":
				published = published || strings.HasPrefix(f.What, "current/")
			}
		}
	}
	return state, published
}

// read reads the objects, and then the streams that have to be listed.
func (r *rereads) read(ctx context.Context, sync *Sync, done *Repaired) error {
	run := func(resources []string, objects map[string][]load.Reread) error {
		summary, err := sync.inRepair(resources, objects).Run(ctx)
		done.Read, done.New = done.Read+summary.Objects, done.New+summary.Objects-summary.Unchanged
		done.Number = max(done.Number, summary.Generation)
		return err
	}
	var reread, list []string
	for _, resource := range Resources(sync.Lake.Resources()) {
		if len(r.objects[resource.Name]) > 0 {
			reread = append(reread, resource.Name)
		}
		if r.streams[resource.Name] || r.streams[extract.Events().Name] {
			list = append(list, resource.Name)
		}
	}
	var err error
	if len(reread) > 0 {
		err = run(reread, r.objects)
	}
	if len(list) > 0 && ctx.Err() == nil {
		err = errors.Join(err, run(list, nil))
	}
	return err
}

// noteGone finds the lost objects that Stripe no longer has. derive is true
// where tables hold rows that were derived from lost objects. Histories do,
// even of objects that were read again.
func (v *Verify) noteGone(ctx context.Context, sync *Sync, done *Repaired) (derive bool, err error) {
	if len(done.Losses) == 0 {
		return false, nil
	}
	log, err := sync.Lake.LockLog(ctx, v.account)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, log.Close()) }()
	state, err := sync.Lake.OpenState(ctx)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, state.Close()) }()
	for i := range done.Losses {
		x := &done.Losses[i]
		if x.Stream == extract.Events().Name {
			continue
		}
		derive = derive || len(state.Histories()) > 0
		if !x.Known {
			continue
		}
		deleted, err := v.addDeleted(ctx, sync.Lake, state, x)
		if err != nil {
			return false, err
		}
		gone, err := state.LostIn(x).MarkGoneAtStripe(ctx)
		if err == nil && (gone || deleted) {
			derive = true
			err = log.RecordLoss(*x) // with the rows, which the next step may remove
		}
		if err != nil {
			return false, err
		}
	}
	return derive, nil
}

// addDeleted adds to a loss the objects that were deleted later and of which
// the loss held every version: the log has only a tombstone of them. It reports
// whether any object was deleted later: versions that its rows are made of may
// then be lost.
func (v *Verify) addDeleted(ctx context.Context, lake *load.Lake, state *load.State, x *load.Loss) (bool, error) {
	deleted, err := state.LostIn(x).DeletedSince(ctx)
	if err != nil || len(deleted) == 0 {
		return false, err
	}
	bare := map[string]load.LostObject{}
	for _, o := range deleted {
		bare[o.ID] = o
	}
	for _, o := range x.Objects {
		delete(bare, o.ID)
	}
	for batch, err := range lake.Read(ctx, x.Account, x.Stream, 0) {
		if err != nil {
			return false, err
		}
		for _, o := range batch.Objects {
			if !o.Deleted {
				delete(bare, o.ID)
			}
		}
	}
	for _, o := range deleted {
		if _, still := bare[o.ID]; still {
			x.Objects = append(x.Objects, o)
		}
	}
	return true, nil
}

// deriveAgain derives every table again from the log.
func (v *Verify) deriveAgain(ctx context.Context, sync *Sync, done *Repaired) error {
	rebuild := Rebuild{Mappings: sync.Mappings, Lake: sync.Lake.FromScratch(), Declaration: sync.Declaration, OnEvent: sync.OnEvent}
	summary, err := rebuild.Run(ctx)
	done.Derived, done.Number = err == nil, summary.Generation
	return err
}

// publishAnew writes every published file again from the state.
func (v *Verify) publishAnew(ctx context.Context, sync *Sync, done *Repaired) (err error) {
	state, err := sync.Lake.OpenState(ctx)
	if err != nil {
		return err
	}
	if state.Fresh != "" {
		return errors.Join(state.Close(), v.deriveAgain(ctx, sync, done))
	}
	defer func() { err = errors.Join(err, state.Close()) }()
	state.InvalidatePublished()
	m := &materializer{lake: sync.Lake, state: state, progress: newProgress(sync.OnEvent)}
	if done.Number, err = m.publish(ctx); err == nil {
		err = state.WriteStatus(ctx)
	}
	done.Anew = err == nil
	return err
}

// finishLosses records the losses as final. Nothing is pending then.
func (v *Verify) finishLosses(ctx context.Context, sync *Sync, done *Repaired) (err error) {
	if len(done.Losses) == 0 {
		return nil
	}
	log, err := sync.Lake.LockLog(ctx, v.account)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, log.Close()) }()
	for _, x := range done.Losses {
		err = errors.Join(err, log.FinishLoss(x))
	}
	return err
}

// lossesIn returns the losses found that are not within a known one.
func lossesIn(found, known []load.Loss) []load.Loss {
	return slices.DeleteFunc(found, func(x load.Loss) bool {
		return slices.ContainsFunc(known, func(k load.Loss) bool {
			return k.Stream == x.Stream && k.First <= x.First && x.Last <= k.Last
		})
	})
}
