package load

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"github.com/stripelake/stripelake/internal/hint"
	"github.com/stripelake/stripelake/load/internal/atomicfile"
	"github.com/stripelake/stripelake/load/internal/lakedir"
	"github.com/stripelake/stripelake/load/internal/oserr"
)

// PIIKey returns the key with which the lake's tables hash personal data: 32 random
// bytes, made on first use. fresh reports that it was made now: hashes in existing
// tables, if any, come from another key. A new key is saved, unless the lake was opened
// for reading.
func (l *Lake) PIIKey() (key []byte, fresh bool, err error) {
	path := l.path(lakedir.PIIKeyName)
	key, err = l.ReadPIIKey()
	if errors.Is(err, fs.ErrNotExist) {
		key = make([]byte, 32)
		_, _ = rand.Read(key) // never fails
		if l.reading {
			return key, true, nil
		}
		return key, true, atomicfile.Write(path, atomicfile.Hooks{}, func(w io.Writer) error {
			_, err := fmt.Fprintf(w, "%x\n", key)
			return err
		})
	}
	if oserr.IsShortage(err) {
		return nil, false, err
	}
	if err != nil {
		return nil, false, &hint.Error{Err: fmt.Errorf("read the key of hashed personal data %s: %w", path, err), Fix: "restore it, or remove it and run `stripelake rebuild --all` for new hashes"}
	}
	return key, false, nil
}

// ReadPIIKey reads the key that [Lake.PIIKey] made. The error is fs.ErrNotExist if
// there is none.
func (l *Lake) ReadPIIKey() ([]byte, error) {
	text, err := os.ReadFile(l.path(lakedir.PIIKeyName))
	if err != nil {
		return nil, err
	}
	key, err := hex.DecodeString(strings.TrimSpace(string(text)))
	if err == nil && len(key) != 32 {
		err = errors.New("it must be 64 hexadecimal digits")
	}
	return key, err
}
