package killtest_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stripelake/stripelake/internal/pipeline"
	"github.com/stripelake/stripelake/internal/pipeline/laketest"
)

// repairMoments come in a repair only.
var repairMoments = []string{"LossRecorded", "LossSetAside"}

func repairAsChild(ctx context.Context, c laketest.Child) error {
	s := laketest.NewSync(c.Lake, c.API, c.Options)
	if s.Err != nil {
		return s.Err
	}
	v := pipeline.Verify{Dir: c.Lake, Wait: -1, Stripe: &pipeline.AtStripe{Client: s.Client}}
	if _, err := v.Run(ctx); err != nil && pipeline.ExitCode(err) != 3 {
		return err
	}
	_, err := v.Repair(ctx, &s.Sync)
	return err
}

// Killed at any moment, a repair is finished by the next, and until then no sync
// goes on as if nothing had been lost.
func TestRepairKilled(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("nothing here runs side by side: not for the race detector")
	}
	server, sound := laketest.ChangedWithHistory(t)
	kills := []kill{{"LossRecorded", 1}, {"LossSetAside", 2}}
	if *moments != "some" {
		kills = append(kills, kill{"GenerationLinked", 1}, kill{"StateRewritten", 1}, kill{"LossSetAside", 1})
	}
	if *moments == "all" {
		kills = append(kills, kill{"SegmentSynced", 1}, kill{"SegmentSynced", 2}, kill{"SegmentSynced", 3}, kill{"AfterCommit", 1}, kill{"GenerationLinked", 2})
	}
	for _, at := range kills {
		t.Run(fmt.Sprint(at.moment, at.n), func(t *testing.T) {
			t.Parallel()
			s := laketest.Twin(t, sound, server)
			err := errors.Join(laketest.FlipBit("raw/*/charges/00000002-*")(s.Lake), laketest.Shorten("raw/*/customers/00000001-*", 10)(s.Lake))
			if err != nil {
				t.Fatal(err)
			}
			if !die(t, laketest.Child{Work: workRepair, Lake: s.Lake, API: s.API}, at) {
				t.Fatal("the moment came less often")
			}
			if _, err := s.Try(); err == nil || !strings.Contains(err.Error(), "verify --stripe --repair") {
				t.Errorf("a sync in between: %v", err)
			}
			done := laketest.Repaired(t, s)
			laketest.CheckLosses(t, s, done, 2, 0)
			laketest.CheckAgainstLedger(t, s.Lake, server)
			if found := laketest.Verify(t, s.Lake, false); len(found) > 0 {
				t.Errorf("found after the repair:\n%s", strings.Join(found, "\n"))
			}
		})
	}
}

// A repair that was killed, and whose record is damaged since, is finished all the
// same: what is in the place of a loss says how much it took, and what nobody knows is
// listed again. Next to an intact segment such a record says nothing.
func TestRepairRecordIsDamaged(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("nothing here runs side by side: not for the race detector")
	}
	server, sound := laketest.ChangedWithHistory(t)
	const record = "raw/*/charges/00000002-00000002.repair.json"
	for name, text := range map[string]string{"LossRecorded": "null", "LossSetAside": "garbage", "SegmentSynced": "{}", "AfterCommit": `{"account":"acct_other"}`, "": "[]"} {
		if *moments == "some" && name != "LossSetAside" {
			continue
		}
		t.Run("killed at "+name, func(t *testing.T) {
			t.Parallel()
			s := laketest.Twin(t, sound, server)
			if name == "" {
				if err := laketest.Duplicate("raw/*/charges/00000002-00000002.parquet", filepath.Base(record))(s.Lake); err != nil {
					t.Fatal(err)
				}
			} else {
				if err := laketest.FlipBit("raw/*/charges/00000002-*")(s.Lake); err != nil {
					t.Fatal(err)
				}
				die(t, laketest.Child{Work: workRepair, Lake: s.Lake, API: s.API}, kill{name, 1})
			}
			if err := laketest.Altered(record, func([]byte) []byte { return []byte(text) })(s.Lake); err != nil {
				t.Fatal(err)
			}
			if _, err := s.Try(); err == nil || !strings.Contains(err.Error(), "verify --stripe --repair") {
				t.Errorf("a sync in between: %v", err)
			}
			laketest.Repaired(t, s)
			laketest.CheckAgainstLedger(t, s.Lake, server)
			laketest.CheckSound(t, s.Lake, true)
			s.Sync()
		})
	}
}
