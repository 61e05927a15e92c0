package pipeline_test

import (
	"context"
	"fmt"
	"maps"
	"os"
	"slices"
	"testing"

	"github.com/stripelake/stripelake/internal/pipeline/laketest"
)

// thorough has tests try all of which they take a sample otherwise, as in make check.
func thorough() bool { return os.Getenv("STRIPELAKE_THOROUGH") != "" }

// sample is how much of something a test tries: some, or all if it is to be thorough.
func sample(some, all int) int {
	if thorough() {
		return all
	}
	return some
}

// sampled returns every third case, or all if the test is to be thorough.
func sampled[Case any](cases map[string]Case) map[string]Case {
	if thorough() {
		return cases
	}
	some := map[string]Case{}
	for i, name := range slices.Sorted(maps.Keys(cases)) {
		if i%3 == 0 {
			some[name] = cases[name]
		}
	}
	return some
}

// TestMain makes the test binary another process of a test, if its environment says so:
// a reader of a lake, or a command that attacks and recoveries run.
func TestMain(m *testing.M) {
	if role := os.Getenv(readerRole); role != "" {
		if err := readLake(role, os.Getenv(readerLake), os.Getenv(readerOwn)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	if c, is := laketest.AsChild(); is && c.Work == asSmallSync {
		laketest.Exit(c.Sync(context.Background()))
	} else if is {
		laketest.Exit(workAs(context.Background(), c))
	}
	os.Exit(m.Run())
}
