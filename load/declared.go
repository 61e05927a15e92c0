package load

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"time"

	"github.com/stripelake/stripelake/internal/hint"
	"github.com/stripelake/stripelake/load/internal/atomicfile"
	"github.com/stripelake/stripelake/load/internal/lakedir"
	"github.com/stripelake/stripelake/load/internal/trace"
)

// Declared is one version of what is declared in a lake: the file
// schemas/000003.json, beside the raw log. lake.json names the version that is
// in force. A version is never changed, and the ones before it stay.
type Declared struct {
	Version int       `json:"version"`
	Since   time.Time `json:"since"`   // UTC
	Program string    `json:"program"` // version of stripelake that wrote it
	Command string    `json:"command"` // that adopted it: "sync", "rebuild"

	Shipped   bool              `json:"shipped"`        // follow the set that the program ships; else Files are the owner's
	Base      map[string]string `json:"base,omitempty"` // of an own set: SHA-256 of the shipped files that it was copied from
	RawRedact []string          `json:"raw_redact"`     // blanked before the raw log: the set's own paths, and whatever was added since
	Exposed   []string          `json:"exposed"`        // source paths that this version shows and the one before kept hidden, as somebody consented to
	Files     map[string]string `json:"files"`          // of the set, by path
	Sum       string            `json:"sum"`            // SHA-256, in hex, of all the others: damage must not unblank a path
}

// ErrDeclaredLost says that what is declared in a lake cannot be read. Nothing
// may be published before it is known again.
var ErrDeclaredLost = hint.New("what says which schemas and privacy are in force is missing or damaged",
	"restore it from a backup; without one, stripelake sync goes on with what the tables were made with")

// ErrDeclaredMoved says that another process declared something meanwhile.
var ErrDeclaredMoved = errors.New("another process changed the lake's schemas meanwhile: run again")

// ReadDeclared returns the version in force in the lake in dir. It is nil where
// nothing was declared yet: the lake is new, or from a program that kept no such
// file. The error is [ErrDeclaredLost] if the file is not as it was written, and
// all that is known then is its Version. It takes no lock.
func ReadDeclared(dir string) (*Declared, error) {
	return (&Lake{dir: dir}).Declared()
}

// Declared is [ReadDeclared] of this lake.
func (l *Lake) Declared() (*Declared, error) {
	var f lakeFile
	if err := atomicfile.ReadJSON(l.path("lake.json"), &f); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("read lake: %w", err)
	}
	if f.Schemas == 0 {
		return nil, nil
	}
	return l.readDeclared(f.Schemas)
}

func (l *Lake) readDeclared(version int) (*Declared, error) {
	d := new(Declared)
	path := lakedir.Declared(l.dir, version)
	err := atomicfile.ReadJSON(path, d)
	switch {
	case errors.Is(err, fs.ErrNotExist), err != nil && atomicfile.IsJSONDamage(err),
		err == nil && (d.Version != version || d.Sum != d.sum()):
		return &Declared{Version: version}, fmt.Errorf("%s: %w", lakedir.Relative(l.dir, path), ErrDeclaredLost)
	case err != nil:
		return nil, fmt.Errorf("read the lake's schemas: %w", err)
	}
	return d, nil
}

// Declare makes d the version in force, if the one before it still is, or if
// another process has declared the same meanwhile: else it returns
// [ErrDeclaredMoved]. It sets d's Version and Sum. d is durable when Declare
// returns; killed before, the version before stays in force.
func (l *Lake) Declare(d *Declared, before int) error {
	err := l.update(func(f *lakeFile) error {
		if f.Schemas != before {
			moved, err := l.readDeclared(f.Schemas)
			if err != nil || !moved.Equal(d) {
				return errors.Join(ErrDeclaredMoved, err)
			}
			*d = *moved
			return nil
		}
		d.Version = before + 1
		d.Sum = d.sum()
		if err := atomicfile.MakeDir(l.path(lakedir.DeclaredDir)); err != nil {
			return err
		}
		if err := atomicfile.WriteJSON(lakedir.Declared(l.dir, d.Version), atomicfile.Hooks{}, d); err != nil {
			return err
		}
		f.Format, f.Schemas = lakeFormat, d.Version
		return nil
	})
	if err != nil {
		return fmt.Errorf("keep the lake's schemas: %w", err)
	}
	trace.Hit(l.opts.Trace.SchemasDeclared)
	return nil
}

// newestDeclared is the highest version that has a file, for a lake.json that is
// made again.
func (l *Lake) newestDeclared() (newest int) {
	names, _ := fs.Glob(os.DirFS(l.path(lakedir.DeclaredDir)), "*.json")
	for _, name := range names {
		var version int
		if n, err := fmt.Sscanf(name, "%06d.json", &version); n == 1 && err == nil {
			newest = max(newest, version)
		}
	}
	return newest
}

// EarlierRedactions are the paths that any version of what was declared blanks,
// as far as the files can be read: what follows a version that is lost must not
// blank less.
func (l *Lake) EarlierRedactions() (paths []string) {
	for version := l.newestDeclared(); version > 0; version-- {
		if d, err := l.readDeclared(version); err == nil {
			paths = append(paths, d.RawRedact...)
		}
	}
	slices.Sort(paths)
	return slices.Compact(paths)
}

func (d *Declared) sum() string {
	others := *d
	others.Sum = ""
	text, _ := json.Marshal(others) // cannot fail: texts, a number and a time
	return fmt.Sprintf("%x", sha256.Sum256(text))
}

// Equal reports whether two versions declare the same.
func (d *Declared) Equal(other *Declared) bool {
	return d.Shipped == other.Shipped && slices.Equal(d.RawRedact, other.RawRedact) && maps.Equal(d.Files, other.Files)
}
