package pipeline

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/stripelake/stripelake/load"
	"github.com/stripelake/stripelake/schemas"
	"github.com/stripelake/stripelake/transform"
)

// compare decides what becomes of a set that was given to a lake that has one.
func (d Declare) compare(out *Declaration, kept *load.Declared, present *schemas.Set) error {
	given, err := d.declared(d.Given, d.Base)
	if err != nil {
		return err
	}
	unblanked := notIn(kept.RawRedact, given.RawRedact)
	if d.Given.Fingerprint == present.Fingerprint {
		// Another set added what is missing here: the lake's own set does not ask for
		// less by being given once more.
		unblanked = slices.DeleteFunc(unblanked, func(path string) bool { return !d.allows(path) })
		rebased := !kept.Shipped && d.Base != nil && !maps.Equal(d.Base, kept.Base)
		if len(unblanked)+len(notIn(given.RawRedact, kept.RawRedact)) == 0 && !rebased {
			return nil
		}
	}
	opened, err := transform.Opened(present, d.Given, kept.RawRedact)
	if err != nil {
		return err
	}
	changed := changedTables(present, d.Given)
	switch {
	case d.Derive:
		consented, err := d.consent(opened, unblanked)
		if err != nil {
			return err
		}
		given.Exposed = consented
		out.Set, out.next = d.Given, given
	case len(changed) == 0 && len(opened) == 0:
		// Titles, comments, marts and segments: nothing is derived again for them.
		given.RawRedact = union(given.RawRedact, kept.RawRedact)
		out.Set, out.next = d.Given, given
	default:
		out.wait(changed, opened)
		if added := notIn(given.RawRedact, kept.RawRedact); len(added) > 0 {
			next := *kept
			next.Since, next.Command, next.Program, next.Exposed = given.Since, d.Command, d.Program, nil
			next.RawRedact = union(kept.RawRedact, added)
			out.next = &next
			out.notices = append(out.notices, "blanked before the raw log from now on: "+strings.Join(added, ", "))
		}
	}
	if len(unblanked) > 0 && !d.Derive {
		out.notices = append(out.notices, fmt.Sprintf("still blanked before the raw log, though these schemas do not say so: %s; `stripelake rebuild --schemas DIR --expose PATH` ends that", strings.Join(unblanked, ", ")))
	}
	return nil
}

// wait says that the tables stay as they are until a rebuild.
func (out *Declaration) wait(changed []string, opened []transform.Shown) {
	notice := fmt.Sprintf("the schemas are not those that the tables were built with: %s; the old ones stay in use until `stripelake rebuild` or `sync --rebuild` with these",
		strings.Join(changed, ", "))
	if len(opened) > 0 {
		notice += fmt.Sprintf("; that will ask for --expose, because they show what the lake hides: %s", listText(pathsOf(opened), 3))
	}
	out.notices = append(out.notices, notice)
}

// consent returns the paths that are shown, or no longer blanked, as Expose
// allows. What it does not is a *UsageError.
func (d Declare) consent(opened []transform.Shown, unblanked []string) ([]string, error) {
	var refused, paths []string
	for _, x := range opened {
		if !d.allows(x.Path) {
			refused, paths = append(refused, fmt.Sprintf("%s in %s", x.Path, x.Column)), append(paths, x.Path)
		}
	}
	for _, path := range unblanked {
		if !d.allows(path) {
			refused, paths = append(refused, path+" in the raw log, no longer blanked"), append(paths, path)
		}
	}
	if len(refused) > 0 {
		return nil, &UsageError{fmt.Sprintf("these schemas show what the lake hides: %s; label and protect it, or consent with --expose %s",
			listText(refused, 5), strings.Join(shortestPaths(paths), " --expose "))}
	}
	return union(pathsOf(opened), unblanked), nil
}

// allows reports whether Expose names a path or what is above it.
func (d Declare) allows(path string) bool {
	return slices.ContainsFunc(d.Expose, func(e string) bool { return transform.Within(path, e) })
}

// shortestPaths names paths or, where they are many, their objects.
func shortestPaths(paths []string) []string {
	if paths = union(paths, nil); len(paths) <= 3 {
		return paths
	}
	var objects []string
	for _, path := range paths {
		object, _, _ := strings.Cut(path, ".")
		objects = append(objects, object)
	}
	return slices.Compact(objects)
}

func pathsOf(opened []transform.Shown) (paths []string) {
	for _, x := range opened {
		paths = append(paths, x.Path)
	}
	return union(paths, nil)
}

// notIn returns what of some paths, or of what is above them, others lack.
func notIn(paths, others []string) (left []string) {
	for _, path := range paths {
		if !slices.ContainsFunc(others, func(o string) bool { return transform.Within(path, o) }) {
			left = append(left, path)
		}
	}
	return left
}

// changedTables names the tables that are not the same in two sets, and how.
func changedTables(before, after *schemas.Set) (changed []string) {
	for _, s := range after.Schemas {
		switch old := before.Table(s.Table); {
		case old == nil:
			changed = append(changed, s.Table+" (new)")
		case before.TableFingerprint(old) != after.TableFingerprint(s):
			changed = append(changed, s.Table+" (changed)")
		}
	}
	for _, s := range before.Schemas {
		if after.Table(s.Table) == nil {
			changed = append(changed, s.Table+" (removed)")
		}
	}
	return changed
}
