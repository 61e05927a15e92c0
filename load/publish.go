package load

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/stripelake/stripelake/load/internal/atomicfile"
	"github.com/stripelake/stripelake/load/internal/duck"
	"github.com/stripelake/stripelake/load/internal/lakedir"
	"github.com/stripelake/stripelake/load/internal/trace"
)

// NeedsPublish reports whether the published generation differs from the state, is
// missing or damaged, or lacks the data that a user needs who may read nothing else.
func (s *State) NeedsPublish(ctx context.Context) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.needsPublish(ctx)
}

func (s *State) needsPublish(ctx context.Context) (bool, error) {
	if s.distrusted {
		return true, nil
	}
	g, own, err := s.own(ctx)
	if err != nil || !own || g.Mode != s.lake.opts.Mode || g.Export != exportVersion {
		return true, err
	}
	if list, err := s.lake.listBytes(); err != nil || list != g.ListBytes {
		return true, err
	}
	revision, err := revision(ctx, s.db.Session)
	return revision != g.Revision, err
}

func revision(ctx context.Context, q duck.Session) (n int64, err error) {
	err = q.One(ctx, []any{&n}, "SELECT revision FROM state.info")
	return n, err
}

// Publish makes a generation from the state and links it. It hard-links unchanged parts
// of partitions from the previous generation. After a crash at any moment the old
// generation is linked and intact, or the new one is (Invariant 7). The next OpenState
// removes incomplete generations.
func (s *State) Publish(ctx context.Context) (Generation, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	g, err := s.publish(ctx)
	if err != nil {
		// Nobody needs a generation that was built and not linked.
		return Generation{}, errors.Join(fmt.Errorf("publish: %w", err), s.lake.Generations().sweep())
	}
	return g, nil
}

func (s *State) publish(ctx context.Context) (Generation, error) {
	p := &publisher{State: s, before: map[partition][]File{}}
	if err := p.begin(ctx); err != nil {
		return Generation{}, err
	}
	if err := p.describe(ctx); err != nil {
		return Generation{}, err
	}
	if err := p.makeViews(ctx); err != nil {
		return Generation{}, fmt.Errorf("views: %w", err)
	}
	if err := p.step("state", func() error { return p.checkpoint(ctx) }); err != nil {
		return Generation{}, err
	}
	if err := p.step("partitions", func() error { return p.partitions(ctx) }); err != nil {
		return Generation{}, err
	}
	on := s.lake.opts.Trace
	trace.Hit(on.PartitionsMade)
	if err := p.warehouse(ctx); err != nil {
		return Generation{}, fmt.Errorf("warehouse: %w", err)
	}
	files, err := FilesIn(ctx, p.db.Session, "state.schemas")
	if err == nil {
		err = atomicfile.WriteJSON(filepath.Join(p.dir, schemasName), atomicfile.Hooks{}, files)
	}
	if err == nil {
		p.SchemasSum, err = sumFile(filepath.Join(p.dir, schemasName))
	}
	if err != nil {
		return Generation{}, err
	}
	if err := atomicfile.WriteJSON(filepath.Join(p.dir, lakedir.ManifestName), atomicfile.Hooks{}, p.Generation); err != nil {
		return Generation{}, err
	}
	if err := seal(p.dir); err != nil {
		return Generation{}, err
	}
	if err := p.offer(ctx); err != nil {
		return Generation{}, err
	}
	trace.Hit(on.GenerationReady)
	if err := s.lake.Generations().link(p.Number); err != nil {
		return Generation{}, err
	}
	s.distrusted = false
	if err := p.note(ctx); err != nil {
		return Generation{}, err
	}
	trace.Hit(on.DirtyCleared)
	if err := s.lake.Generations().dropOld(p.Number); err != nil {
		return Generation{}, err
	}
	trace.Hit(on.GenerationsSwept)
	return p.Generation, nil
}

// checkpoint writes all that is applied into the state's file, which is copied later.
// Until then the applied data takes memory that the sorts of an export need.
func (p *publisher) checkpoint(ctx context.Context) error {
	p.comparing.Lock() // the file may be replaced, and a transaction would keep its write-ahead log
	defer p.comparing.Unlock()
	before := bytesWritten()
	if err := p.compact(ctx); err != nil {
		return fmt.Errorf("compact state: %w", err)
	}
	err := p.db.Run(ctx, "CHECKPOINT work")
	p.Stats.State = bytesWritten() - before
	return err
}

// publisher builds one generation.
type publisher struct {
	*State
	Generation
	dir    string
	prev   Generation           // source of links for unchanged parts; its Number is 0 if there is none
	before map[partition][]File // prev's files
}

// begin reserves the generation's number before anything is built: no number is used
// twice, even after a crash.
func (p *publisher) begin(ctx context.Context) error {
	prev, own, err := p.own(ctx)
	if err != nil {
		return err
	}
	if own && !p.distrusted && prev.Export == exportVersion {
		p.prev = prev
		for _, f := range prev.Files {
			part := partition{f.Table, f.Account, f.Partition}
			p.before[part] = append(p.before[part], f)
		}
	}
	newest, err := p.lake.Generations().newest()
	if err == nil {
		_, err = p.db.Exec(ctx, "UPDATE state.info SET generation = greatest(generation, ?) + 1", newest)
	}
	if err != nil {
		return err
	}
	p.Generation = Generation{
		Format: Format, Export: exportVersion, Lineage: p.lineage, Built: time.Now().UTC().Truncate(time.Second), Rows: map[string]int64{},
		Positions: p.applied(), Stats: PublishStats{Seconds: map[string]float64{}},
	}
	p.Stats.Changed = p.bytesSince(prev.Positions)
	err = p.db.One(ctx, []any{&p.Number, &p.Revision}, "SELECT generation, revision FROM state.info")
	if err != nil {
		return err
	}
	stored, err := storedTables(ctx, p.db.Session)
	if err != nil {
		return err
	}
	p.Derived = map[string]string{}
	for _, t := range stored {
		p.Derived[t.name] = t.derivation
	}
	p.dir = p.lake.Generations().path(p.Number)
	return os.Mkdir(p.dir, 0o700)
}

// describe adds to the manifest the data for users who may read nothing else of the
// lake.
func (p *publisher) describe(ctx context.Context) error {
	summary, err := summary(ctx, p.db.Session, p.tables)
	if err != nil {
		return err
	}
	p.Mode, p.Program, p.Generation.Summary = p.lake.opts.Mode, p.lake.opts.Program, &summary
	if p.Layout, err = p.layout(ctx); err != nil {
		return err
	}
	return p.findForgotten(ctx)
}

// linkable reports whether a table's rows come from the same derivation as those of the
// previous generation. Then unchanged parts can be linked from there (Invariant 7).
func (p *publisher) linkable(t *TableLayout) bool {
	return p.prev.Number > 0 && p.prev.Derived[t.Schema.Table] == p.Derived[t.Schema.Table]
}
