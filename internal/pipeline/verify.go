package pipeline

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/stripelake/stripelake/extract"
	"github.com/stripelake/stripelake/load"
	"github.com/stripelake/stripelake/load/query"
	"github.com/stripelake/stripelake/load/verify"
	"github.com/stripelake/stripelake/schemas"
	"github.com/stripelake/stripelake/transform"
)

// Verify checks the parts of a lake against each other, its ledger and, if
// wanted, the lake against Stripe. It holds the state's lock meanwhile. Only
// [Verify.Repair] changes anything.
type Verify struct {
	Dir    string        // the lake's folder
	Set    *schemas.Set  // used where the lake does not say which set it was built with
	Sample int           // read only so many segments of each list and files of each table; 0 reads all
	Deep   bool          // map the whole log again and compare each row with the result
	All    bool          // keep every finding, not only the first of each name
	Wait   time.Duration // for the state's lock; as in [load.Options]

	OnStage func(string) // as in [load.Options]

	Stripe *AtStripe // compare with Stripe, too; nil sends no request

	reread  map[string][]load.Reread   // by resource: objects that differ at Stripe
	windows map[string][]extract.Range // by resource: windows to compare with Stripe; after Run those that were compared
	account string                     // the account compared with Stripe
	stopped bool                       // a bound ended the comparison with Stripe
	checks  []*verify.Checked
}

// Again returns a verification of the same things, including the same windows
// at Stripe. After a repair it finds what is left.
func (v *Verify) Again() *Verify {
	return &Verify{Dir: v.Dir, Set: v.Set, Sample: v.Sample, Deep: v.Deep, All: v.All, Wait: v.Wait, OnStage: v.OnStage, Stripe: v.Stripe, windows: v.windows}
}

// Verified is the result of [Verify.Run]. The checks are always in the same
// order.
type Verified struct {
	RunID    string            `json:"run_id"`
	At       time.Time         `json:"at"` // UTC
	Deep     bool              `json:"deep"`
	Sample   int               `json:"sample,omitempty"` // as in Verify
	Checks   []*verify.Checked `json:"checks"`
	Findings int64             `json:"findings"`
	Seconds  float64           `json:"seconds"`
	Stopped  string            `json:"stopped,omitempty"` // the bound that ended the comparison with Stripe, as in Summary
	Repaired *Repaired         `json:"repaired,omitempty"`

	Unrecorded bool `json:"unrecorded,omitempty"` // the lake cannot be written, so meta.verifications does not have this run
}

// FindingsError reports that a verification has findings.
type FindingsError struct{ Findings int64 }

func (e *FindingsError) Error() string {
	if e.Findings == 1 {
		return "1 finding"
	}
	return fmt.Sprintf("%d findings", e.Findings)
}

// ExitCode is 3.
func (e *FindingsError) ExitCode() int { return ExitIncomplete }

// Run makes all checks and records their counts in meta.verifications. The
// error is a [*FindingsError] if there are findings, which Verified lists, a
// [*load.BusyError] if another process works on the lake, and any other error
// where a check could not be made.
//
// Where DuckDB has too little memory, it starts once more with a higher limit.
func (v *Verify) Run(ctx context.Context) (found Verified, err error) {
	options := load.Options{StateWait: v.Wait, OnStage: v.OnStage}
	if v.Set != nil {
		options.Resources = v.Set.Resources
	}
	lake, err := load.OpenToRead(v.Dir, options)
	if err != nil {
		return found, err
	}
	return withMemory(ctx, lake, nil, func(lake *load.Lake) (Verified, error) { return v.run(ctx, lake) })
}

func (v *Verify) run(ctx context.Context, lake *load.Lake) (found Verified, err error) {
	start := time.Now()
	verification, err := verify.Open(ctx, lake)
	if err != nil {
		return found, err
	}
	defer func() { err = errors.Join(err, verification.Close()) }()
	verification.All, verification.Sample = v.All, v.Sample
	if err := v.check(ctx, lake, verification, start.UTC()); err != nil {
		return found, fmt.Errorf("verify %s: %w", v.Dir, err)
	}
	run := newRun("verify")
	found = Verified{RunID: run.ID, At: run.Started.Truncate(time.Second), Deep: v.Deep, Sample: v.Sample, Checks: verification.Checks, Unrecorded: verification.ReadOnly}
	if err := verification.Record(ctx, run.ID, run.Started); err != nil {
		return found, err
	}
	v.checks = found.Checks
	if v.stopped {
		found.Stopped = v.Stripe.Client.Stopped()
	}
	for _, c := range found.Checks {
		found.Findings += c.Found
		for i := range c.Findings {
			redactFinding(&c.Findings[i])
		}
	}
	found.Seconds = time.Since(start).Seconds()
	if found.Findings > 0 {
		return found, &FindingsError{found.Findings}
	}
	return found, nil
}

// redactFinding removes secrets from a finding (Invariant 11).
func redactFinding(f *verify.Finding) {
	f.What, f.Says = extract.Redact(f.What), extract.Redact(f.Says)
}

// check makes the checks, each of which relies on those before it.
func (v *Verify) check(ctx context.Context, lake *load.Lake, verification *verify.Verification, now time.Time) error {
	set, err := v.setOf(ctx, verification)
	if err != nil {
		return err
	}
	options := LakeOptions(set, lake.Mode())
	for i, table := range options.Tables {
		if leavesOut(set, table) {
			options.Tables[i].Main = "" // not every object is a row or a reject
		}
	}
	if err := verification.Use(options.Tables); err != nil {
		return err
	}
	var orphans map[string]map[string][]load.Reread
	steps := []func(context.Context) error{
		verification.CheckLog,
		verification.CheckLakeFiles,
		func(ctx context.Context) error { return checkCoverage(ctx, lake.Resources(), verification, now) },
		verification.CheckPositions,
		verification.CheckObjects,
		verification.CheckState,
		verification.CheckGeneration,
		func(ctx context.Context) error { return v.rederive(ctx, lake, verification, set) },
		verification.CheckRows,
		verification.CheckRejects,
		verification.CheckHistory,
		func(ctx context.Context) (err error) {
			orphans, err = checkLedger(ctx, lake, verification, set)
			return err
		},
		func(ctx context.Context) error { return verification.CheckTies(ctx, query.Ties(set)) },
		func(ctx context.Context) error {
			if v.Stripe == nil {
				return nil
			}
			x, err := v.Stripe.compare(ctx, lake, verification, v.windows)
			if err == nil {
				v.account, v.reread, v.windows, v.stopped = x.account, x.reread, x.compared, x.stopped
				for resource, orphaned := range orphans[x.account] { // an object that both found is in the list twice, which does no harm
					v.reread[resource] = append(v.reread[resource], orphaned...)
				}
			}
			return err
		},
	}
	if v.Sample > 0 {
		steps = []func(context.Context) error{
			verification.CheckLog, verification.CheckLakeFiles, verification.CheckSampledObjects, verification.CheckGeneration, verification.CheckSampledRows,
		}
	}
	for _, step := range steps {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// setOf returns the schema set that the lake was built with.
func (v *Verify) setOf(ctx context.Context, verification *verify.Verification) (*schemas.Set, error) {
	files, err := verification.Schemas(ctx)
	if err != nil || len(files) == 0 {
		return v.Set, err
	}
	return schemas.LoadFiles(files)
}

// leavesOut reports whether a mapping of the table leaves objects out.
func leavesOut(set *schemas.Set, table load.Table) bool {
	for _, resource := range set.Resources.Listed() {
		for _, mapping := range set.MappingsOf(resource.Object) {
			if mapping.Schema == table.Schema && mapping.Where != nil {
				return true
			}
		}
	}
	return false
}

// rederive maps the whole log again, into a lake of its own that is removed at
// the end of the verification. It takes as long as a rebuild of everything.
func (v *Verify) rederive(ctx context.Context, lake *load.Lake, verification *verify.Verification, set *schemas.Set) (err error) {
	if !v.Deep {
		return nil
	}
	c := verification.Begin("", "derivation", "objects")
	if why := verification.Derivable(); why != "" {
		c.Note("not made: %s", why)
		return nil
	}
	mappings, err := transform.Compile(set)
	if err == nil {
		mappings, err = withKey(mappings, lake)
	}
	if err != nil {
		return err
	}
	options := RebuildOptions(set)
	options.Mode = lake.Mode()
	scratch, err := load.Open(verification.Scratch(), options)
	if err != nil {
		return err
	}
	state, err := scratch.OpenState(ctx)
	if err != nil {
		return err
	}
	m := &materializer{mappings: mappings, lake: lake, state: state, progress: newProgress(func(e Event) {
		if e.Event == EventApplied {
			c.LookedAt += int64(e.Objects)
		}
	})}
	if err := errors.Join(m.deriveAccounts(ctx), state.Close()); err != nil {
		return fmt.Errorf("map the log again: %w", err)
	}
	return verification.AttachRederived(ctx)
}
