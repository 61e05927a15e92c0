package load

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/stripelake/stripelake/internal/hint"
	"github.com/stripelake/stripelake/load/internal/atomicfile"
	"github.com/stripelake/stripelake/load/internal/lakedir"
	"github.com/stripelake/stripelake/load/internal/trace"
)

// Erasure says what to erase. It is stored as forget.json in the lake's folder, from
// before the first segment is rewritten until the receipt is durable: the ids are found
// by reference, and once the charges are gone nobody could find their refunds again. So
// the next process can finish it after a crash at any moment.
type Erasure struct {
	Receipt   Receipt                        `json:"receipt"`           // as far as it is known beforehand
	Customers map[string][]string            `json:"customers"`         // ids of the people to forget, by account
	Objects   map[string]map[string][]string `json:"objects"`           // ids by account and stream
	Further   map[string][]string            `json:"further,omitempty"` // ids by account that only the erased objects name
}

// Receipt is what remains of an erasure: receipts/forget-….json in the lake. It holds
// no personal data.
type Receipt struct {
	Version    string      `json:"version"`             // of the program
	Started    time.Time   `json:"started"`             // UTC
	Finished   time.Time   `json:"finished,omitzero"`   // UTC; absent in a dry run
	DryRun     bool        `json:"dry_run,omitempty"`   // nothing was changed
	NewList    bool        `json:"new_list,omitempty"`  // the list of the forgotten was lost, and the user consented to a new one
	Customers  []string    `json:"customers,omitempty"` // for each one the HMAC under the salt of forgotten.json
	Erased     []Erased    `json:"erased"`
	LogBefore  int64       `json:"log_bytes_before"`
	LogAfter   int64       `json:"log_bytes_after,omitempty"`
	Generation uint64      `json:"generation,omitempty"` // number of the generation written from scratch; all others are removed
	Mentions   []Mentioned `json:"mentions"`             // kept objects that still name an erased id
	SetAside   []string    `json:"set_aside,omitempty"`  // names of the copies of generations that had been set aside, and are removed
	Unchecked  []string    `json:"unchecked"`            // places that an erasure does not reach
	Path       string      `json:"path,omitempty"`       // of the receipt, relative to the lake; slash-separated
}

// Erased counts the erased objects of one stream.
type Erased struct {
	Account  string `json:"account"`
	Stream   string `json:"stream"`
	Objects  int    `json:"objects"`  // distinct ids
	Versions int    `json:"versions"` // rows of the raw log
	Segments int    `json:"segments"` // segments that held them
}

// Mentioned counts the objects of one stream that are not the person's and whose text
// names an erased id.
type Mentioned struct {
	Account string `json:"account"`
	Stream  string `json:"stream"`
	Objects int    `json:"objects"` // versions in the raw log
}

// Erasures is the lake's record of erasures: the pending one, the receipts of finished
// ones, and whether the list of the forgotten agrees with these.
type Erasures struct{ lake *Lake }

// ErrErasurePending is the error for an erasure that was begun and is not finished.
var ErrErasurePending error = hint.New("an erasure was begun and is not finished", "run stripelake sync, which finishes it first")

// Erasures returns the erasures of the lake.
func (l *Lake) Erasures() Erasures { return Erasures{l} }

// path returns the path of the pending erasure.
func (e Erasures) path() string { return e.lake.path("forget.json") }

// formerPath returns its path in lakes of format 1.
func (e Erasures) formerPath() string { return e.lake.path(lakedir.StateDir, "forget.json") }

// IsErasing reports whether the lake in dir has a pending erasure.
func IsErasing(dir string) (bool, error) {
	e := At(dir).Erasures()
	for _, path := range []string{e.path(), e.formerPath()} {
		if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
			return err == nil, err
		}
	}
	return false, nil
}

// Record saves the erasure durably. From then on this process or the next one will
// finish it.
func (e Erasures) Record(erasure Erasure) error {
	if err := atomicfile.WriteJSON(e.path(), atomicfile.Hooks{Synced: e.lake.opts.Trace.ErasureRecorded}, erasure); err != nil {
		return fmt.Errorf("record erasure: %w", err)
	}
	return nil
}

// Pending returns the pending erasure, or nil.
func (e Erasures) Pending() (*Erasure, error) {
	var pending Erasure
	path := e.path()
	err := atomicfile.ReadJSON(path, &pending)
	if errors.Is(err, fs.ErrNotExist) {
		path = e.formerPath()
		err = atomicfile.ReadJSON(path, &pending)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if atomicfile.IsJSONDamage(err) || err == nil && len(pending.Customers) == 0 {
		err = hint.New(path+" is damaged", "remove it, and run stripelake forget again for whoever it was about")
	}
	if err != nil {
		return nil, fmt.Errorf("read pending erasure: %w", err)
	}
	return &pending, nil
}

// Finish saves the receipt, sets its Path, and removes the pending erasure, which holds
// ids. A second call after a crash replaces the receipt.
func (e Erasures) Finish(r *Receipt) error {
	who := sha256.Sum256([]byte(strings.Join(r.Customers, " ")))
	r.Path = fmt.Sprintf("receipts/forget-%s-%x.json", r.Started.UTC().Format("20060102T150405Z"), who[:4])
	err := atomicfile.MakeDir(e.lake.path("receipts"))
	if err == nil {
		err = atomicfile.WriteJSON(e.lake.path(filepath.FromSlash(r.Path)), atomicfile.Hooks{Synced: e.lake.opts.Trace.ReceiptWritten}, r)
	}
	for _, path := range []string{e.formerPath(), e.path()} {
		if err == nil {
			err = os.Remove(path)
		}
		if errors.Is(err, fs.ErrNotExist) {
			err = nil
		}
	}
	if err == nil {
		err = errors.Join(atomicfile.Sync(e.lake.path(lakedir.StateDir)), atomicfile.Sync(e.lake.dir))
	}
	if err != nil {
		return fmt.Errorf("keep receipt: %w", err)
	}
	return nil
}

// Discard deletes the state and all else in the private folder that may hold objects:
// write-ahead logs, spilled files, databases in quarantine, the status. A DELETE would
// leave bytes in DuckDB's blocks; the new file contains nothing of the old ones. The
// published generation stays until the next Publish, which links no file of it.
func (s *State) Discard(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	tables, err := s.lake.declared()
	if err != nil {
		return err
	}
	s.tables, s.Stale = tables, nil
	err = s.db.Close()
	if err == nil {
		err = s.lake.discardState()
	}
	if err == nil {
		// A restored state from before the erasure would bring the erased people back.
		_, err = s.lake.claim("")
	}
	if err == nil {
		trace.Hit(s.lake.opts.Trace.StateDiscarded)
		err = s.openInstance(ctx)
	}
	if err == nil {
		err = s.createDatabase(ctx)
	}
	if err == nil {
		err = s.loadPositions(ctx)
	}
	if err != nil {
		return fmt.Errorf("discard state: %w", err)
	}
	return nil
}

// discardState removes everything in the private folder except the generations, the
// pending erasure and the locks.
func (l *Lake) discardState() error {
	entries, err := os.ReadDir(l.path(lakedir.StateDir))
	if err != nil {
		return err
	}
	for _, e := range entries {
		name := e.Name()
		if name == lakedir.GenerationsDir || name == filepath.Base(l.Erasures().formerPath()) || slices.Contains(lockNames, name) {
			continue
		}
		err = errors.Join(err, os.RemoveAll(l.path(lakedir.StateDir, name)))
	}
	return errors.Join(err, atomicfile.Sync(l.path(lakedir.StateDir)))
}

// RemoveOtherGenerations removes all generations but the linked one. A reader that has
// a file of an older one open keeps reading it until it closes the file.
func (s *State) RemoveOtherGenerations() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	linked, ok := s.lake.Generations().Linked()
	if !ok {
		return errors.New("remove old generations: none is linked")
	}
	dir := s.lake.path(lakedir.StateDir, lakedir.GenerationsDir)
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("remove old generations: %w", err)
	}
	keep := filepath.Base(s.lake.Generations().path(linked))
	for _, e := range entries {
		if e.Name() != keep {
			err = errors.Join(err, os.RemoveAll(filepath.Join(dir, e.Name())))
		}
	}
	if err := errors.Join(err, atomicfile.Sync(dir)); err != nil {
		return fmt.Errorf("remove old generations: %w", err)
	}
	trace.Hit(s.lake.opts.Trace.OthersRemoved)
	return nil
}

// UnknownFiles counts the files in the lake's folder that are not stripelake's: nobody
// knows what they hold.
func (l *Lake) UnknownFiles() (int, error) {
	entries, err := os.ReadDir(l.dir)
	if err != nil {
		return 0, err
	}
	known := []string{"lake.json", lakedir.RawDir, lakedir.StateDir, lakedir.LinkName, "forgotten.json", "forget.json", "receipts", lakedir.PIIKeyName, lakedir.DeclaredDir, backupName}
	entries = slices.DeleteFunc(entries, func(e fs.DirEntry) bool {
		return slices.Contains(known, strings.TrimSuffix(e.Name(), atomicfile.TempSuffix))
	})
	return len(entries), nil
}
