package load

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// Summary counts what the state holds.
type Summary struct {
	Resources []Resource   `json:"resources"` // by account, stream
	Tables    []TableCount `json:"tables"`    // in declared order
	Drift     int64        `json:"drift"`     // kinds of it, in meta.drift
}

// Resource counts one stream of one account. Rows and Rejects are of the
// stream's main table; together they cover every object.
type Resource struct {
	Account    string `json:"account"`
	Stream     string `json:"stream"`
	Segment    uint64 `json:"segment"` // applied position
	Objects    int64  `json:"objects"` // distinct ids
	Rows       int64  `json:"rows"`
	Deleted    int64  `json:"deleted"`    // rows whose object is gone
	Rejects    int64  `json:"rejects"`    // objects rejected
	Incomplete int64  `json:"incomplete"` // nested lists of which not every page could be read
}

// TableCount counts the rows of one table, over all accounts.
type TableCount struct {
	Table string `json:"table"`
	Rows  int64  `json:"rows"`
}

// LogSize is how much of a stream is in the raw log.
type LogSize struct {
	Account  string `json:"account"`
	Stream   string `json:"stream"`
	Newest   uint64 `json:"newest"` // segment
	Segments int    `json:"segments"`
	Bytes    int64  `json:"bytes"`  // on disk
	Cursor   string `json:"cursor"` // where extraction goes on
}

// Status is what is told of a lake without a lock. It is a courtesy, replaced
// after each apply, and never read back as truth.
type Status struct {
	Written    time.Time `json:"written"` // UTC
	Generation uint64    `json:"generation"`
	Published  bool      `json:"published"` // the generation holds all that is applied
	Summary    Summary   `json:"summary"`
	Logs       []LogSize `json:"logs"`
	LastRun    *Run      `json:"last_run,omitempty"`
}

// LogSizes is the function of that name for this lake.
func (l *Lake) LogSizes() ([]LogSize, error) { return LogSizes(l.dir) }

// Summary counts the state's contents.
func (s *State) Summary(ctx context.Context) (Summary, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.summary(ctx)
}

func (s *State) summary(ctx context.Context) (Summary, error) {
	var sum Summary
	for _, t := range s.tables {
		n := TableCount{Table: t.Schema.Table}
		if err := s.one(ctx, []any{&n.Rows}, "SELECT count(*) FROM "+ident(n.Table)); err != nil {
			return sum, fmt.Errorf("summary: %w", err)
		}
		sum.Tables = append(sum.Tables, n)
	}
	if err := s.one(ctx, []any{&sum.Drift}, "SELECT count(*) FROM meta.drift"); err != nil {
		return sum, fmt.Errorf("summary: %w", err)
	}
	var r Resource
	err := s.each(ctx, []any{&r.Account, &r.Stream, &r.Segment, &r.Objects, &r.Incomplete}, func() error {
		sum.Resources = append(sum.Resources, r)
		return nil
	}, `SELECT p.account, p.stream, p.segment, coalesce(any_value(o.n), 0), count(l.id)
		FROM meta.positions p
		LEFT JOIN (SELECT account, stream, count(*) AS n FROM state.objects GROUP BY ALL) o USING (account, stream)
		LEFT JOIN meta.incomplete_lists l USING (account, stream)
		GROUP BY ALL ORDER BY ALL`)
	if err != nil {
		return sum, fmt.Errorf("summary: %w", err)
	}
	for i := range sum.Resources {
		if err := s.countMain(ctx, &sum.Resources[i]); err != nil {
			return sum, fmt.Errorf("summary of %s: %w", sum.Resources[i].Stream, err)
		}
	}
	return sum, nil
}

// countMain counts the main table of a stream.
func (s *State) countMain(ctx context.Context, r *Resource) error {
	for _, t := range s.tables {
		if t.Main != r.Stream {
			continue
		}
		return errors.Join(
			s.one(ctx, []any{&r.Rows, &r.Deleted}, fmt.Sprintf(
				"SELECT count(*), count(*) FILTER (deleted) FROM %s WHERE account = ?", ident(t.Schema.Table)), r.Account),
			s.one(ctx, []any{&r.Rejects}, `SELECT count(DISTINCT id) FROM meta.rejects
				WHERE account = ? AND stream = ? AND "table" = ?`, r.Account, r.Stream, t.Schema.Table))
	}
	return nil
}

// WriteStatus replaces .state/status.json with the present counts.
func (s *State) WriteStatus(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.beside {
		return nil // the status is of what is there already
	}
	status := Status{Written: time.Now().UTC().Truncate(time.Second)}
	var err error
	if status.Summary, err = s.summary(ctx); err != nil {
		return err
	}
	if status.Logs, err = LogSizes(s.lake.dir); err != nil {
		return err
	}
	if status.LastRun, err = s.lastRun(ctx); err != nil {
		return err
	}
	needs, err := s.needsPublish(ctx)
	if err != nil {
		return err
	}
	status.Generation, _ = s.lake.linked()
	status.Published = !needs
	if err := writeJSON(s.lake.path(stateDir, "status.json"), moments{}, status); err != nil {
		return fmt.Errorf("write status: %w", err)
	}
	return nil
}

// Sizes are bytes on disk. Files that generations share are counted once, in
// the published one.
type Sizes struct {
	Log       int64 `json:"log"`
	State     int64 `json:"state"`     // the private DuckDB file
	Published int64 `json:"published"` // the linked generation
}

// ReadSizes measures a lake as it is now. It takes no lock.
func ReadSizes(dir string) (Sizes, error) {
	var sizes Sizes
	logs, err := LogSizes(dir)
	if err != nil {
		return sizes, err
	}
	for _, log := range logs {
		sizes.Log += log.Bytes
	}
	l := Lake{dir: dir}
	if info, err := os.Stat(l.databasePath()); err == nil {
		sizes.State = info.Size()
	}
	published, err := filepath.EvalSymlinks(l.path("current"))
	if err != nil {
		return sizes, nil //nolint:nilerr // nothing is published yet
	}
	err = filepath.WalkDir(published, func(_ string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		info, err := entry.Info()
		if err == nil {
			sizes.Published += info.Size()
		}
		return err
	})
	if errors.Is(err, fs.ErrNotExist) {
		err = nil // the generation was replaced while we looked
	}
	return sizes, err
}

// ReadStatus reads what the last apply or publish wrote; fs.ErrNotExist before
// the first, and where the file is damaged: the next run writes it again. The
// generation is told all the same. It takes no lock and opens no database.
func ReadStatus(dir string) (Status, error) {
	l := Lake{dir: dir}
	var st Status
	err := readJSON(l.path(stateDir, "status.json"), &st)
	if err == nil {
		return st, nil
	}
	st = Status{}
	st.Generation, _ = l.linked()
	if isJSONDamage(err) {
		return st, fmt.Errorf("read status: status.json is damaged: %w", fs.ErrNotExist)
	}
	return st, fmt.Errorf("read status: %w", err)
}

// LogSizes measures the raw log in a lake's folder, by account and stream.
func LogSizes(dir string) ([]LogSize, error) {
	accounts, err := subdirs(filepath.Join(dir, rawDir))
	if err != nil {
		return nil, fmt.Errorf("measure log: %w", err)
	}
	var sizes []LogSize
	for _, account := range accounts {
		streams, err := subdirs(filepath.Join(dir, rawDir, account))
		if err != nil {
			return nil, fmt.Errorf("measure log: %w", err)
		}
		for _, stream := range streams {
			segments, err := listSegments(filepath.Join(dir, rawDir, account, stream))
			if err != nil {
				return nil, fmt.Errorf("measure log: %w", err)
			}
			log := Log{lake: &Lake{dir: dir}, account: account, streams: map[string]*streamLog{}}
			cursor, err := log.Cursor(stream) // reading takes no lock: files are replaced by renames
			if err != nil {
				return nil, fmt.Errorf("measure log: %w", err)
			}
			size := LogSize{Account: account, Stream: stream, Segments: len(segments), Cursor: cursor}
			for _, s := range segments {
				size.Bytes += s.bytes
				size.Newest = s.last
			}
			sizes = append(sizes, size)
		}
	}
	return sizes, nil
}
