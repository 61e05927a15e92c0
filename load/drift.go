package load

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/stripelake/stripelake/load/internal/duck"
)

// Drift is a finding in the objects of one batch that neither the catalog nor the
// schemas expect.
type Drift struct {
	Path      string // path in the object, or table and column
	Found     string // what was found: "string", "a field that the catalog does not know", …
	Objects   int64
	FirstID   string
	Example   string    // value in the first of them, as far as it may be shown; "" for none
	FirstSeen time.Time // observed_at of the first and the last of them, UTC
	LastSeen  time.Time
}

// driftTables are the statements for the drift by path. The counts cover all mapped
// versions since the state was created.
var driftTables = []string{
	"CREATE TABLE meta.drift (account VARCHAR, stream VARCHAR, path VARCHAR, found VARCHAR, objects BIGINT, first_id VARCHAR, first_seen TIMESTAMP, last_seen TIMESTAMP, example VARCHAR)",
	"COMMENT ON TABLE meta.drift IS 'What Stripe sent that the catalog or the schemas do not expect: unknown fields, other types, unknown values. Unreadable values are null in the tables, unknown ones are kept.'",
	"COMMENT ON COLUMN meta.drift.path IS 'Path in the object, or table and column; a bare object is everything beyond the first 1,000 paths.'",
	"COMMENT ON COLUMN meta.drift.found IS 'What was there. An unknown value is not shown if it may be personal, is long, or comes after the first 50 of its field, nor while the privacy policy keeps any personal data out of the tables.'",
	"COMMENT ON COLUMN meta.drift.objects IS 'Versions of objects it was seen in since the tables were last derived.'",
	"COMMENT ON COLUMN meta.drift.first_id IS 'The first object it was seen in.'",
	"COMMENT ON COLUMN meta.drift.example IS 'What stood there in the first object, at most 40 characters of it, as JSON with what is not printable escaped; its JSON type and length where that is an object or a list, or the privacy policy keeps any personal data out of the tables.'",
	"COMMENT ON COLUMN meta.drift.first_seen IS 'When the first of them was read (UTC).'",
}

// The most kinds of drift that a stream counts separately, so that ever new names
// cannot fill the state: the most paths with the same finding, and the most findings at
// one path. All beyond them count as one.
const (
	maxDriftPaths = 1000
	maxDriftFound = 50
)

// driftKind identifies a row of meta.drift.
type driftKind struct{ path, found string }

// mergeDrift adds the drift of segments that are applied for the first time (Invariant
// 5).
func (m *merge) mergeDrift(ctx context.Context, segment uint64) error {
	if segment <= m.positions[m.key] || len(m.drift) == 0 {
		return nil
	}
	var known []driftKind
	var k driftKind
	err := m.db.Each(ctx, []any{&k.path, &k.found}, func() error {
		known = append(known, k)
		return nil
	}, "SELECT path, found FROM meta.drift WHERE account = ? AND stream = ?", m.key.Account, m.key.Stream)
	if err != nil {
		return fmt.Errorf("drift: %w", err)
	}
	for _, d := range folded(m.drift, known) {
		if slices.Contains(known, driftKind{d.Path, d.Found}) {
			_, err = m.db.Exec(ctx, `UPDATE meta.drift SET objects = objects + ?, last_seen = greatest(last_seen, ?)
				WHERE account = ? AND stream = ? AND path = ? AND found = ?`,
				d.Objects, duck.NullTime(d.LastSeen), m.key.Account, m.key.Stream, d.Path, d.Found)
		} else {
			m.applied.Drift++
			_, err = m.db.Exec(ctx, "INSERT INTO meta.drift VALUES (?, ?, ?, ?, ?, ?, ?, ?, nullif(?, ''))", m.key.Account, m.key.Stream,
				d.Path, d.Found, d.Objects, d.FirstID, duck.NullTime(d.FirstSeen), duck.NullTime(d.LastSeen), d.Example)
		}
		if err != nil {
			return fmt.Errorf("drift of %s: %w", d.Path, err)
		}
	}
	return nil
}

// folded adds up drift by kind, in order of appearance. It counts paths beyond the
// limits under their object or table, and findings beyond them without a value.
func folded(drift []Drift, known []driftKind) []Drift {
	paths, founds, index := map[string]int{}, map[string]int{}, map[driftKind]int{}
	take := func(k driftKind, i int) {
		paths[k.found]++
		founds[k.path]++
		index[k] = i
	}
	for _, k := range known {
		take(k, -1)
	}
	var out []Drift
	for _, d := range drift {
		if _, ok := index[driftKind{d.Path, d.Found}]; !ok {
			if founds[d.Path] >= maxDriftFound {
				d.Found, _, _ = strings.Cut(d.Found, ":")
			}
			if paths[d.Found] >= maxDriftPaths {
				d.Path = d.Path[:strings.IndexAny(d.Path+".", ".[")]
			}
		}
		k := driftKind{d.Path, d.Found}
		if i, ok := index[k]; ok && i >= 0 {
			out[i].Objects += d.Objects
			if d.LastSeen.After(out[i].LastSeen) {
				out[i].LastSeen = d.LastSeen
			}
			continue
		} else if ok {
			index[k] = len(out)
		} else {
			take(k, len(out))
		}
		out = append(out, d)
	}
	return out
}
