package pipeline_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/stripelake/stripelake/internal/pipeline"
	"github.com/stripelake/stripelake/load"
)

// TestNewListKilled kills an erasure that begins a new list before that is there.
// The consent is on record: whatever comes next finishes it, and the same command
// once more has nothing left to do.
func TestNewListKilled(t *testing.T) {
	t.Parallel()
	newList := func(f *pipeline.Forget) { f.NewList = true }
	for _, moment := range []string{"ErasureRecorded", "ForgottenListed", "ReceiptWritten"} {
		t.Run(moment, func(t *testing.T) {
			t.Parallel()
			x := newReturning(t)
			list := filepath.Join(x.lake, "forgotten.json")
			if err := os.Remove(list); err != nil {
				t.Fatal(err)
			}
			if _, err := load.Open(x.lake, load.Options{}); !errors.As(err, new(*load.ListLostError)) {
				t.Fatalf("opened without the list: %v", err)
			}
			killForget(t, x.lake, "cus_ann", moment, 1, crashNewList+"=1")
			x.answer(nil)
			x.sync()
			x.checkNowhere()
			receipts, err := forget(t.Context(), x.lake, newList, "cus_ann")
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range receipts { // what events told before it was known whose it is, without text
				if len(r.Erased) != 1 || r.Erased[0].Stream != "events" || r.NewList {
					t.Errorf("the same once more: %+v", r)
				}
			}
		})
	}
}
