package load

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/stripelake/stripelake/internal/hint"
	"github.com/stripelake/stripelake/load/internal/atomicfile"
)

// ListLostError is the error for a lake whose list of the forgotten is lost: the people
// on it would come back with the next sync.
type ListLostError struct {
	Customers int  // number of people in the receipts who are not on the list
	Older     bool // there is a list, but it is older than the receipts
}

func (e *ListLostError) Error() string { return e.Hint().Error() }

// Hint returns the problem and the two ways out.
func (e *ListLostError) Hint() *hint.Error {
	problem := fmt.Sprintf("forgotten.json is missing, and by receipts/ %d were forgotten who would come back", e.Customers)
	if e.Older {
		problem = fmt.Sprintf("forgotten.json is older than receipts/, by which %d more were forgotten who would come back", e.Customers)
	}
	return hint.New(problem, "restore it from a backup, or name them again: stripelake forget cus_… --consent-to-new-list")
}

// ReadListLost checks the lake in dir as [Erasures.ListLost] does.
func ReadListLost(dir string) error { return (&Lake{dir: dir}).Erasures().ListLost() }

// ListLost returns a *ListLostError if the lake has receipts of erasures but no list of
// the forgotten, unless a pending erasure has consented to a new list.
func (e Erasures) ListLost() error {
	if _, err := os.Stat((&Forgotten{lake: e.lake}).path()); !errors.Is(err, fs.ErrNotExist) {
		return nil // it exists; whoever reads it reports damage
	}
	receipts, err := e.receipts()
	if err != nil || len(receipts) == 0 {
		return err
	}
	if pending, err := e.Pending(); err != nil || pending != nil && pending.Receipt.NewList {
		return err
	}
	customers := map[string]bool{}
	for _, r := range receipts {
		for _, sum := range r.Customers {
			customers[sum] = true
		}
	}
	return &ListLostError{Customers: len(customers)}
}

// CheckList returns a *ListLostError if receipts name people who are not on the list:
// somebody restored an older list. People whom a consent to a new list gave up do not
// count.
func (e Erasures) CheckList(list *Forgotten) error {
	receipts, err := e.receipts()
	missing := 0
	for _, r := range slices.Backward(receipts) { // newest first
		for _, sum := range r.Customers {
			if !list.hasSum(sum) {
				missing++
			}
		}
		if r.NewList {
			break
		}
	}
	if err == nil && missing > 0 {
		err = &ListLostError{Customers: missing, Older: true}
	}
	return err
}

// BegunAnew reports whether a finished or pending erasure began a new list after the
// loss of the old one. People on the old list may then be named again.
func (e Erasures) BegunAnew() (bool, error) {
	receipts, err := e.receipts()
	if err != nil {
		return false, err
	}
	pending, err := e.Pending()
	if pending != nil {
		receipts = append(receipts, pending.Receipt)
	}
	return slices.ContainsFunc(receipts, func(r Receipt) bool { return r.NewList }), err
}

// receipts returns the receipts of erasures, oldest first. A user who may not read
// their folder gets none. A damaged receipt names nobody but still counts.
func (e Erasures) receipts() (all []Receipt, err error) {
	paths, err := filepath.Glob(e.lake.path("receipts", "forget-*.json")) // Open refuses a path that is a pattern itself
	for _, path := range paths {
		var r Receipt
		_ = atomicfile.ReadJSON(path, &r)
		all = append(all, r)
	}
	// Their names say the second only, and two erasures may begin in the same one.
	slices.SortStableFunc(all, func(a, b Receipt) int { return a.Started.Compare(b.Started) })
	return all, err
}
