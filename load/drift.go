package load

import (
	"context"
	"fmt"
	"time"
)

// Drift is something that a source sent and neither the catalog nor the schemas
// expect, in the objects of one batch.
type Drift struct {
	Path      string // of the source, or table and column
	Found     string // what was there: "string", "a field that the catalog does not know", …
	Objects   int64
	FirstID   string
	FirstSeen time.Time // observed_at of the first and the last of them, UTC
	LastSeen  time.Time
}

// driftTables keep what drifted, by path, for as long as the state lives: the
// counts are of all versions that were mapped, and begin anew with the state.
var driftTables = []string{
	"CREATE TABLE meta.drift (account VARCHAR, stream VARCHAR, path VARCHAR, found VARCHAR, objects BIGINT, first_id VARCHAR, first_seen TIMESTAMP, last_seen TIMESTAMP)",
	"COMMENT ON TABLE meta.drift IS 'What Stripe sent that the catalog or the schemas do not expect: unknown fields, other types, unknown values. Unreadable values are null in the tables, unknown ones are kept.'",
	"COMMENT ON COLUMN meta.drift.path IS 'Path in the object, or table and column.'",
	"COMMENT ON COLUMN meta.drift.objects IS 'Versions of objects it was seen in since the tables were last derived.'",
	"COMMENT ON COLUMN meta.drift.first_id IS 'The first object it was seen in.'",
	"COMMENT ON COLUMN meta.drift.first_seen IS 'When the first of them was read (UTC).'",
}

// mergeDrift adds the drift of segments that are applied for the first time
// (Invariant 5).
func (m *merge) mergeDrift(ctx context.Context, segment uint64) error {
	if segment <= m.positions[m.key] {
		return nil
	}
	for _, d := range m.drift {
		known, err := m.exec(ctx, `UPDATE meta.drift SET objects = objects + ?, last_seen = greatest(last_seen, ?)
			WHERE account = ? AND stream = ? AND path = ? AND found = ?`,
			d.Objects, orNull(d.LastSeen), m.key.account, m.key.stream, d.Path, d.Found)
		if err == nil && known == 0 {
			m.applied.Drift++
			_, err = m.exec(ctx, "INSERT INTO meta.drift VALUES (?, ?, ?, ?, ?, ?, ?, ?)", m.key.account, m.key.stream,
				d.Path, d.Found, d.Objects, d.FirstID, orNull(d.FirstSeen), orNull(d.LastSeen))
		}
		if err != nil {
			return fmt.Errorf("drift of %s: %w", d.Path, err)
		}
	}
	return nil
}
