package pipeline_test

import (
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stripelake/stripelake/internal/pipeline/laketest"
	"github.com/stripelake/stripelake/internal/stripesim"
	"github.com/stripelake/stripelake/load"
)

var quarterHours = flag.Int("quarter-hours", laketest.Sample(12, 30), "syncs of TestFilesOfAYear; a year has 35,040")

// A lake that is synced every 15 minutes does not become a heap of files: small
// segments are merged as they gather, old generations go. What is left of a year
// is bounded by the size of its data.
func TestFilesOfAYear(t *testing.T) {
	laketest.Slow(t)
	t.Parallel()
	const together = 8 // small segments of a stream that are merged; by default 64
	from := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
	server, err := stripesim.New(stripesim.Config{Seed: 3, Charges: 40_000, From: from, To: from.AddDate(1, 0, 0), Now: from.AddDate(0, 0, 2)})
	if err != nil {
		t.Fatal(err)
	}
	dir, url := filepath.Join(t.TempDir(), "lake"), laketest.Serve(t, server)
	most, published, full := map[string]int{}, 0, 0
	for range *quarterHours {
		s := laketest.NewSync(dir, url, func(o *load.Options) {
			o.CompactAfter = together
			full = o.SegmentBytes / 10 // on disk
		})
		if s.Err != nil {
			t.Fatal(s.Err)
		}
		summary, err := s.Run(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if summary.Generation > 0 {
			published++
		}
		for stream, held := range segments(t, dir) {
			// Two merged neighbours are more than one full segment.
			if bound := together + 2*int(held.bytes)/full; held.files > bound {
				t.Fatalf("%s came to %d segments of %d bytes, over %d", stream, held.files, held.bytes, bound)
			}
			most[stream] = max(most[stream], held.files)
		}
		server.Advance(15 * time.Minute)
	}
	all := 0
	if err := filepath.WalkDir(dir, func(_ string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			all++
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d syncs, %d of which published; %d files, at most %v segments", *quarterHours, published, all, most)
	if published < *quarterHours/4 {
		t.Errorf("only %d of %d syncs had something to publish", published, *quarterHours)
	}
	if findings := laketest.Verify(t, dir, false); len(findings) > 0 {
		t.Errorf("findings: %v", findings)
	}
}

type streamFiles struct {
	files int
	bytes int64
}

// segments counts the files of each stream of the raw log.
func segments(t *testing.T, dir string) map[string]streamFiles {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "raw", "*", "*", "*.parquet"))
	if err != nil {
		t.Fatal(err)
	}
	of := map[string]streamFiles{}
	for _, path := range files {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		stream := filepath.Base(filepath.Dir(path))
		of[stream] = streamFiles{of[stream].files + 1, of[stream].bytes + info.Size()}
	}
	return of
}
