package load

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/stripelake/stripelake/load/rawlog"
)

// merge is one Apply: the staged data and the counts of changes.
type merge struct {
	*State
	key        rawlog.StreamKey
	upTo       uint64 // segment number
	staged     map[*TableLayout][]arrow.RecordBatch
	versions   []ObjectVersion
	rejects    int64
	others     stagedOthers
	found      int64 // staged objects of which the state has a version
	drift      []Drift
	unfollowed map[string]int64
	applied    Applied
	steps      int64 // replaced versions that history tables keep
	learned    int64 // new charges of disputes
}

// stagedOthers counts what is staged beside versions, rows and rejects. Statements for
// what nobody has are left out: in a small lake they are most of a merge.
type stagedOthers struct{ lists, named, disputes, deleted int }

// merge makes the staged versions the newest ones. The order of the steps matters: it
// removes the rows of older versions, adds those of the newest, then marks tombstones.
func (m *merge) merge(ctx context.Context) error {
	steps := []func(context.Context) error{
		m.checkOwners, m.newest, m.findSteps, m.mergeTables, m.mergeRejects, m.mergeLists,
		m.markDeleted, m.mergeObjects, m.settleKeys, m.mergeNamed, m.mergeDisputes, m.bump, m.dropStaging,
	}
	for _, step := range steps {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// newest finds, for each staged object, its newest version and its newest full one (no
// tombstone), where they are newer than the known one.
//
// Invariant 6: v.seq > k.seq leaves out every version that is older than a known one.
// Invariant 5: it leaves out the known one too.
func (m *merge) newest(ctx context.Context) error {
	if err := m.findKnown(ctx); err != nil {
		return err
	}
	_, err := m.db.Exec(ctx, `CREATE TEMP TABLE newest AS
		SELECT v.id, max(v.seq) AS seq, arg_max(v.hash, v.seq) AS hash,
			coalesce(arg_max(v.created, v.seq), any_value(k.created)) AS created,
			arg_max(v.observed_at, v.seq) AS observed_at, arg_max(v.deleted, v.seq) AS deleted,
			arg_max(struct_pack(at := v.due), v.seq).at AS due, -- a null too
			arg_max(struct_pack(at := v.api_version), v.seq).at AS api_version,
			max(v.seq) FILTER (NOT v.deleted) AS full_seq,
			coalesce(any_value(k.seq), 0) AS known_seq, any_value(k.row) AS known_row,
			coalesce(any_value(k.seen), false) OR bool_or(NOT v.deleted) AS seen
		FROM versions v LEFT JOIN known k ON k.id = v.id
		WHERE v.seq > coalesce(k.seq, 0)
		GROUP BY v.id`)
	if err != nil {
		return err
	}
	m.applied.Objects, err = m.count(ctx, "FROM newest")
	return err
}

// findKnown finds the state's records of the staged objects. Most objects still have
// the same created, and lie close together: DuckDB finds these without reading the ids
// of all others. Only if some are left does it search all objects, as in a backfill,
// where all are new. It then compares a hash of the id that DuckDB computes, which
// takes a tenth of the time of the ids. Another version of DuckDB may compute another
// hash; its state is replaced.
func (m *merge) findKnown(ctx context.Context) error {
	first, last := m.span()
	_, err := m.db.Exec(ctx, `CREATE TEMP TABLE known AS SELECT *, rowid AS row FROM state.objects
		WHERE account = ? AND stream = ? AND created BETWEEN ? AND ? AND id IN (SELECT id FROM versions)`,
		m.key.Account, m.key.Stream, first, last)
	if err != nil {
		return err
	}
	if err == nil {
		m.found, err = m.count(ctx, "FROM known")
	}
	if err != nil || len(m.versions) == 0 || m.found > 0 && m.found == m.stagedIDs() {
		return err
	}
	_, err = m.db.Exec(ctx, `CREATE TEMP TABLE alike AS SELECT rowid AS row FROM state.objects
		WHERE stream = ? AND id_hash IN (SELECT hash(id) FROM (SELECT id FROM versions EXCEPT SELECT id FROM temp.known))`, m.key.Stream)
	if err != nil {
		return err
	}
	if found, err := m.count(ctx, "FROM alike"); err != nil || found == 0 {
		return err
	}
	more, err := m.db.Exec(ctx, `INSERT INTO temp.known SELECT *, rowid FROM state.objects WHERE rowid IN (SELECT row FROM alike)
		AND account = ? AND stream = ? AND id IN (SELECT id FROM versions EXCEPT SELECT id FROM temp.known)`, m.key.Account, m.key.Stream)
	m.found += more
	return err
}

// stagedIDs returns the number of staged objects.
func (m *merge) stagedIDs() int64 {
	ids := make(map[string]bool, len(m.versions))
	for i := range m.versions {
		ids[m.versions[i].ID] = true
	}
	return int64(len(ids))
}

// span returns the first and the last created of the staged objects. DuckDB skips row
// groups outside of it only for constants, not for a subquery.
func (m *merge) span() (first, last time.Time) {
	for _, v := range m.versions {
		if !v.Created.IsZero() && (first.IsZero() || v.Created.Before(first)) {
			first = v.Created
		}
		if v.Created.After(last) {
			last = v.Created
		}
	}
	return first.UTC(), last.UTC()
}

// mergeTables replaces the rows of every object that has a newer full version.
func (m *merge) mergeTables(ctx context.Context) error {
	for _, t := range m.tables {
		if !slices.Contains(t.Streams, m.key.Stream) {
			continue
		}
		if err := m.keepReplaced(ctx, t); err != nil {
			return fmt.Errorf("table %s: %w", t.Schema.Table, err)
		}
		if err := m.removeOld(ctx, t); err != nil {
			return fmt.Errorf("table %s: %w", t.Schema.Table, err)
		}
		if len(m.staged[t]) == 0 {
			continue
		}
		if err := m.insertNew(ctx, t); err != nil {
			return fmt.Errorf("table %s: %w", t.Schema.Table, err)
		}
	}
	return nil
}

// mergeRejects replaces rejects as mergeTables replaces rows.
func (m *merge) mergeRejects(ctx context.Context) error {
	if m.rejects > 0 {
		_, err := m.db.Exec(ctx, `UPDATE temp.new_rejects AS n SET first_seen = least(n.first_seen, r.first_seen) FROM meta.rejects r
			WHERE r.account = ? AND r.stream = ? AND r.id = n.id AND r."table" = n."table" AND r.rule = n.rule AND r.field IS NOT DISTINCT FROM n.field`,
			m.key.Account, m.key.Stream)
		if err != nil {
			return err
		}
	}
	if m.found > 0 {
		_, err := m.db.Exec(ctx, `DELETE FROM meta.rejects r USING newest n
			WHERE r.account = ? AND r.stream = ? AND r.id = n.id AND n.full_seq IS NOT NULL AND r.seq <= n.full_seq AND r.rule <> ?`,
			m.key.Account, m.key.Stream, ruleTaken) // settleKeys replaces those
		if err != nil {
			return err
		}
	}
	if m.rejects == 0 {
		return nil
	}
	n, err := m.db.Exec(ctx, `INSERT INTO meta.rejects
		SELECT ?, ?, r.* FROM new_rejects r JOIN newest n ON n.id = r.id AND n.full_seq = r.seq`,
		m.key.Account, m.key.Stream)
	m.applied.Rejects += n
	return err
}

// mergeLists replaces the records of nested lists of which some pages could not be
// read.
func (m *merge) mergeLists(ctx context.Context) error {
	if m.found > 0 {
		_, err := m.db.Exec(ctx, `DELETE FROM meta.incomplete_lists l USING newest n
			WHERE l.account = ? AND l.stream = ? AND l.id = n.id AND n.full_seq IS NOT NULL AND l.seq <= n.full_seq`,
			m.key.Account, m.key.Stream)
		if err != nil {
			return err
		}
	}
	if m.others.lists == 0 {
		return nil
	}
	_, err := m.db.Exec(ctx, `INSERT INTO meta.incomplete_lists
		SELECT ?, ?, l.* FROM new_lists l JOIN newest n ON n.id = l.id AND n.full_seq = l.seq`,
		m.key.Account, m.key.Stream)
	return err
}

// mergeObjects records the newest version of every object. For objects without rows
// this is the only record.
func (m *merge) mergeObjects(ctx context.Context) error {
	if m.found > 0 {
		if _, err := m.db.Exec(ctx, "DELETE FROM state.objects WHERE rowid IN (SELECT known_row FROM newest)"); err != nil {
			return err
		}
	}
	_, err := m.db.Exec(ctx, `INSERT INTO state.objects SELECT ?, ?, id, seq, hash, created, seen, deleted, observed_at, due, hash(id), api_version FROM newest`,
		m.key.Account, m.key.Stream)
	return err
}

// mergeNamed records the objects that other objects mention.
func (m *merge) mergeNamed(ctx context.Context) error {
	if m.others.named == 0 {
		return nil
	}
	_, err := m.db.Exec(ctx, `INSERT INTO state.named SELECT DISTINCT ?, n.stream, n.id FROM new_named n
		WHERE NOT EXISTS (FROM state.named k WHERE k.account = ? AND k.stream = n.stream AND k.id = n.id)`,
		m.key.Account, m.key.Account)
	return err
}

// events is the stream of Stripe's events. Its objects become no rows.
const events = "events"

// mergeDisputes records the charges of disputes, from old versions too: a dispute's
// charge never changes. A version of an object takes precedence over an event as the
// source.
func (m *merge) mergeDisputes(ctx context.Context) (err error) {
	if m.others.disputes == 0 {
		return nil
	}
	m.learned, err = m.db.Exec(ctx, `INSERT INTO meta.dispute_charges SELECT ?, n.dispute_id, min(n.charge_id), ? FROM new_disputes n
		WHERE NOT EXISTS (FROM meta.dispute_charges k WHERE k.account = ? AND k.dispute_id = n.dispute_id)
		GROUP BY n.dispute_id`, m.key.Account, m.key.Stream, m.key.Account)
	if err != nil || m.key.Stream == events {
		return err
	}
	better, err := m.db.Exec(ctx, `UPDATE meta.dispute_charges SET learned_from = ?
		WHERE account = ? AND learned_from = ? AND dispute_id IN (SELECT dispute_id FROM new_disputes)`, m.key.Stream, m.key.Account, events)
	m.learned += better
	return err
}

// bump increments the revision if the merge changed anything that is published.
// Otherwise the revision stays, and with it the published generation.
func (m *merge) bump(ctx context.Context) error {
	feeds := func(t *TableLayout) bool { return slices.Contains(t.Streams, m.key.Stream) }
	if m.learned == 0 && (m.applied.Objects == 0 || !slices.ContainsFunc(m.tables, feeds)) {
		return nil
	}
	_, err := m.db.Exec(ctx, "UPDATE state.info SET revision = revision + 1")
	return err
}

func (m *merge) dropStaging(ctx context.Context) error {
	drops := []string{
		"DROP TABLE temp.versions", "DROP TABLE temp.new_rejects", "DROP TABLE temp.new_lists", "DROP TABLE temp.new_named", "DROP TABLE temp.new_disputes",
		"DROP TABLE temp.known", "DROP TABLE temp.newest", "DROP TABLE IF EXISTS temp.alike", "DROP TABLE IF EXISTS temp.gone", "DROP TABLE IF EXISTS temp.steps",
		"DROP TABLE IF EXISTS temp.contested", "DROP TABLE IF EXISTS temp.claims", "DROP TABLE IF EXISTS temp.waiting",
	}
	return m.db.RunTogether(ctx, drops...)
}

func (m *merge) count(ctx context.Context, from string, args ...any) (n int64, err error) {
	err = m.db.One(ctx, []any{&n}, "SELECT count(*) "+from, args...)
	return n, err
}
