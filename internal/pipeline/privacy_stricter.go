package pipeline

import (
	"context"
	"fmt"

	"github.com/stripelake/stripelake/load"
	"github.com/stripelake/stripelake/schemas"
	"github.com/stripelake/stripelake/transform"
)

// removeExposed removes older generations that show fields which the set of the
// published generation hides. With a stricter policy they would otherwise stay
// readable until two more are published.
func (m *materializer) removeExposed() error {
	var shown []string
	removed, aside, err := m.state.RemoveExposed(func(older, present map[string]string) bool {
		shows := shownBy(older, present)
		shown = union(shown, shows)
		return len(shows) > 0
	})
	if removed > 0 {
		m.progress.notice(fmt.Sprintf("older generations that show what is hidden now are removed, %d of them: %s; who has one open can read it until it is closed",
			removed, listText(shown, 3)))
	}
	if len(aside) > 0 {
		m.progress.notice(removedAside(aside))
	}
	return err
}

// removedAside returns the notice that files which had been set aside are
// removed.
func removedAside(names []string) string {
	return "removed, of what had been set aside: " + listText(names, 3)
}

// hidesMore reports whether the lake declares a set that hides fields which its
// tables show: the rebuild that was to hide them was killed. Such a rebuild
// waits for nobody's request, unlike other edits (docs/adr/0009). It is false
// for a nil Declaration.
func (out *Declaration) hidesMore(ctx context.Context, state *load.State) (bool, error) {
	if out == nil {
		return false, nil
	}
	built, err := state.Schemas(ctx)
	return err == nil && len(shownBy(built, out.Set.Files())) > 0, err
}

// unknownFields names the fields of a set that this program cannot read.
const unknownFields = "fields that this program cannot name"

// shownBy returns the source paths that the tables of the older set show and
// the present policy hides. An older set that is unknown, or that this program
// cannot read, is taken to show something wherever the policy hides anything.
func shownBy(older, present map[string]string) []string {
	set, err := schemas.LoadFiles(present)
	if err != nil || set.Privacy.KeepsAll() {
		return nil // a set that this program cannot read was published by a program that could
	}
	if older == nil {
		return []string{unknownFields}
	}
	before, err := schemas.LoadFiles(older)
	if err != nil {
		return []string{unknownFields}
	}
	opened, err := transform.Opened(set, before, nil)
	if err != nil {
		return []string{unknownFields}
	}
	return pathsOf(opened)
}
