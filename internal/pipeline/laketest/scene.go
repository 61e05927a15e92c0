package laketest

import (
	"database/sql"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stripelake/stripelake/internal/pipeline"
	"github.com/stripelake/stripelake/load"
)

// Scene is a lake and the Stripe that it is read from, for stories that a test tells
// step by step: what Stripe holds, a sync, what has changed, a sync.
type Scene struct {
	T       *testing.T
	Lake    string
	API     string
	stripe  atomic.Pointer[http.Handler]
	Asked   atomic.Int64                  // requests
	Notices []string                      // of all syncs
	Read    map[string]int                // objects that came, by resource
	Edit    func(files map[string]string) // of the schemas
}

// NewScene is a scene without a lake yet.
func NewScene(t *testing.T, stripe http.Handler) *Scene {
	t.Helper()
	s := &Scene{T: t, Lake: filepath.Join(t.TempDir(), "lake"), Read: map[string]int{}}
	s.Becomes(stripe)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.Asked.Add(1)
		(*s.stripe.Load()).ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	s.API = server.URL
	return s
}

// Becomes replaces Stripe by another one.
func (s *Scene) Becomes(stripe http.Handler) { s.stripe.Store(&stripe) }

// Sync copies the named resources, or all.
func (s *Scene) Sync(resources ...string) pipeline.Summary {
	s.T.Helper()
	summary, err := s.Try(resources...)
	if err != nil {
		s.T.Fatal(err)
	}
	return summary
}

// Try is a sync that may fail. Segments are short, so that much is durable before it
// does.
func (s *Scene) Try(resources ...string) (pipeline.Summary, error) {
	s.T.Helper()
	sync := newPatientSyncOf(s.T, s.Edit, s.Lake, s.API, func(o *load.Options) { o.SegmentObjects = 100 })
	sync.Resources = resources
	sync.OnEvent = func(e pipeline.Event) {
		switch e.Event {
		case pipeline.EventNotice:
			s.Notices = append(s.Notices, e.Message)
		case pipeline.EventPage:
			s.Read[e.Resource] += e.Objects
		}
	}
	return sync.Run(s.T.Context())
}

// Rows is what the warehouse answers, a line a row. LAKE stands for the lake's folder,
// CHARGES for all Parquet files of the charges.
func (s *Scene) Rows(query string) []string {
	s.T.Helper()
	db, err := load.OpenWarehouse(filepath.Join(s.Lake, "current", "warehouse.duckdb"))
	if err != nil {
		s.T.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	query = strings.NewReplacer("LAKE", s.Lake, "CHARGES", "'"+s.Lake+"/current/charges/*/*/*.parquet'").Replace(query)
	rows, err := db.QueryContext(s.T.Context(), "SELECT COLUMNS(*)::VARCHAR FROM ("+query+")")
	if err != nil {
		s.T.Fatalf("%v\nin: %s", err, query)
	}
	defer func() { _ = rows.Close() }()
	names, err := rows.Columns()
	if err != nil {
		s.T.Fatal(err)
	}
	var lines []string
	for rows.Next() {
		cells := make([]sql.NullString, len(names))
		into := make([]any, len(names))
		for i := range cells {
			into[i] = &cells[i]
		}
		if err := rows.Scan(into...); err != nil {
			s.T.Fatal(err)
		}
		var texts []string
		for _, c := range cells {
			if !c.Valid {
				c.String = "null"
			}
			texts = append(texts, c.String)
		}
		lines = append(lines, strings.Join(texts, " "))
	}
	if err := rows.Err(); err != nil {
		s.T.Fatal(err)
	}
	return lines
}

// Expect compares what a query answers with lines.
func (s *Scene) Expect(what, query string, want ...string) {
	s.T.Helper()
	if diff := cmp.Diff(want, s.Rows(query)); diff != "" {
		s.T.Errorf("%s (-want +got):\n%s", what, diff)
	}
}
