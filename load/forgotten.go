package load

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/stripelake/stripelake/internal/hint"
	"github.com/stripelake/stripelake/load/internal/atomicfile"
	"github.com/stripelake/stripelake/load/internal/filelock"
	"github.com/stripelake/stripelake/load/internal/lakedir"
)

// Forgotten is the lake's list of ids that must not come back: those of erased people
// and of all their objects. It holds no id, only the HMAC-SHA256 of each under a random
// key of this lake. The key is in the same file. So whoever has the file and an id can
// check whether the id is on the list, but nobody can read ids from it.
//
// Its methods may be called from any goroutine.
type Forgotten struct {
	lake *Lake

	mu    sync.Mutex // guards the fields below
	salt  []byte
	sums  map[string]struct{} // HMACs as bytes, not in hex
	bytes int64               // size of the file that was read; 0 if there was none
}

// forgottenFile is the content of forgotten.json.
type forgottenFile struct {
	Salt string   `json:"salt"` // hex
	IDs  []string `json:"ids"`  // hex, sorted
}

// Forgotten reads the list. A lake that forgot nobody has an empty one. A list that
// cannot be read is an error: without it erased objects would come back.
func (l *Lake) Forgotten() (*Forgotten, error) {
	f := &Forgotten{lake: l, sums: map[string]struct{}{}}
	if err := f.read(); err != nil {
		return nil, fmt.Errorf("read the list of the forgotten: %w", err)
	}
	return f, nil
}

func (f *Forgotten) path() string { return f.lake.path("forgotten.json") }

// read adds the file's content to f.
func (f *Forgotten) read() error {
	data, err := os.ReadFile(f.path())
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	f.bytes = int64(len(data))
	if f.decode(data) != nil { // the file's bytes are secrets: do not show how it is damaged
		return hint.New(f.path()+" is damaged", FixForgotten)
	}
	return nil
}

// FixForgotten is the advice for a list that cannot be read.
const FixForgotten = "restore it from a backup; if nobody was ever erased from this lake, remove it"

func (f *Forgotten) decode(data []byte) error {
	var file forgottenFile
	if err := json.Unmarshal(data, &file); err != nil {
		return err
	}
	var err error
	if f.salt, err = hex.DecodeString(file.Salt); err == nil && len(f.salt) < sha256.Size {
		err = errors.New("its salt is too short")
	}
	for _, id := range file.IDs {
		sum, decodeErr := hex.DecodeString(id)
		err = errors.Join(err, decodeErr)
		f.sums[string(sum)] = struct{}{}
	}
	return err
}

// Empty reports whether the list is empty.
func (f *Forgotten) Empty() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.sums) == 0
}

// Has reports whether an id of an account is on the list.
func (f *Forgotten) Has(account, id string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.sums) == 0 || id == "" {
		return false
	}
	_, found := f.sums[string(f.sum(account, id))]
	return found
}

// hasSum reports whether a result of Sum is on the list.
func (f *Forgotten) hasSum(sum string) bool {
	text, err := hex.DecodeString(sum)
	f.mu.Lock()
	defer f.mu.Unlock()
	_, found := f.sums[string(text)]
	return found && err == nil
}

// Sum returns an id's HMAC in hex. A receipt with it can be matched to a person who
// asks, and to nobody else. The list must not be empty.
func (f *Forgotten) Sum(account, id string) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return hex.EncodeToString(f.sum(account, id))
}

func (f *Forgotten) sum(account, id string) []byte {
	h := hmac.New(sha256.New, f.salt)
	_, _ = h.Write([]byte(account))
	_, _ = h.Write([]byte{0}) // neither part has a zero byte: the hashed parts stay separate
	_, _ = h.Write([]byte(id))
	return h.Sum(nil)
}

// Add adds ids of an account to the list. They are durable when Add returns. Add also
// reads the ids that other processes added meanwhile.
func (f *Forgotten) Add(ctx context.Context, account string, ids []string) (err error) {
	lock, err := filelock.Wait(ctx, f.lake.path(lakedir.StateDir, "lake.lock"), "forgotten.json", 10*time.Second, nil)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lock.Release()) }()
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.read(); err != nil {
		return fmt.Errorf("read the list of the forgotten: %w", err)
	}
	if f.salt == nil {
		f.salt = make([]byte, sha256.Size)
		_, _ = rand.Read(f.salt) // never fails
	}
	known := len(f.sums)
	for _, id := range ids {
		f.sums[string(f.sum(account, id))] = struct{}{}
	}
	if len(f.sums) == known {
		return nil
	}
	file := forgottenFile{Salt: hex.EncodeToString(f.salt)}
	for _, sum := range slices.Sorted(maps.Keys(f.sums)) {
		file.IDs = append(file.IDs, hex.EncodeToString([]byte(sum)))
	}
	return atomicfile.WriteJSON(f.path(), atomicfile.Hooks{Synced: f.lake.opts.Trace.ForgottenListed}, file)
}
