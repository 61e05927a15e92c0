package schemas

import (
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"sync"
)

// shippedSets holds the fingerprint of every set that a commit of this
// repository has shipped, one a line, oldest first.
//
//go:embed shipped.txt
var shippedSets string

// FilesFingerprint returns the SHA-256, in hex, of the paths and texts of a set's
// files. It does not depend on the program's version.
func FilesFingerprint(files map[string]string) string {
	h := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(files)) {
		fmt.Fprintf(h, "%s %d\n%s", name, len(files[name]), files[name])
	}
	return hex.EncodeToString(h.Sum(nil))
}

// IsShipped reports whether some commit shipped exactly these files. A lake with such a
// set follows the program; any other set is its owner's.
func IsShipped(files map[string]string) bool {
	return slices.Contains(strings.Fields(shippedSets), FilesFingerprint(files))
}

// CopyManifest is the file in a copy of the shipped set that records its origin: the
// SHA-256 of each shipped file, by path. It is not part of the set.
const CopyManifest = "shipped.json"

// ShippedSums returns the SHA-256, in hex, of each file of the shipped set that
// [Load] reads, by path.
func ShippedSums() (map[string]string, error) {
	sums, err := shippedSums()
	return maps.Clone(sums), err
}

var shippedSums = sync.OnceValues(func() (map[string]string, error) {
	set, err := Load(Embedded())
	if err != nil {
		return nil, err
	}
	return set.Sums(), nil
})

// IsCopy reports whether files are those with the sums of base, but for the privacy
// policy.
func IsCopy(files, base map[string]string) bool {
	own := (&Set{files: files}).Sums()
	for _, sums := range []map[string]string{own, base} {
		if sums[privacyFile] == "" {
			return false
		}
	}
	for name, sum := range base {
		if name != privacyFile && own[name] != sum {
			return false
		}
	}
	return len(own) == len(base)
}

// Sums returns the SHA-256, in hex, of each of the set's files, by path.
func (s *Set) Sums() map[string]string {
	sums := make(map[string]string, len(s.files))
	for name, text := range s.files {
		sums[name] = fmt.Sprintf("%x", sha256.Sum256([]byte(text)))
	}
	return sums
}

// ChangedSince compares the program's shipped set with the one that a set was copied
// from; base has the sums of that one. It returns the paths, sorted, of the shipped
// files that are changed or new and differ from the set's own files.
func (s *Set) ChangedSince(base map[string]string) ([]string, error) {
	now, err := ShippedSums()
	if err != nil {
		return nil, err
	}
	own := s.Sums()
	var changed []string
	for name, sum := range now {
		if path.Dir(name) == resourcesDir && !s.OwnResources {
			continue // the set has the program's
		}
		if base[name] != sum && own[name] != sum {
			changed = append(changed, name)
		}
	}
	slices.Sort(changed)
	return changed, nil
}
