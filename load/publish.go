package load

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// NeedsPublish reports whether what people read is not what the state holds,
// or is missing or damaged.
func (s *State) NeedsPublish(ctx context.Context) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.needsPublish(ctx)
}

func (s *State) needsPublish(ctx context.Context) (bool, error) {
	g, whole, err := s.lake.Current()
	if err != nil || !whole || g.Lineage != s.lineage {
		return true, err
	}
	revision, err := s.revision(ctx)
	return revision != g.Revision, err
}

func (s *State) revision(ctx context.Context) (n int64, err error) {
	err = s.one(ctx, []any{&n}, "SELECT revision FROM state.info")
	return n, err
}

// Publish makes a generation of the state and links it in. Parts of partitions
// that did not change since the generation before are hard-linked from it. A
// crash at any moment leaves the old generation linked and whole, or the new
// one (Invariant 7); half-made ones are removed by the next OpenState.
func (s *State) Publish(ctx context.Context) (Generation, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	g, err := s.publish(ctx)
	if err != nil {
		// What was built and not linked is of no use to anyone.
		return Generation{}, errors.Join(fmt.Errorf("publish: %w", err), s.lake.sweepGenerations())
	}
	return g, nil
}

func (s *State) publish(ctx context.Context) (Generation, error) {
	if err := s.compact(ctx); err != nil {
		return Generation{}, fmt.Errorf("compact state: %w", err)
	}
	p := &publisher{State: s, before: map[string][]File{}}
	if err := p.begin(ctx); err != nil {
		return Generation{}, err
	}
	// The file is copied below, and what is not in it yet takes the memory that
	// the sorts of an export need.
	if err := p.run(ctx, "CHECKPOINT work"); err != nil {
		return Generation{}, err
	}
	if err := p.partitions(ctx); err != nil {
		return Generation{}, err
	}
	if err := p.warehouse(ctx); err != nil {
		return Generation{}, fmt.Errorf("warehouse: %w", err)
	}
	files, err := p.storedFiles(ctx)
	if err == nil {
		err = writeJSON(filepath.Join(p.dir, schemasName), moments{}, files)
	}
	if err != nil {
		return Generation{}, err
	}
	if err := writeJSON(filepath.Join(p.dir, manifestName), moments{}, p.Generation); err != nil {
		return Generation{}, err
	}
	if err := seal(p.dir); err != nil {
		return Generation{}, err
	}
	trace := s.lake.opts.Trace
	hit(trace.GenerationReady)
	if err := s.lake.link(p.Number); err != nil {
		return Generation{}, err
	}
	if _, err := s.exec(ctx, "DELETE FROM state.dirty WHERE revision <= ?", p.Revision); err != nil {
		return Generation{}, err
	}
	hit(trace.DirtyCleared)
	if err := s.lake.dropOldGenerations(p.Number); err != nil {
		return Generation{}, err
	}
	hit(trace.GenerationsSwept)
	return p.Generation, nil
}

// publisher is one generation in the making.
type publisher struct {
	*State
	Generation
	dir    string
	prev   Generation        // what unchanged parts are linked from; its Lineage is empty if nothing can be
	before map[string][]File // prev's files by table
}

// begin reserves the generation's number, before anything is built: a number
// is never used twice, whatever crashes.
func (p *publisher) begin(ctx context.Context) error {
	prev, whole, err := p.lake.Current()
	if err != nil {
		return err
	}
	if whole && prev.Lineage == p.lineage {
		p.prev = prev
		for _, f := range prev.Files {
			p.before[f.Table] = append(p.before[f.Table], f)
		}
	}
	_, err = p.exec(ctx, "UPDATE state.info SET generation = greatest(generation, ?) + 1", p.lake.newestGeneration())
	if err != nil {
		return err
	}
	p.Generation = Generation{Format: Format, Lineage: p.lineage, Built: time.Now().UTC().Truncate(time.Second), Rows: map[string]int64{}}
	err = p.one(ctx, []any{&p.Number, &p.Revision}, "SELECT generation, revision FROM state.info")
	if err != nil {
		return err
	}
	stored, err := p.stored(ctx)
	if err != nil {
		return err
	}
	p.Derived = map[string]string{}
	for _, t := range stored {
		p.Derived[t.name] = t.derivation
	}
	p.dir = p.lake.generationPath(p.Number)
	return os.Mkdir(p.dir, 0o700)
}

// linkable reports whether a table's rows are of the same derivation as in the
// generation before: then what did not change since can be linked from there.
func (p *publisher) linkable(t *table) bool {
	return p.prev.Lineage != "" && p.prev.Derived[t.Schema.Table] == p.Derived[t.Schema.Table]
}

// partition is one partition of a table, as the state has it now.
type partition struct {
	account, label string
	rows           int64
}

// partitions exports or links every part of every partition of every table, in
// the order of the tables.
func (p *publisher) partitions(ctx context.Context) error {
	var jobs []*exporter
	for _, t := range p.tables {
		more, err := p.exports(ctx, t)
		if err != nil {
			return fmt.Errorf("table %s: %w", t.Schema.Table, err)
		}
		jobs = append(jobs, more...)
	}
	if err := p.write(ctx, jobs); err != nil {
		return err
	}
	for _, job := range jobs {
		p.Files = append(p.Files, job.files...)
	}
	for _, t := range p.tables {
		if err := p.checkRows(t); err != nil {
			return fmt.Errorf("table %s: %w", t.Schema.Table, err)
		}
	}
	return nil
}

// exports says what is to be written of a table. One without changes is linked
// as it is.
func (p *publisher) exports(ctx context.Context, t *table) ([]*exporter, error) {
	dirty, err := p.dirty(ctx, t)
	if err != nil {
		return nil, err
	}
	if p.linkable(t) && len(dirty) == 0 {
		p.Rows[t.Schema.Table] = p.prev.Rows[t.Schema.Table]
		return []*exporter{{publisher: p, table: t, unchanged: p.before[t.Schema.Table]}}, nil
	}
	all, err := p.partitionsOf(ctx, t)
	var jobs []*exporter
	p.Rows[t.Schema.Table] = 0 // an empty table is told of too
	for _, part := range all {
		p.Rows[t.Schema.Table] += part.rows
		jobs = append(jobs, &exporter{publisher: p, table: t, part: part, dirty: dirty[partition{part.account, part.label, 0}]})
	}
	return jobs, err
}

// checkRows checks that the files of a table hold all of its rows (Invariant 7).
func (p *publisher) checkRows(t *table) error {
	var rows int64
	for _, f := range p.Files {
		if f.Table == t.Schema.Table {
			rows += f.Rows
		}
	}
	if rows != p.Rows[t.Schema.Table] {
		return fmt.Errorf("%d rows in its files, %d in the state", rows, p.Rows[t.Schema.Table])
	}
	return nil
}

// dirty returns the buckets that changed since the generation before, by partition.
func (p *publisher) dirty(ctx context.Context, t *table) (map[partition][]int, error) {
	changed := map[partition][]int{}
	var key partition
	var bucket int
	err := p.each(ctx, []any{&key.account, &key.label, &bucket}, func() error {
		changed[key] = append(changed[key], bucket)
		return nil
	}, `SELECT DISTINCT account, partition, bucket FROM state.dirty WHERE "table" = ? AND revision > ?`,
		t.Schema.Table, p.prev.Revision)
	return changed, err
}

func (p *publisher) partitionsOf(ctx context.Context, t *table) ([]partition, error) {
	var all []partition
	var one partition
	err := p.each(ctx, []any{&one.account, &one.label, &one.rows}, func() error {
		all = append(all, one)
		return nil
	}, fmt.Sprintf("SELECT account, %s, count(*) FROM %s GROUP BY ALL ORDER BY ALL",
		t.period.label(""), ident(t.Schema.Table)))
	return all, err
}
