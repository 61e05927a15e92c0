package pipeline_test

import (
	"testing"

	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/stripelake/stripelake/internal/pipeline"
	"github.com/stripelake/stripelake/internal/pipeline/laketest"
	"github.com/stripelake/stripelake/load"
	"github.com/stripelake/stripelake/schemas"
)

var ignoreSegments = cmpopts.IgnoreFields(load.Erased{}, "Account", "Segments")

// relisted syncs a lake from the beginning of every list.
func relisted(t *testing.T, dir, api string, resources ...string) pipeline.Summary {
	t.Helper()
	relist(t, dir)
	s := laketest.NewSync(dir, api, func(o *load.Options) { o.SegmentObjects = 20 })
	s.Resources = resources
	summary, err := s.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return summary
}

// relist makes the next sync read every list from its beginning.
func relist(t *testing.T, dir string) {
	t.Helper()
	s := laketest.NewSync(dir, "http://127.0.0.1:1", nil)
	accounts, err := s.Lake.Accounts()
	if err != nil {
		t.Fatal(err)
	}
	log, err := s.Lake.OpenLog(t.Context(), accounts[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	for _, resource := range pipeline.Resources(schemas.ShippedResources()) {
		if err := log.MoveCursor(resource.Name, ""); err != nil {
			t.Fatal(err)
		}
	}
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
}
