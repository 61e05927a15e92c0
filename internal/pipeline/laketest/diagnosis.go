package laketest

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/stripelake/stripelake/internal/doctor"
	"github.com/stripelake/stripelake/internal/pipeline"
)

// Diagnose runs a doctor and checks what holds for each diagnosis.
func Diagnose(t *testing.T, d doctor.Doctor) []doctor.Finding {
	t.Helper()
	found, err := d.Run(t.Context())
	if problems, ok := errors.AsType[*doctor.ProblemsError](err); ok != (found.Problems > 0) || ok && problems.Problems != found.Problems {
		t.Errorf("%d problems, error %v", found.Problems, err)
	}
	if ok := found.Problems == 0; ok != (pipeline.ExitCode(err) == 0) || !ok && pipeline.ExitCode(err) != 3 {
		t.Errorf("%d problems exit %d", found.Problems, pipeline.ExitCode(err))
	}
	text, err := json.Marshal(found)
	if err != nil || strings.Contains(string(text), NeverShown) {
		t.Errorf("the key shows (Invariant 11), or %v: %s", err, text)
	}
	for _, f := range found.Findings {
		needsFix := f.Level == doctor.LevelProblem || f.Level == doctor.LevelWarning
		if f.Check == "" || f.Says == "" || (f.Fix != "") != needsFix || strings.Contains(f.Says+f.Fix, "\n") {
			t.Errorf("%+v", f)
		}
		CheckAdvice(t, f.Check+" "+f.Says, f.Fix)
	}
	return found.Findings
}

// NeverShown is part of the keys that no diagnosis may show.
const NeverShown = "shouldnevershow"

// CheckFindings compares the findings other than ok and skipped: level, check and a part
// of the text, as "level check: part".
func CheckFindings(t *testing.T, found []doctor.Finding, want ...string) {
	t.Helper()
	var got []string
	for _, f := range found {
		if f.Level == doctor.LevelProblem || f.Level == doctor.LevelWarning {
			got = append(got, f.Level+" "+f.Check+": "+f.Says+"; "+f.Fix)
		}
	}
	matches := slices.EqualFunc(got, want, func(got, want string) bool {
		head, part, _ := strings.Cut(want, ": ")
		return strings.HasPrefix(got, head+": ") && strings.Contains(got, part)
	})
	if !matches {
		t.Errorf("found:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}
