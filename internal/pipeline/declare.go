package pipeline

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/stripelake/stripelake/load"
	"github.com/stripelake/stripelake/schemas"
	"github.com/stripelake/stripelake/transform"
)

// Declare finds the schemas, mappings, marts and privacy that a command uses:
// those that the lake keeps. Its fields are set once, before Run.
type Declare struct {
	Lake    *load.Lake
	Given   *schemas.Set            // by --schemas; nil without the flag
	Base    map[string]string       // of Given: the SHA-256 of the shipped files that it was copied from; nil if unknown
	Policy  schemas.PrivacyOverride // laid over Given or, without it, over what is in force; it names no schemas
	Derive  bool                    // the run derives the tables with Given; otherwise Given waits for such a run
	Expose  []string                // source paths, or objects, that Given may show though the lake hides them
	Command string                  // "sync"
	Program string                  // its version
}

// Declaration holds the schemas, mappings and redactions that a command uses.
type Declaration struct {
	Set       *schemas.Set
	Mappings  *transform.Mappings
	Redactors map[string]*transform.Redactor // by type of object: removes what may not reach the raw log

	notices []string
	lake    *load.Lake
	before  int            // version of the set that the lake declares now
	next    *load.Declared // the set to declare from now on; nil if it is the same
}

// Run reads the set that the lake declares, and decides what becomes of the set
// given. It changes nothing: [Declaration.Record] does.
//
// A new lake adopts the set given, or the shipped one. So does a lake that
// declares none and does not know the set it was made with; without a set given
// that is a *UsageError, also with a Policy, which does not tell what else the lake
// hid. Otherwise the lake's set stays in force. A set given
// that would change tables waits for a run with Derive, except for the paths
// that it blanks before the raw log. A set that shows fields that the lake
// hides is a *UsageError, unless Expose names them. Other errors: the lake's
// files cannot be read, or another process holds its state (*load.BusyError).
func (d Declare) Run(ctx context.Context) (*Declaration, error) {
	out := &Declaration{lake: d.Lake}
	kept, err := d.Lake.Declared()
	lost := errors.Is(err, load.ErrDeclaredLost)
	if err != nil && !lost {
		return nil, err
	}
	if kept != nil {
		out.before = kept.Version
	}
	empty, err := d.Lake.IsEmpty()
	if err != nil {
		return nil, err
	}
	if kept == nil || lost {
		if kept = nil; !empty {
			kept, err = d.takeOver(ctx, out, lost)
		}
		out.next = kept
	}
	if err == nil {
		d.Given, d.Base, err = d.withPolicy(kept)
	}
	if err != nil {
		return nil, err
	}
	if kept == nil || empty && d.Given != nil {
		return out, d.adopt(out)
	}
	present, err := DeclaredSet(kept)
	if err != nil {
		return nil, err
	}
	if out.Set = present; d.Given != nil {
		err = d.compare(out, kept, present)
	}
	if err == nil {
		err = out.compile(kept)
	}
	return out, err
}

// withPolicy returns the set given with the policy laid over it. Without a set given it
// is laid over what a lake keeps.
func (d Declare) withPolicy(kept *load.Declared) (given *schemas.Set, base map[string]string, err error) {
	given, base = d.Given, d.Base
	if d.Policy.IsEmpty() {
		return given, base, nil
	}
	if given == nil {
		if given, base, err = underPolicy(kept); err != nil {
			return nil, nil, err
		}
	}
	given, err = given.WithPrivacy(d.Policy)
	return given, base, err
}

// underPolicy returns the set that a policy without a set is laid over: the shipped one
// for a new lake, and for one whose set differs in its policy only, so that it goes on
// following the program; otherwise the lake's own. base has the sums of the shipped files
// that it was copied from, nil for the shipped set.
func underPolicy(kept *load.Declared) (set *schemas.Set, base map[string]string, err error) {
	if kept == nil || kept.Shipped || schemas.IsCopy(kept.Files, kept.Base) {
		set, err = schemas.Load(schemas.Embedded())
		return set, nil, err
	}
	set, err = DeclaredSet(kept)
	return set, kept.Base, err
}

// adopt takes the set given, or the shipped one, for a lake that has none.
func (d Declare) adopt(out *Declaration) (err error) {
	if out.Set = d.Given; out.Set == nil {
		if out.Set, err = schemas.Load(schemas.Embedded()); err != nil {
			return err
		}
	}
	if out.next, err = d.declared(out.Set, d.Base); err != nil {
		return err
	}
	out.next.RawRedact = union(out.next.RawRedact, d.Lake.EarlierRedactions())
	if d.Given != nil {
		out.notices = append(out.notices, "the lake keeps these schemas from now on, with their privacy: later commands need no --schemas")
	}
	return out.compile(out.next)
}

// takeOver returns the set that a lake was built with, to be declared. It
// returns nil where that set is unknown and another was given.
func (d Declare) takeOver(ctx context.Context, out *Declaration, lost bool) (*load.Declared, error) {
	files, err := d.Lake.BuiltWith(ctx)
	switch {
	case errors.Is(err, load.ErrUnknownSet) && d.Given == nil:
		return nil, &UsageError{fmt.Sprintf("lake %s: %v, so nothing is published that they might hide: name them once with --schemas DIR; `stripelake init DIR` lays out the built-in ones", d.Lake.Dir(), err)}
	case errors.Is(err, load.ErrUnknownSet):
		return nil, nil
	case err != nil:
		return nil, err
	}
	set, err := ownOrShipped(files)
	if err != nil {
		return nil, fmt.Errorf("the schemas that the lake was built with, which this program cannot read: %w", err)
	}
	kept, err := d.declared(set, nil)
	if err != nil {
		return nil, err
	}
	kept.RawRedact = union(kept.RawRedact, d.Lake.EarlierRedactions())
	what := "the built-in schemas"
	if !kept.Shipped {
		what = "schemas of its own, and its privacy"
	}
	why := "the lake keeps from now on what it was made with: "
	if lost {
		why = fmt.Sprintf("schemas/%06d.json is missing or damaged; in force is what the tables were made with: ", out.before)
	}
	out.notices = append(out.notices, why+what)
	return kept, nil
}

// ownOrShipped returns the set in some files. Where there are none, or a
// version of the program shipped them, it returns the set that this program
// ships.
func ownOrShipped(files map[string]string) (*schemas.Set, error) {
	if len(files) == 0 || schemas.IsShipped(files) {
		return schemas.Load(schemas.Embedded())
	}
	return schemas.LoadFiles(files)
}

// declared returns the record of a set and, for an owner's set, of the files
// that it was copied from. A base of nil stands for the set that this program
// ships.
func (d Declare) declared(set *schemas.Set, base map[string]string) (*load.Declared, error) {
	shipped, err := schemas.ShippedSums()
	if err != nil {
		return nil, err
	}
	out := &load.Declared{
		Since: time.Now().UTC().Truncate(time.Second), Program: d.Program, Command: d.Command,
		Shipped: maps.Equal(set.Sums(), shipped), Files: set.Files(),
	}
	for _, path := range set.Privacy.RawRedact {
		out.RawRedact = append(out.RawRedact, path.String())
	}
	slices.Sort(out.RawRedact)
	if out.Shipped {
		return out, nil // the program that copies it writes the files
	}
	if out.Base = base; base == nil {
		out.Base = shipped
	}
	return out, nil
}

// DeclaredSet returns the set that a lake declares: its own or, where it
// follows the program, the one that this program ships.
func DeclaredSet(kept *load.Declared) (*schemas.Set, error) {
	if kept.Shipped {
		return schemas.Load(schemas.Embedded())
	}
	set, err := schemas.LoadFiles(kept.Files)
	if err != nil {
		return nil, fmt.Errorf("the lake's own schemas, which stripelake %s could read and this version cannot: %w", kept.Program, err)
	}
	return set, nil
}

// compile makes the mappings and the redactors of the set in force.
func (out *Declaration) compile(kept *load.Declared) (err error) {
	if out.next != nil {
		kept = out.next
	}
	var paths []schemas.RedactedPath
	for _, text := range kept.RawRedact {
		path, err := schemas.ParseRedactedPath(text)
		if err != nil {
			return fmt.Errorf("what the lake blanks before its raw log: %w", err)
		}
		paths = append(paths, path)
	}
	out.Redactors = transform.Redactors(paths)
	out.Mappings, err = transform.Compile(out.Set)
	return err
}

// Record makes the lake declare the set that the run uses, and passes the
// notices about it to notify. Whoever appends to the log, derives or publishes
// calls it first, under the state's lock. On a nil Declaration it does nothing.
func (out *Declaration) Record(notify func(notice string)) error {
	if out == nil {
		return nil
	}
	if out.next != nil {
		if err := out.lake.Declare(out.next, out.before); err != nil {
			return err
		}
		out.before, out.next = out.next.Version, nil
	}
	for _, notice := range out.notices {
		notify(notice)
	}
	out.notices = nil
	return nil
}

// InForce returns the set that the lake in dir declares, without a lock and
// without recording anything. Where the lake declares none yet, that is the set
// it was last published with; where there is no lake, the shipped set.
func InForce(dir string) (*schemas.Set, error) {
	kept, err := load.ReadDeclared(dir)
	if err != nil && !errors.Is(err, fs.ErrPermission) { // a reader of the group may read the published set
		return nil, fmt.Errorf("lake %s: %w", dir, err)
	}
	if kept != nil {
		return DeclaredSet(kept)
	}
	files, err := load.ReadSchemas(dir)
	if load.Shortage(err) != "" {
		return nil, err
	}
	if err != nil {
		files = nil // there is no lake, or nothing published in it
	}
	return ownOrShipped(files)
}

// ResourcesInForce returns the resources of the set that the lake in dir declares. Where
// they cannot be read, which a run and `doctor` report, they are the shipped ones.
func ResourcesInForce(dir string) *schemas.Resources {
	if kept, err := load.ReadDeclared(dir); err == nil && kept != nil && !kept.Shipped {
		if own, err := schemas.ResourcesIn(kept.Files); err == nil {
			return own
		}
	}
	return schemas.ShippedResources()
}

// InForceUnder returns the set of [InForce] with a policy laid over it, as [Declare] does.
func InForceUnder(dir string, policy schemas.PrivacyOverride) (*schemas.Set, error) {
	kept, err := load.ReadDeclared(dir)
	var set *schemas.Set
	if policy.IsEmpty() || err != nil || kept == nil {
		set, err = InForce(dir)
	} else {
		set, _, err = underPolicy(kept)
	}
	if err != nil {
		return nil, err
	}
	return set.WithPrivacy(policy)
}

func union(a, b []string) []string {
	all := slices.Concat(a, b)
	slices.Sort(all)
	return slices.Compact(all)
}

func listText(names []string, most int) string {
	if more := len(names) - most; more > 0 {
		return strings.Join(names[:most], ", ") + fmt.Sprintf(" and %d more", more)
	}
	return strings.Join(names, ", ")
}
