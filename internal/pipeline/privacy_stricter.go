package pipeline

import (
	"context"
	"fmt"
	"maps"

	"github.com/stripelake/stripelake/schemas"
	"github.com/stripelake/stripelake/transform"
)

// removeExposed removes older generations that show what the set of the one just
// published hides: with a stricter policy they would stay readable until two more
// are published.
func (m *materializer) removeExposed(ctx context.Context) error {
	files, err := m.state.Schemas(ctx)
	if err != nil {
		return err
	}
	var shown []string
	removed, err := m.state.RemoveExposed(func(older map[string]string) bool {
		if maps.Equal(older, files) {
			return false
		}
		shows := shownBy(older, files)
		shown = union(shown, shows)
		return len(shows) > 0
	})
	if removed > 0 {
		m.meter.notice(fmt.Sprintf("older generations that show what is hidden now are removed, %d of them: %s; who has one open can read it until it is closed",
			removed, sentence(shown, 3)))
	}
	return err
}

// shownBy are the source paths that one set's tables show and another set's
// policy hides. Where the first cannot be read by this program it is taken to
// show something.
func shownBy(older, present map[string]string) []string {
	set, err := schemas.LoadFiles(present)
	if err != nil || set.Privacy.KeepsAll() {
		return nil // a set that this program cannot read was published by one that could
	}
	hides, err := transform.ExposureOf(set, nil)
	if err != nil {
		return nil
	}
	var shows transform.Exposure
	if set, err = schemas.LoadFiles(older); err == nil {
		shows, err = transform.ExposureOf(set, nil)
	}
	if err != nil {
		return []string{"fields that this program cannot name"}
	}
	return pathsOf(hides.Opens(shows))
}
