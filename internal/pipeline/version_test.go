package pipeline_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stripelake/stripelake/internal/doctor"
	"github.com/stripelake/stripelake/internal/pipeline"
	"github.com/stripelake/stripelake/internal/pipeline/laketest"
	"github.com/stripelake/stripelake/internal/stripesim"
)

// What is answered in another API version than was asked for is noticed once a
// run, and the lake says of which resource it is: meta.coverage, status, doctor.
func TestOtherAPIVersion(t *testing.T) {
	t.Parallel()
	const asked, other = "2023-10-16", "2020-08-27"
	server := laketest.Shop(t, nil)
	if err := server.SetFaults(stripesim.Fault{Kind: stripesim.OtherVersion, Path: "/v1/prices", Times: stripesim.Always},
		stripesim.Fault{Kind: stripesim.OtherVersion, Path: "/v1/charges", Times: 1}); err != nil {
		t.Fatal(err)
	}
	s := laketest.NewScene(t, server.Handler())
	noticed := func(want int) {
		t.Helper()
		n := 0
		for _, notice := range s.Notices {
			if strings.HasPrefix(notice, "Stripe answered in API version "+other+", and "+asked+" was asked for: ") {
				n++
			}
		}
		if n != want {
			t.Errorf("noticed %d times, want %d: %q", n, want, s.Notices)
		}
	}
	came := func(want ...string) {
		t.Helper()
		slices.Sort(want)
		s.Expect("came", "SELECT concat_ws(' ', resource, api_version) FROM meta.coverage WHERE api_version <> '"+asked+"' ORDER BY ALL", want...)
		status, err := pipeline.ReadStatus(t.Context(), s.Lake)
		if err != nil {
			t.Fatal(err)
		}
		var told []string
		for _, r := range status.Resources {
			if r.APIVersion != "" {
				told = append(told, r.Resource+" "+r.APIVersion)
			}
		}
		if slices.Sort(told); !slices.Equal(told, want) {
			t.Errorf("status: %q, want %q", told, want)
		}
		found, _ := (&doctor.Doctor{Dir: s.Lake}).Run(t.Context())
		n := 0
		for _, f := range found.Findings {
			if f.Check == "API version" && f.Level == doctor.LevelWarning {
				n++
			}
		}
		if n != len(want) {
			t.Errorf("doctor warns of %d resources, want %d", n, len(want))
		}
	}
	s.Sync("customers")
	noticed(0)
	came()
	s.Sync()
	noticed(1)
	first := s.Rows("SELECT api_version FROM meta.coverage WHERE resource = 'charges'")[0]
	if !strings.Contains(first, other) {
		t.Errorf("charges came in %s", first)
	}
	came("prices "+other, "charges "+first)

	// The next answer is as it was asked for, and the newest version counts.
	if err := server.SetFaults(); err != nil {
		t.Fatal(err)
	}
	charge := laketest.Act(t, server, stripesim.UpdateCharge)
	server.Advance(5 * time.Minute)
	s.Sync()
	noticed(1)
	came("prices "+other, "charges "+other+", "+asked)
	s.Expect("in the log", "SELECT DISTINCT api_version FROM 'LAKE/raw/*/charges/*.parquet' WHERE id = '"+charge+"' ORDER BY ALL", other, asked)
}
