package verify

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/stripelake/stripelake/internal/hint"
	"github.com/stripelake/stripelake/load"
	"github.com/stripelake/stripelake/load/internal/lakedir"
	"github.com/stripelake/stripelake/load/internal/oserr"
)

// CheckLakeFiles checks the files outside the log that cannot be made again: the schemas
// in force, the key of hashes, the list of the forgotten. Each must be readable or must
// never have existed.
func (v *Verification) CheckLakeFiles(context.Context) error {
	c := v.begin("", "beside the log", "files")
	looked, found, err := lakeFileFindings(v.lake)
	c.LookedAt = looked
	for _, f := range found {
		c.Add(f)
	}
	return err
}

// lakeFileFindings returns the number of files examined and the findings, for a
// verification and for doctor. It does not say how the files are damaged: their bytes
// are secrets.
func lakeFileFindings(l *load.Lake) (looked int64, found []Finding, err error) {
	declared, err := l.Declared()
	switch {
	case errors.Is(err, load.ErrDeclaredLost):
		found = append(found, Finding{
			"schemas in force lost", lakedir.Relative(l.Dir(), lakedir.Declared(l.Dir(), declared.Version)), "it is missing or damaged",
			"restore it from a backup; without one, stripelake sync goes on with what the tables were made with",
		})
	case err != nil:
		return 0, nil, err
	}
	if declared != nil {
		looked++
	}
	if lost := l.Erasures().ListLost(); lost != nil {
		found = append(found, listFinding(lost))
	}
	for _, of := range []struct {
		name, fix string
		read      func() error
	}{
		{lakedir.PIIKeyName, "restore it from a backup, or remove it and run stripelake rebuild --all for new hashes", func() error {
			_, err := l.ReadPIIKey()
			return err
		}},
		{"forgotten.json", load.FixForgotten, func() error {
			list, err := l.Forgotten()
			if err != nil {
				return err
			}
			return l.Erasures().CheckList(list)
		}},
	} {
		if _, err := os.Stat(filepath.Join(l.Dir(), of.name)); errors.Is(err, fs.ErrNotExist) {
			continue
		}
		looked++
		if err := of.read(); errors.Is(err, fs.ErrPermission) || oserr.IsShortage(err) {
			return looked, found, err
		} else if errors.As(err, new(*load.ListLostError)) {
			found = append(found, listFinding(err))
		} else if err != nil {
			found = append(found, Finding{of.name + " damaged", of.name, "it is not as it was written", of.fix})
		}
	}
	return looked, found, nil
}

func listFinding(err error) Finding {
	f := Finding{Name: "forgotten.json lost", What: "forgotten.json", Says: err.Error()}
	if lost := hint.Of(err); lost != nil {
		f.Says, f.Fix = lost.Err.Error(), lost.Fix
	}
	f.Says = "it" + strings.TrimPrefix(f.Says, "forgotten.json")
	return f
}
