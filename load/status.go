package load

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/stripelake/stripelake/internal/sqltext"
	"github.com/stripelake/stripelake/load/internal/atomicfile"
	"github.com/stripelake/stripelake/load/internal/duck"
	"github.com/stripelake/stripelake/load/internal/lakedir"
	"github.com/stripelake/stripelake/load/rawlog"
)

// Summary has counts of the state's content.
type Summary struct {
	Resources []Resource   `json:"resources"` // sorted by account, stream
	Tables    []TableCount `json:"tables"`    // in declared order
	Drift     int64        `json:"drift"`     // number of kinds of drift in meta.drift

	Unfollowed []Unfollowed `json:"unfollowed,omitempty"` // by account, most events first
}

// Resource has the counts of one stream of one account. Rows and Rejects are of the
// stream's main table; together they cover every object.
type Resource struct {
	Account    string `json:"account"`
	Stream     string `json:"stream"`
	Segment    uint64 `json:"segment"` // applied position
	Objects    int64  `json:"objects"` // distinct ids
	Rows       int64  `json:"rows"`
	Deleted    int64  `json:"deleted"`    // rows of deleted objects
	Rejects    int64  `json:"rejects"`    // objects rejected
	Incomplete int64  `json:"incomplete"` // nested lists of which some pages could not be read

	OtherVersions []string `json:"other_versions,omitempty"` // API versions of its objects other than the configured one, sorted
	OnlyOther     bool     `json:"only_other,omitempty"`     // no object came in the configured version
}

// TableCount is the number of rows of one table, over all accounts.
type TableCount struct {
	Table string `json:"table"`
	Rows  int64  `json:"rows"`
}

// Status is the information about a lake that can be read without a lock. It is for
// people only: it is replaced after each apply, and the program never relies on it.
type Status struct {
	Written    time.Time `json:"written"` // UTC
	Generation uint64    `json:"generation"`
	Published  bool      `json:"published"` // the generation holds all that is applied
	Summary    Summary   `json:"summary"`
	Logs       []LogSize `json:"logs"`
	LastRun    *Run      `json:"last_run,omitempty"`

	LastDone map[string]time.Time `json:"last_done,omitempty"` // UTC: by command, when a run last ended well

	Failures []Failure `json:"failures,omitempty"` // what earlier runs could not read
	GivenUp  []GivenUp `json:"given_up,omitempty"` // the content of meta.requests
}

// Summary counts the state's content.
func (s *State) Summary(ctx context.Context) (Summary, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return summary(ctx, s.db.Session, s.tables)
}

func summary(ctx context.Context, q duck.Session, tables []*TableLayout) (Summary, error) {
	var sum Summary
	for _, t := range tables {
		n := TableCount{Table: t.Schema.Table}
		if err := q.One(ctx, []any{&n.Rows}, "SELECT count(*) FROM "+sqltext.Ident(n.Table)); err != nil {
			return sum, fmt.Errorf("summary: %w", err)
		}
		sum.Tables = append(sum.Tables, n)
	}
	if err := q.One(ctx, []any{&sum.Drift}, "SELECT count(*) FROM meta.drift"); err != nil {
		return sum, fmt.Errorf("summary: %w", err)
	}
	var err error
	if sum.Unfollowed, err = unfollowed(ctx, q); err != nil {
		return sum, fmt.Errorf("summary: %w", err)
	}
	var r Resource
	err = q.Each(ctx, []any{&r.Account, &r.Stream, &r.Segment, &r.Objects, &r.Incomplete}, func() error {
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
	others, err := otherVersions(ctx, q)
	if err != nil {
		return sum, fmt.Errorf("summary: %w", err)
	}
	for i := range sum.Resources {
		r := &sum.Resources[i]
		other := others[rawlog.StreamKey{Account: r.Account, Stream: r.Stream}]
		r.OtherVersions, r.OnlyOther = other.Versions, other.Only
		if err := countMain(ctx, q, tables, &sum.Resources[i]); err != nil {
			return sum, fmt.Errorf("summary of %s: %w", sum.Resources[i].Stream, err)
		}
	}
	return sum, nil
}

// countMain counts the rows and rejects of a stream's main table.
func countMain(ctx context.Context, q duck.Session, tables []*TableLayout, r *Resource) error {
	for _, t := range tables {
		if t.Main != r.Stream {
			continue
		}
		return errors.Join(
			q.One(ctx, []any{&r.Rows, &r.Deleted}, fmt.Sprintf(
				"SELECT count(*), count(*) FILTER (deleted) FROM %s WHERE account = ?", sqltext.Ident(t.Schema.Table)), r.Account),
			q.One(ctx, []any{&r.Rejects}, `SELECT count(DISTINCT id) FROM meta.rejects
				WHERE account = ? AND stream = ? AND "table" = ?`, r.Account, r.Stream, t.Schema.Table))
	}
	return nil
}

// WriteStatus replaces .state/status.json with the present counts.
func (s *State) WriteStatus(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.shadow {
		return nil // the status describes the present state, not the shadow
	}
	status := Status{Written: time.Now().UTC().Truncate(time.Second)}
	var err error
	if status.Summary, err = summary(ctx, s.db.Session, s.tables); err != nil {
		return err
	}
	if status.Logs, err = LogSizes(s.lake.dir); err != nil {
		return err
	}
	if status.LastRun, err = lastRun(ctx, s.db.Session); err != nil {
		return err
	}
	if status.LastDone, err = lastDone(ctx, s.db.Session); err != nil {
		return err
	}
	if status.Failures, err = failures(ctx, s.db.Session); err != nil {
		return err
	}
	if status.GivenUp, err = givenUp(ctx, s.db.Session); err != nil {
		return err
	}
	needs, err := s.needsPublish(ctx)
	if err != nil {
		return err
	}
	status.Generation, _ = s.lake.Generations().Linked()
	status.Published = !needs
	if err := atomicfile.WriteJSON(s.lake.path(lakedir.StateDir, "status.json"), atomicfile.Hooks{}, status); err != nil {
		return fmt.Errorf("write status: %w", err)
	}
	return nil
}

// ReadStatus reads the status that the last apply or publish wrote. The error is
// fs.ErrNotExist before the first one, and for a damaged file, which the next run
// replaces; Generation is set even then. ReadStatus takes no lock and opens no
// database.
func ReadStatus(dir string) (Status, error) {
	l := Lake{dir: dir}
	var st Status
	err := atomicfile.ReadJSON(l.path(lakedir.StateDir, "status.json"), &st)
	if err == nil {
		return st, nil
	}
	st = Status{}
	st.Generation, _ = l.Generations().Linked()
	if atomicfile.IsJSONDamage(err) {
		return st, fmt.Errorf("read status: status.json is damaged: %w", fs.ErrNotExist)
	}
	return st, fmt.Errorf("read status: %w", err)
}
