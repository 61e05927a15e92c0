package laketest

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/stripelake/stripelake/extract"
	"github.com/stripelake/stripelake/internal/pipeline"
	"github.com/stripelake/stripelake/load"
	"github.com/stripelake/stripelake/schemas"
	"github.com/stripelake/stripelake/transform"
)

// Key is the key of every client here. The simulator takes any.
const Key = "sk_test_pipeline"

// Setup is a sync, or the error why it could not be put together, which [Run]
// returns.
type Setup struct {
	pipeline.Sync
	Err error
}

// NewSync puts a sync together from the real parts: a client over HTTP, the embedded
// schemas, a lake on disk.
func NewSync(dir, api string, change func(*load.Options)) *Setup {
	return NewSyncOf(nil, dir, api, change)
}

// NewSyncOf is [NewSync] with schema files that are edited.
func NewSyncOf(edit func(files map[string]string), dir, api string, change func(*load.Options)) *Setup {
	set, mappings, err := compiled(edit)
	if err != nil {
		return &Setup{Err: err}
	}
	client, err := extract.New(extract.Config{Key: Key, BaseURL: api, MaxRPS: 100_000})
	if err != nil {
		return &Setup{Err: err}
	}
	options := pipeline.LakeOptions(set, client.Mode())
	if change != nil {
		change(&options)
	}
	lake, err := load.Open(dir, options)
	return &Setup{Sync: pipeline.Sync{Source: pipeline.Source{Client: client}, Mappings: mappings, Lake: lake, Range: extract.Range{LookBack: 48 * time.Hour}}, Err: err}
}

// Shipped returns the embedded schemas, the same for all tests: nothing changes a set
// that is loaded, nor its mappings.
var Shipped = sync.OnceValues(func() (*schemas.Set, error) { return schemas.Load(schemas.Embedded()) })

var shippedMappings = sync.OnceValues(func() (*transform.Mappings, error) {
	set, err := Shipped()
	if err != nil {
		return nil, err
	}
	return transform.Compile(set)
})

// compiled returns the embedded schemas as they are or, where edit is not nil, edited.
func compiled(edit func(files map[string]string)) (*schemas.Set, *transform.Mappings, error) {
	set, err := Shipped()
	if err != nil {
		return nil, nil, err
	}
	if edit == nil {
		mappings, err := shippedMappings()
		return set, mappings, err
	}
	files := set.Files()
	edit(files)
	if set, err = schemas.LoadFiles(files); err != nil {
		return nil, nil, err
	}
	mappings, err := transform.Compile(set)
	return set, mappings, err
}

// NewEditedSync is a sync whose refunds have one more column.
func NewEditedSync(dir, api string, change func(*load.Options)) *Setup {
	return NewSyncOf(func(files map[string]string) {
		files["stripe/refund.yaml"] += "  reason_code: {type: string, title: Reason code, description: Upper case.}\n"
		files["mappings/stripe/refund.yaml"] = strings.Replace(files["mappings/stripe/refund.yaml"], "fields:\n", "fields:\n  reason_code: upper(reason)\n", 1)
	}, dir, api, change)
}

// WithoutHistory edits schema files so that no table keeps a history.
func WithoutHistory(files map[string]string) {
	for path, text := range files {
		files[path] = strings.Replace(text, "\nhistory: true\n", "\n", 1)
	}
}

// NewPatientSync is [NewSync] with a client that tries a request twelve times.
func NewPatientSync(rt rapid.TB, lake, url string, change func(*load.Options)) *pipeline.Sync {
	return newPatientSyncOf(rt, nil, lake, url, change)
}

func newPatientSyncOf(rt rapid.TB, edit func(files map[string]string), lake, url string, change func(*load.Options)) *pipeline.Sync {
	s := NewSyncOf(edit, lake, url, change)
	if s.Err != nil {
		rt.Fatal(s.Err)
	}
	client, err := extract.New(extract.Config{
		Key: Key, BaseURL: url, MaxRPS: 100_000,
		Retry: extract.Retry{Attempts: 12, Base: time.Millisecond, Cap: 5 * time.Millisecond},
	})
	if err != nil {
		rt.Fatal(err)
	}
	s.Client = client
	return &s.Sync
}

// NewClient is a client of a Stripe at api that holds no rate limit.
func NewClient(t *testing.T, key, api string) *extract.Client {
	t.Helper()
	c, err := extract.New(extract.Config{Key: key, BaseURL: api, MaxRPS: 100_000})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// Synced copies an account into a lake, and returns the client that read it.
func Synced(t *testing.T, dir, api string) *extract.Client {
	t.Helper()
	s := NewSync(dir, api, nil)
	if err := Run(s); err != nil {
		t.Fatal(err)
	}
	return s.Client
}

// Run runs a sync, or returns why there is none.
func Run(s *Setup) error {
	if s.Err != nil {
		return s.Err
	}
	_, err := s.Run(context.Background())
	return err
}

// Rebuild derives what changed in the schemas from the log.
func (s *Setup) Rebuild(ctx context.Context, onEvent func(pipeline.Event)) (pipeline.Summary, error) {
	if s.Err != nil {
		return pipeline.Summary{}, s.Err
	}
	return (&pipeline.Rebuild{Mappings: s.Mappings, Lake: s.Lake, OnEvent: onEvent}).Run(ctx)
}
