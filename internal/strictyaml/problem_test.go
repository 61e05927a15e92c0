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

// TestMissingKeysHaveFixes holds that what to write for a key that is missing, or is
// there without a value, is the fix as well.
func TestMissingKeysHaveFixes(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"a: 1\n":     "f.yaml:1:1: S1: title is missing: say what it is",
		"title:\n":   "f.yaml:1:1: S1: title is empty: say what it is",
		"titel: T\n": `f.yaml:1:1: Y5: unknown key "titel"; did you mean title?`,
	} {
		r := &Reporter{}
		o := r.Object(Parse(r, "f.yaml", []byte(text)), "file")
		o.Text("a")
		o.Required("title", "S1", "say what it is")
		o.ReportUnasked()
		if got := r.InFileOrder(); got.Error() != want || got[0].Fix != "say what it is" && got[0].Fix != "did you mean title?" {
			t.Errorf("%s: %v, fix %q; want %s", text, got, got[0].Fix, want)
		}
	}
}
