package pipeline

import (
	"context"
	"fmt"

	"github.com/stripelake/stripelake/load"
	"github.com/stripelake/stripelake/schemas"
	"github.com/stripelake/stripelake/transform"
)

// removeExposed removes older generations that show what the set of the one just
// published hides: with a stricter policy they would stay readable until two more
// are published.
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

// removedAside says that what was set aside is gone.
func removedAside(names []string) string {
	return "removed, of what had been set aside: " + listText(names, 3)
}

// hidesMore reports whether the lake declares a set that hides what its tables
// show: the rebuild that was to hide it was killed. That waits for nobody, unlike
// other edits (docs/adr/0009). A nil Declaration hides nothing.
func (out *Declaration) hidesMore(ctx context.Context, state *load.State) (bool, error) {
	if out == nil {
		return false, nil
	}
	built, err := state.Schemas(ctx)
	return err == nil && len(shownBy(built, out.Set.Files())) > 0, err
}

// unknownFields stands for what a set shows that this program cannot read.
const unknownFields = "fields that this program cannot name"

// shownBy are the source paths that the tables of one set of files show and the
// policy of another hides. A set that is not known, or that this program cannot
// read, is taken to show something where anything is hidden.
func shownBy(older, present map[string]string) []string {
	set, err := schemas.LoadFiles(present)
	if err != nil || set.Privacy.KeepsAll() {
		return nil // what this program cannot read was published by one that could
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
