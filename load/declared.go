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

// Declared is one version of the lake's schemas: a file such as schemas/000003.json in
// the lake's folder. lake.json names the version in force. A version never changes, and
// earlier versions stay.
type Declared struct {
	Version int       `json:"version"`
	Since   time.Time `json:"since"`   // UTC
	Program string    `json:"program"` // version of stripelake that wrote it
	Command string    `json:"command"` // command that put it in force: "sync", "rebuild"

	Shipped   bool              `json:"shipped"`        // follow the set that the program ships; otherwise Files are the owner's
	Base      map[string]string `json:"base,omitempty"` // for an owner's set: SHA-256 of the shipped files that it was copied from, by path
	RawRedact []string          `json:"raw_redact"`     // paths blanked before the raw log: the set's own, and those added since
	Exposed   []string          `json:"exposed"`        // source paths that this version shows and the previous one hid, with somebody's consent
	Files     map[string]string `json:"files"`          // files of the set, by path
	Sum       string            `json:"sum"`            // SHA-256, in hex, of all other fields: damage must not unblank a path
}

// ErrDeclaredLost is the error for a lake whose schemas in force cannot be read.
// Nothing may be published until they are known again.
var ErrDeclaredLost = hint.New("what says which schemas and privacy are in force is missing or damaged",
	"restore it from a backup; without one, stripelake sync goes on with what the tables were made with")

// ErrDeclaredMoved is the error for schemas that another process changed meanwhile.
var ErrDeclaredMoved error = hint.New("another process changed the lake's schemas meanwhile", "run again")

// ReadDeclared returns the version in force in the lake in dir. It returns nil if there
// is none: the lake is new, or a program wrote it that kept no such file. The error is
// [ErrDeclaredLost] if the file is missing or damaged; then only the result's Version
// is set. ReadDeclared takes no lock.
func ReadDeclared(dir string) (*Declared, error) {
	return (&Lake{dir: dir}).Declared()
}

// Declared returns this lake's version in force, as [ReadDeclared] does.
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

// Declare puts d into force if the version in force is still before, or if another
// process has declared the same meanwhile. Otherwise it returns [ErrDeclaredMoved]. It
// sets d's Version and Sum. d is durable when Declare returns; after a crash before
// that the previous version stays in force.
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

// newestDeclared returns the highest version that has a file, for a lake.json that is
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

// EarlierRedactions returns the paths that any readable version blanks: the version
// after a lost one must not blank less.
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

// Equal reports whether two versions have the same schemas and redactions.
func (d *Declared) Equal(other *Declared) bool {
	return d.Shipped == other.Shipped && slices.Equal(d.RawRedact, other.RawRedact) && maps.Equal(d.Files, other.Files)
}
