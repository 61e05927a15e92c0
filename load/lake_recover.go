package load

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/stripelake/stripelake/load/internal/atomicfile"
)

// RecoveryNotice says what was wrong with lake.json when the lake was opened, and that
// it was made again from the raw log. It is empty if nothing was wrong.
func (l *Lake) RecoveryNotice() string { return l.recovery }

// readLakeFile reads lake.json. If the file is missing although there is a raw log, or
// cannot be read, readLakeFile makes it again from the log: the accounts are its
// folders, and the mode is that of its objects. The start dates are in the cursors of
// resources that were read; the date of a resource that was never read is lost.
func (l *Lake) readLakeFile() (f lakeFile, err error) {
	path, why := l.path("lake.json"), "is missing"
	switch err := atomicfile.ReadJSON(path, &f); {
	case err == nil && f.Format > 0:
		return f, nil
	case errors.Is(err, fs.ErrNotExist):
	case err != nil && !atomicfile.IsJSONDamage(err):
		return f, err
	default:
		why = "is damaged"
	}
	f = lakeFile{}
	accounts, err := l.LogAccounts()
	if err != nil {
		return f, err
	}
	if len(accounts) > 0 {
		f.Format, f.Mode, f.Schemas = lakeFormat, l.modeInLog(accounts), l.newestDeclared()
		for _, id := range accounts {
			account, err := f.account(id)
			if err != nil {
				return f, err
			}
			// A label is any name that the key's owner gave the account.
			account.Label = !strings.HasPrefix(id, "acct_")
		}
		l.recovery = fmt.Sprintf("lake.json %s: made again from raw/, which holds %s in %s mode; the first date of a resource that was never read is lost: give --from again",
			why, strings.Join(accounts, ", "), f.Mode)
	}
	if why == "is damaged" {
		err = os.Rename(path, path+atomicfile.DamagedSuffix)
	}
	return f, err
}

// modeInLog returns the mode of the first object in the log that has one, or "".
func (l *Lake) modeInLog(accounts []string) (mode string) {
	for _, account := range accounts {
		streams, err := l.Streams(account)
		if err != nil {
			continue
		}
		for _, stream := range streams {
			for batch, err := range l.Read(context.Background(), account, stream, 0) {
				if err != nil {
					break // whoever needs the content reports the damage
				}
				i := slices.IndexFunc(batch.Objects, func(o Raw) bool { return o.Livemode != nil })
				if i >= 0 && *batch.Objects[i].Livemode {
					return "live"
				}
				if i >= 0 {
					return "test"
				}
			}
		}
	}
	return ""
}

// HasLog reports whether there is a raw log in dir, even one that this user may not
// read.
func HasLog(dir string) bool {
	accounts, err := (&Lake{dir: dir}).LogAccounts()
	return err == nil && len(accounts) > 0 || errors.Is(err, fs.ErrPermission)
}
