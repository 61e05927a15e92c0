package pipeline_test

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stripelake/stripelake/internal/pipeline"
	"github.com/stripelake/stripelake/internal/stripesim"
	"github.com/stripelake/stripelake/load"
)

// A scene is a lake and the Stripe that it is read from, for stories that a test
// tells step by step: what Stripe holds, a sync, what has changed, a sync.
type scene struct {
	t       *testing.T
	lake    string
	api     string
	stripe  atomic.Pointer[http.Handler]
	asked   atomic.Int64                  // requests
	notices []string                      // of all syncs
	read    map[string]int                // objects that came, by resource
	edit    func(files map[string]string) // of the schemas
}

func newScene(t *testing.T, stripe http.Handler) *scene {
	t.Helper()
	s := &scene{t: t, lake: filepath.Join(t.TempDir(), "lake"), read: map[string]int{}}
	s.becomes(stripe)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.asked.Add(1)
		(*s.stripe.Load()).ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	s.api = server.URL
	return s
}

// becomes replaces Stripe by another one.
func (s *scene) becomes(stripe http.Handler) { s.stripe.Store(&stripe) }

// sync copies the named resources, or all.
func (s *scene) sync(resources ...string) pipeline.Summary {
	s.t.Helper()
	summary, err := s.try(resources...)
	if err != nil {
		s.t.Fatal(err)
	}
	return summary
}

// try is a sync that may fail. Segments are short, so that much is durable
// before it does.
func (s *scene) try(resources ...string) (pipeline.Summary, error) {
	s.t.Helper()
	sync := historySyncOf(s.t, s.edit, s.lake, s.api, func(o *load.Options) { o.SegmentObjects = 100 })
	sync.Resources = resources
	sync.OnEvent = func(e pipeline.Event) {
		switch e.Event {
		case pipeline.EventNotice:
			s.notices = append(s.notices, e.Message)
		case pipeline.EventPage:
			s.read[e.Resource] += e.Objects
		}
	}
	return sync.Run(s.t.Context())
}

// rows is what the warehouse answers, a line a row. LAKE stands for the lake's
// folder, CHARGES for all Parquet files of the charges.
func (s *scene) rows(query string) []string {
	s.t.Helper()
	db, err := load.OpenWarehouse(filepath.Join(s.lake, "current", "warehouse.duckdb"))
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	query = strings.NewReplacer("LAKE", s.lake, "CHARGES", "'"+s.lake+"/current/charges/*/*/*.parquet'").Replace(query)
	rows, err := db.QueryContext(s.t.Context(), "SELECT COLUMNS(*)::VARCHAR FROM ("+query+")")
	if err != nil {
		s.t.Fatalf("%v\nin: %s", err, query)
	}
	defer func() { _ = rows.Close() }()
	names, err := rows.Columns()
	if err != nil {
		s.t.Fatal(err)
	}
	var lines []string
	for rows.Next() {
		cells := make([]sql.NullString, len(names))
		into := make([]any, len(names))
		for i := range cells {
			into[i] = &cells[i]
		}
		if err := rows.Scan(into...); err != nil {
			s.t.Fatal(err)
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
		s.t.Fatal(err)
	}
	return lines
}

// expect compares what a query answers with lines.
func (s *scene) expect(what, query string, want ...string) {
	s.t.Helper()
	if diff := cmp.Diff(want, s.rows(query)); diff != "" {
		s.t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// shop is a small business of two weeks in March 2025, a day before its end, so
// that the whole of its history can be told by events.
func shop(t *testing.T, change func(*stripesim.Config)) *stripesim.Server {
	t.Helper()
	from := time.Date(2025, 3, 1, 0, 0, 0, 0, time.UTC)
	config := stripesim.Config{Seed: 7, Charges: 60, From: from, To: from.AddDate(0, 0, 14), Now: from.AddDate(0, 0, 13)}
	if change != nil {
		change(&config)
	}
	server, err := stripesim.New(config)
	if err != nil {
		t.Fatal(err)
	}
	return server
}

// act changes an object at Stripe, or one that the seed picks. It returns the id
// of what was made or changed.
func act(t *testing.T, server *stripesim.Server, action stripesim.Action, on ...string) (id string) {
	t.Helper()
	var err error
	if len(on) > 0 {
		id, err = server.Act(action, on[0])
	} else {
		var made []string
		if made, err = server.Change(action, 1); len(made) > 0 {
			id = made[0]
		}
	}
	if err != nil || id == "" {
		t.Fatalf("%s: %q, %v", action, id, err)
	}
	return id
}

// noon is when recorded objects are read, unless a test says otherwise.
var noon = time.Date(2025, 6, 1, 12, 0, 0, 0, time.UTC)

// recorded serves objects as they are written down, at a time. Objects are told
// apart by their type, events among them.
func recorded(t *testing.T, seed int64, now time.Time, objects ...string) http.Handler {
	t.Helper()
	dir := t.TempDir()
	lines := map[string][]string{"charge": nil} // there is a list of charges at least
	for _, o := range objects {
		var head struct{ Object string }
		if err := json.Unmarshal([]byte(o), &head); err != nil {
			t.Fatalf("%v\nin: %s", err, o)
		}
		lines[head.Object] = append(lines[head.Object], o)
	}
	for kind, objects := range lines {
		if err := os.WriteFile(filepath.Join(dir, kind+".jsonl"), []byte(strings.Join(objects, "\n")), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	server, err := stripesim.FromFiles(dir, stripesim.Config{Seed: seed, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	return server.Handler()
}

// sent is an object as Stripe sends it. Of members that come twice the last holds.
func sent(kind, id string, created time.Time, members ...string) string {
	head := fmt.Sprintf(`"id":%q,"object":%q,"created":%d,"livemode":false`, id, kind, created.Unix())
	object := map[string]json.RawMessage{}
	text := "{" + strings.Join(append([]string{head}, members...), ",") + "}"
	if err := json.Unmarshal([]byte(text), &object); err != nil {
		return text // what is wrong with it shows where it is served
	}
	whole, _ := json.Marshal(object)
	return string(whole)
}

// paid is a charge of 1 USD, but for what members say.
func paid(id string, created time.Time, members ...string) string {
	usual := `"amount":100,"amount_captured":100,"amount_refunded":0,"currency":"usd","captured":true,"status":"succeeded"`
	return sent("charge", id, created, append([]string{usual}, members...)...)
}

// event tells of an object.
func event(id, kind string, at time.Time, object string) string {
	return fmt.Sprintf(`{"id":%q,"object":"event","created":%d,"livemode":false,"type":%q,"data":{"object":%s}}`, id, at.Unix(), kind, object)
}

// before calls f ahead of each request to a list that goes on after a cursor.
func before(stripe http.Handler, list string, f func(cursor string)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if cursor := r.URL.Query().Get("starting_after"); cursor != "" && r.URL.Path == list {
			f(cursor)
		}
		stripe.ServeHTTP(w, r)
	})
}

// ids sorts ids.
func ids(of []string) []string {
	slices.Sort(of)
	return of
}

func itoa(n int) string { return strconv.Itoa(n) }
