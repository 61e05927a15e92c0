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

// ListLostError says that the list of the forgotten is gone: whoever was on it would
// come back with the next sync.
type ListLostError struct {
	Customers int  // whom the receipts tell of
	Older     bool // there is a list, and they are not on it
}

func (e *ListLostError) Error() string { return e.Hint().Error() }

// Hint returns what happened, and the two ways on.
func (e *ListLostError) Hint() *hint.Error {
	problem := fmt.Sprintf("forgotten.json is missing, and by receipts/ %d were forgotten who would come back", e.Customers)
	if e.Older {
		problem = fmt.Sprintf("forgotten.json is older than receipts/, by which %d more were forgotten who would come back", e.Customers)
	}
	return hint.New(problem, "restore it from a backup, or name them again: stripelake forget cus_… --consent-to-new-list")
}

// ReadListLost is [Erasures.ListLost] of the lake in dir.
func ReadListLost(dir string) error { return (&Lake{dir: dir}).Erasures().ListLost() }

// ListLost returns a *ListLostError where there are receipts of erasures and no list
// of the forgotten. An erasure that is to begin a new one has consented to it.
func (e Erasures) ListLost() error {
	if _, err := os.Stat((&Forgotten{lake: e.lake}).path()); !errors.Is(err, fs.ErrNotExist) {
		return nil // it is there; whether it can be read is told by who does
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

// CheckList returns a *ListLostError where receipts tell of customers who are not on
// the list: one from before was put in its place. Whom a consent to a new list gave
// up stays given up.
func (e Erasures) CheckList(list *Forgotten) error {
	receipts, err := e.receipts()
	missing := 0
	for _, r := range slices.Backward(receipts) { // their names begin with their time
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

// BegunAnew reports whether the list of the forgotten was lost and begun anew, by an
// erasure that has ended or has not: whoever was on the one before may be named again.
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

// receipts are those of erasures. To whoever may not look into their folder there
// are none; a damaged one tells of nobody, and of an erasure all the same.
func (e Erasures) receipts() (all []Receipt, err error) {
	paths, err := filepath.Glob(e.lake.path("receipts", "forget-*.json")) // Open refuses a path that is a pattern itself
	for _, path := range paths {
		var r Receipt
		_ = atomicfile.ReadJSON(path, &r)
		all = append(all, r)
	}
	return all, err
}
