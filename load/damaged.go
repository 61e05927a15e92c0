package load

import "github.com/stripelake/stripelake/load/internal/oserr"

// damaged says that a file of the raw log is not as it was written, unless that
// cannot be known.
func damaged(path string, err error) error {
	if oserr.IsShortage(err) {
		return err
	}
	return &DamagedError{path, err}
}
