// Package doctor looks for problems that will keep a sync from working: with
// the key and its permissions, the clock, the disk, and the lake's files. Each
// finding has its fix.
package doctor

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"github.com/stripelake/stripelake/extract"
	"github.com/stripelake/stripelake/internal/hint"
	"github.com/stripelake/stripelake/internal/pipeline"
	"github.com/stripelake/stripelake/load"
)

// Doctor looks for problems that will keep a sync from working. It changes
// nothing, except for a folder in which it tests the file system, and waits for
// no lock.
type Doctor struct {
	Key
	Others []Key  // further keys of the lake
	Dir    string // the lake's folder; it need not exist
}

// Key is a key to check.
type Key struct {
	Name   string          // of its account in the settings; names the findings where there are several keys
	Client *extract.Client // nil: only the lake is checked
	Label  string          // as in [pipeline.Source]

	NoClient error // why there is no client; nil where no key was given, which is not a problem
}

// Finding is the outcome of one check.
type Finding struct {
	Check string `json:"check"` // "key", "charges", "disk"; a check may have several findings
	Level string `json:"level"` // one of the Level… constants
	Says  string `json:"says"`
	Fix   string `json:"fix,omitempty"`

	Account string `json:"account,omitempty"` // name of the key's account, where several keys are checked
}

// The levels of a finding. With a problem a sync will fail or leave something
// out; with a warning it works.
const (
	LevelOK      = "ok"
	LevelWarning = "warning"
	LevelProblem = "problem"
	LevelSkipped = "skipped" // not checked, and why
)

// Diagnosis is the result of [Doctor.Run]. The findings are always in the same
// order.
type Diagnosis struct {
	Findings []Finding `json:"findings"`
	Problems int       `json:"problems"`
	Warnings int       `json:"warnings"`
	Requests int64     `json:"requests"` // sent by the checks

	account string // of the findings that are added
}

// ProblemsError reports that the doctor found problems.
type ProblemsError struct{ Problems int }

func (e *ProblemsError) Error() string {
	if e.Problems == 1 {
		return "1 problem"
	}
	return fmt.Sprintf("%d problems", e.Problems)
}

// ExitCode is 3.
func (e *ProblemsError) ExitCode() int { return pipeline.ExitIncomplete }

// Run makes all checks. The error is a [*ProblemsError] if there are problems;
// the diagnosis is valid in each case.
func (d *Doctor) Run(ctx context.Context) (Diagnosis, error) {
	var found Diagnosis
	var accounts []string
	for _, key := range append([]Key{d.Key}, d.Others...) {
		if len(d.Others) > 0 {
			found.account = key.Name
		}
		accounts = append(accounts, key.checkStripe(ctx, &found, d.Dir))
		if err := ctx.Err(); err != nil {
			return found, err
		}
		if key.Client != nil {
			found.Requests += key.Client.Requests()
		}
	}
	found.account = ""
	d.checkLake(&found, accounts)
	if found.Problems > 0 {
		return found, &ProblemsError{found.Problems}
	}
	return found, nil
}

func (d *Diagnosis) ok(check, says string, args ...any) {
	d.add(Finding{Check: check, Level: LevelOK, Says: fmt.Sprintf(says, args...)})
}

func (d *Diagnosis) skip(check, says string, args ...any) {
	d.add(Finding{Check: check, Level: LevelSkipped, Says: fmt.Sprintf(says, args...)})
}

func (d *Diagnosis) warn(check, fix, says string, args ...any) {
	d.add(Finding{Check: check, Level: LevelWarning, Says: fmt.Sprintf(says, args...), Fix: fix})
}

func (d *Diagnosis) problem(check, fix, says string, args ...any) {
	d.add(Finding{Check: check, Level: LevelProblem, Says: fmt.Sprintf(says, args...), Fix: fix})
}

// add adds a finding. Invariant 11: no text of it shows a secret.
func (d *Diagnosis) add(f Finding) {
	f.Says, f.Fix, f.Account = extract.Redact(f.Says), extract.Redact(f.Fix), d.account
	switch f.Level {
	case LevelProblem:
		d.Problems++
	case LevelWarning:
		d.Warnings++
	}
	d.Findings = append(d.Findings, f)
}

// textAndFix returns the text of an error, and what to do about it: the fix in
// its hint or, without one, otherwise.
func textAndFix(err error, otherwise string) (says, fix string) {
	says = err.Error()
	if h := hint.Of(err); h != nil {
		says, fix = h.Err.Error(), h.Fix
	}
	if short := load.Shortage(err); short != "" {
		fix = short
	}
	return strings.Join(strings.Fields(extract.Redact(says)), " "), extract.Redact(cmp.Or(fix, otherwise)) // Invariant 11
}

// fixAsked is what to do where a request fails without a hint.
const fixAsked = "check --api-base, the network and the proxy"
