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

// compare decides what becomes of a set given to a lake that has one.
func (d Declare) compare(out *Declaration, kept *load.Declared, present *schemas.Set) error {
	given, err := d.declared(d.Given, d.Base)
	if err != nil {
		return err
	}
	unblanked := notIn(kept.RawRedact, given.RawRedact)
	if d.Given.Fingerprint == present.Fingerprint {
		// Another set added the paths that are missing here: giving the lake's
		// own set once more does not ask to blank less.
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
		for _, p := range d.Given.UnknownFormerNames(present) {
			out.notices = append(out.notices, p.String())
		}
	case len(changed) == 0 && len(opened) == 0:
		// Titles, comments, marts and audiences need no new rows.
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

// wait adds the notice that the tables stay as they are until a rebuild.
func (out *Declaration) wait(changed []string, opened []transform.Shown) {
	notice := fmt.Sprintf("the schemas are not those that the tables were built with: %s; the old ones stay in use until `stripelake rebuild` or `sync --rebuild` with these",
		strings.Join(changed, ", "))
	if len(opened) > 0 {
		notice += fmt.Sprintf("; that will ask for --expose, because they show what the lake hides: %s", listText(pathsOf(opened), 3))
	}
	out.notices = append(out.notices, notice)
}

// consent returns the paths that are shown, or no longer blanked, with the
// consent of Expose. A path without consent is a *UsageError.
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

// allows reports whether Expose names a path or one above it.
func (d Declare) allows(path string) bool {
	return slices.ContainsFunc(d.Expose, func(e string) bool { return transform.Within(path, e) })
}

// shortestPaths returns paths or, where there are more than three, their
// objects.
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

// notIn returns the paths that are neither in others nor below one of others.
func notIn(paths, others []string) (left []string) {
	for _, path := range paths {
		if !slices.ContainsFunc(others, func(o string) bool { return transform.Within(path, o) }) {
			left = append(left, path)
		}
	}
	return left
}

// changedTables lists the tables that differ between two sets, and how.
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
