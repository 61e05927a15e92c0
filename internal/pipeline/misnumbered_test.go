package pipeline_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stripelake/stripelake/internal/pipeline"
	"github.com/stripelake/stripelake/internal/pipeline/laketest"
	"github.com/stripelake/stripelake/internal/stripesim"
)

// A file with an impossible segment name ends the reading of its own stream
// only. The objects of the others are published, the run exits 3, and the
// advice of the error repairs it.
func TestMisnumberedEndsItsStreamAlone(t *testing.T) {
	t.Parallel()
	server := laketest.Shop(t, nil)
	s := laketest.NewScene(t, server.Handler())
	s.Sync()
	const count = "SELECT count(*) FROM charges"
	before := s.Rows(count)
	if _, err := server.Change(stripesim.CreateCharge, 3); err != nil {
		t.Fatal(err)
	}
	server.Advance(time.Hour)
	if err := laketest.Duplicate("raw/*/customers/00000001-*.parquet", "00000000-00000001.parquet")(s.Lake); err != nil {
		t.Fatal(err)
	}
	_, err := s.Try()
	if pipeline.ExitCode(err) != 3 || !strings.HasPrefix(err.Error(), "customers not read to its end: ") || !strings.Contains(err.Error(), "stripelake verify --stripe --repair") || strings.Contains(err.Error(), "\n") {
		t.Errorf("the sync ended with %v", err)
	}
	if after := s.Rows(count); len(after) == 0 || after[0] == before[0] {
		t.Errorf("charges were %v, and are %v", before, after)
	}
	v, sync := laketest.NewVerifyAtStripe(t, s)
	if found, err := v.Run(t.Context()); pipeline.ExitCode(err) != 3 || found.Findings == 0 {
		t.Errorf("verify found %d, %v", found.Findings, err)
	}
	if _, err := v.Repair(t.Context(), sync); err != nil {
		t.Fatal(err)
	}
	s.Sync()
	if found := laketest.Verify(t, s.Lake, false); len(found) > 0 {
		t.Errorf("found after it:\n%s", strings.Join(found, "\n"))
	}
}
