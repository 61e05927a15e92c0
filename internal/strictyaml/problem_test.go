package strictyaml

import (
	"testing"

	"github.com/stripelake/stripelake/internal/spelling"
)

func TestNewProblem(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		p            Problem
		message, fix string
	}{
		{NewProblem(Pos{}, "S2", "%s is taken by %s", "a", "b"), "a is taken by b", ""},
		{NewProblem(Pos{}, "S2", "%s is taken :: choose another name", "a"), "a is taken: choose another name", "choose another name"},
		{NewProblem(Pos{}, "M11", "%s is at %d :: write %s@%d", "a", 1, "b", 2), "a is at 1: write b@2", "write b@2"},
		{NewProblem(Pos{}, "M1", "100%% of %s :: take one", "a :: b"), "100% of a :: b: take one", "take one"},
		{NewProblem(Pos{}, "S10", "%q is no field%s", "amonut", spelling.Suggestion("amonut", []string{"amount"})), `"amonut" is no field; did you mean amount?`, "did you mean amount?"},
	} {
		if tc.p.Message != tc.message || tc.p.Fix != tc.fix {
			t.Errorf("%q, %q; want %q, %q", tc.p.Message, tc.p.Fix, tc.message, tc.fix)
		}
	}
}
