package load

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/stripelake/stripelake/internal/hint"
	"github.com/stripelake/stripelake/load/internal/atomicfile"
	"github.com/stripelake/stripelake/load/internal/lakedir"
	"github.com/stripelake/stripelake/load/rawlog"
)

// ErrLakeFile is the error for a raw log without a readable lake.json.
var ErrLakeFile = errors.New("lake.json is missing or damaged")

// ReadMode returns the mode of the lake in dir, "live" or "test". The error says why
// there is no lake that this program can read. A user who may not read lake.json gets
// the mode from the published generation.
func ReadMode(dir string) (string, error) {
	var f lakeFile
	err := atomicfile.ReadJSON(filepath.Join(dir, "lake.json"), &f)
	switch {
	case errors.Is(err, fs.ErrPermission):
		return publishedMode(dir)
	case (errors.Is(err, fs.ErrNotExist) || err != nil && atomicfile.IsJSONDamage(err) || err == nil && f.Format == 0) && HasLog(dir):
		return "", &hint.Error{Err: fmt.Errorf("lake %s: %w", dir, ErrLakeFile), Fix: "run stripelake sync, which makes it again from raw/, or restore it from a backup"}
	case errors.Is(err, fs.ErrNotExist):
		return "", hint.New("there is no lake in "+dir, "make one with stripelake sync, or name another folder with --lake")
	case err != nil:
		return "", fmt.Errorf("read lake: %w", err)
	case f.Format > lakeFormat:
		return "", rawlog.NewerFormat(fmt.Sprintf("lake %s: format %d", dir, f.Format))
	}
	return f.Mode, nil
}

// publishedMode is ReadMode for a user who may read only the published generation.
func publishedMode(dir string) (string, error) {
	g, _, err := readManifest(filepath.Join(dir, lakedir.LinkName))
	switch {
	case errors.Is(err, fs.ErrPermission):
		return "", hint.New(fmt.Sprintf("lake %s is closed to this user", dir), "ask its owner to let you read what is published (docs/engineers.md: Letting a group read)")
	case errors.Is(err, fs.ErrNotExist):
		return "", hint.New(fmt.Sprintf("lake %s: nothing is published there yet, and all else is closed to this user", dir), "ask its owner to run stripelake sync")
	case err != nil:
		return "", fmt.Errorf("read lake: %w", err)
	case g.Format > Format:
		return "", rawlog.NewerFormat(fmt.Sprintf("lake %s: format %d", dir, g.Format))
	case g.Mode == "":
		return "", errOlder(dir, g)
	}
	return g.Mode, nil
}

// errOlder is the error for a generation that lacks the data that a user needs who may
// read nothing else. NeedsPublish makes the next sync replace it.
func errOlder(dir string, g Generation) error {
	return fmt.Errorf("lake %s: generation %d was published by an older version of stripelake, which left in lake.json and .state what readers need, and those are closed to this user: the owner's next stripelake sync publishes it", dir, g.Number)
}

// ReadAccounts returns the accounts of the lake in dir, sorted by id. It takes no lock.
func ReadAccounts(dir string) ([]Account, error) { return (&Lake{dir: dir}).Accounts() }
