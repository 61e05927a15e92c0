package hint_test

import (
	"errors"
	"fmt"
	"io/fs"
	"testing"

	"github.com/stripelake/stripelake/internal/hint"
)

// full is an error that has its hint by its type.
type full struct{ disk string }

func (e *full) Error() string     { return e.Hint().Error() }
func (e *full) Hint() *hint.Error { return hint.New(e.disk+" is full", "free some space") }

func TestOf(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		err                error
		text, problem, fix string
	}{
		"a hint":       {hint.New("a: b", "do c: d"), "a: b: do c: d", "a: b", "do c: d"},
		"by type":      {&full{"/dev/sda"}, "/dev/sda is full: free some space", "/dev/sda is full", "free some space"},
		"inside":       {fmt.Errorf("write it: %w", &full{"/"}), "write it: / is full: free some space", "/ is full", "free some space"},
		"joined":       {errors.Join(errors.New("other"), &full{"/"}), "other\n/ is full: free some space", "/ is full", "free some space"},
		"the outer":    {&hint.Error{Err: &full{"/"}, Fix: "wait"}, "/ is full: free some space: wait", "/ is full: free some space", "wait"},
		"no fix known": {&hint.Error{Err: fs.ErrNotExist}, "file does not exist", "file does not exist", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if tc.err.Error() != tc.text {
				t.Errorf("%q, want %q", tc.err, tc.text)
			}
			if got := hint.Of(tc.err); got == nil || got.Err.Error() != tc.problem || got.Fix != tc.fix || hint.FixOf(tc.err) != tc.fix {
				t.Errorf("%+v, want %q and %q", got, tc.problem, tc.fix)
			}
		})
	}
	if err := errors.New("a colon: is no hint"); hint.Of(err) != nil || hint.FixOf(err) != "" || hint.Of(nil) != nil {
		t.Errorf("%v has the hint %q", err, hint.FixOf(err))
	}
	if err := (&hint.Error{Err: fs.ErrNotExist, Fix: "make it"}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v hides what it is", err)
	}
}
