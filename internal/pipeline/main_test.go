package pipeline_test

import (
	"context"
	"fmt"
	"os"
	"testing"

	"github.com/stripelake/stripelake/internal/pipeline/laketest"
)

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
