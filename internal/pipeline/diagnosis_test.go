package pipeline_test

import (
	"testing"

	"github.com/stripelake/stripelake/internal/doctor"
	"github.com/stripelake/stripelake/internal/pipeline/laketest"
)

// diagnose returns what the doctor finds in a lake.
func diagnose(t *testing.T, dir string) []doctor.Finding {
	t.Helper()
	return laketest.Diagnose(t, doctor.Doctor{Dir: dir})
}
