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
	for _, t := range s.tables {
		if err := p.table(ctx, t); err != nil {
			return Generation{}, fmt.Errorf("table %s: %w", t.Schema.Table, err)
		}
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

// table exports or links every part of every partition of a table.
func (p *publisher) table(ctx context.Context, t *table) error {
	dirty, err := p.dirty(ctx, t)
	if err != nil {
		return err
	}
	if p.linkable(t) && len(dirty) == 0 {
		for _, f := range p.before[t.Schema.Table] {
			if err := p.link(f); err != nil {
				return err
			}
		}
		p.Rows[t.Schema.Table] = p.prev.Rows[t.Schema.Table]
		return nil
	}
	partitions, err := p.partitions(ctx, t)
	if err != nil {
		return err
	}
	for _, part := range partitions {
		p.Rows[t.Schema.Table] += part.rows
		if err := p.partition(ctx, t, part, dirty[partition{part.account, part.label, 0}]); err != nil {
			return fmt.Errorf("account %s: partition %s: %w", part.account, part.label, err)
		}
	}
	return p.checkRows(t)
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

func (p *publisher) partitions(ctx context.Context, t *table) ([]partition, error) {
	var all []partition
	var one partition
	err := p.each(ctx, []any{&one.account, &one.label, &one.rows}, func() error {
		all = append(all, one)
		return nil
	}, fmt.Sprintf("SELECT account, %s, count(*) FROM %s GROUP BY ALL ORDER BY ALL",
		t.period.label(""), ident(t.Schema.Table)))
	return all, err
}
