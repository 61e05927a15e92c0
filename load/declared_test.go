package load

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stripelake/stripelake/load/internal/lakedir"
)

// A version is in force once lake.json names it, not before. Two processes may declare
// the same version at once.
func TestDeclare(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "lake")
	l, err := Open(dir, Options{Mode: "test"})
	if err != nil {
		t.Fatal(err)
	}
	if d, err := ReadDeclared(dir); d != nil || err != nil {
		t.Fatal(d, err)
	}
	first := &Declared{Files: map[string]string{"privacy.yaml": "pii: hash"}, RawRedact: []string{"customer.phone"}}
	if err := l.Declare(first, 0); err != nil || first.Version != 1 {
		t.Fatal(first.Version, err)
	}
	same := &Declared{Files: map[string]string{"privacy.yaml": "pii: hash"}, RawRedact: []string{"customer.phone"}}
	if err := l.Declare(same, 0); err != nil || same.Version != 1 {
		t.Errorf("the same, declared at once by another process: version %d, %v", same.Version, err)
	}
	other := &Declared{Files: map[string]string{"privacy.yaml": "pii: keep"}}
	if err := l.Declare(other, 0); !errors.Is(err, ErrDeclaredMoved) {
		t.Errorf("something else, over what another process declared: %v", err)
	}
	// A file that a killed process left without a reference is overwritten.
	if err := os.WriteFile(lakedir.Declared(l.dir, 2), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if d, err := ReadDeclared(dir); err != nil || d.Version != 1 {
		t.Fatal(d, err)
	}
	if err := l.Declare(other, 1); err != nil || other.Version != 2 {
		t.Fatal(other.Version, err)
	}
	blanking := &Declared{Files: other.Files, RawRedact: []string{"customer.phone"}}
	if err := l.Declare(blanking, 2); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(lakedir.Declared(l.dir, 3))
	if err != nil {
		t.Fatal(err)
	}
	unblanked := strings.Replace(string(text), "customer.phone", "customer.phonf", 1)
	for what, damage := range map[string]string{"no JSON": "{", "another's": `{"version": 7}`, "altered": `{"version": 3, "sum": "x"}`, "blanking less": unblanked} {
		if err := os.WriteFile(lakedir.Declared(l.dir, 3), []byte(damage), 0o600); err != nil {
			t.Fatal(err)
		}
		if d, err := ReadDeclared(dir); !errors.Is(err, ErrDeclaredLost) || d.Version != 3 {
			t.Errorf("%s: %v, %v", what, d, err)
		}
	}
	if got := l.EarlierRedactions(); len(got) != 1 || got[0] != "customer.phone" {
		t.Errorf("blanked before: %q", got)
	}
}
