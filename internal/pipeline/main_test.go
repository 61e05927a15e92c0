package pipeline_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"testing"

	"github.com/stripelake/stripelake/internal/pipeline/laketest"
)

// thorough has tests try all of which they take a sample otherwise, as make soak does.
var thorough = flag.Bool("thorough", false, "try all of which a sample is tried otherwise")

// sample is how much of something a test tries: some, or all if it is to be thorough.
func sample(some, all int) int {
	if *thorough {
		return all
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
