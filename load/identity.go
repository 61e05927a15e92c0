package load

import (
	"context"
	"crypto/rand"
	"errors"
	"io/fs"
	"slices"

	"github.com/stripelake/stripelake/load/internal/atomicfile"
	"github.com/stripelake/stripelake/load/internal/duck"
)

// foreignSuffix ends the name of a state of another lake that was found in this lake's
// folder.
const foreignSuffix = ".of-another-lake"

// ID returns the lake's id in lake.json, which its state has too. It is empty before
// there is a state, and after lake.json was made again.
func (l *Lake) ID() (string, error) {
	var f lakeFile
	err := atomicfile.ReadJSON(l.path("lake.json"), &f)
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return f.ID, err
}

// claim gives the lake an id, a random one if id is empty. A state with another id no
// longer belongs to the lake.
func (l *Lake) claim(id string) (string, error) {
	if id == "" {
		id = rand.Text()
	}
	return id, l.update(func(f *lakeFile) error {
		f.ID = id
		return nil
	})
}

// identity returns the lake's id. It makes one if there is none.
func (l *Lake) identity() (string, error) {
	id, err := l.ID()
	if err == nil && id == "" {
		id, err = l.claim("")
	}
	return id, err
}

// checkOwner reports whether the attached state belongs to this lake. If lake.json lost
// its id, the state belongs to it if the log has all of its accounts: the lake then
// takes the state's id.
func (s *State) checkOwner(ctx context.Context) (bool, error) {
	var id string
	if err := s.db.One(ctx, []any{&id}, "SELECT lake FROM state.info"); err != nil {
		return false, err
	}
	kept, err := s.lake.ID()
	if err != nil || kept != "" {
		return kept == id, err
	}
	accounts, err := s.lake.LogAccounts()
	if err != nil {
		return false, err
	}
	var account string
	strange := false
	err = s.db.Each(ctx, []any{&account}, func() error {
		strange = strange || !slices.Contains(accounts, account)
		return nil
	}, "SELECT DISTINCT account FROM meta.positions")
	if err != nil || strange {
		return false, err
	}
	_, err = s.lake.claim(id)
	return err == nil, err
}

// removeOldStates removes states in quarantine and states of other lakes.
func (l *Lake) removeOldStates() error {
	path := l.databasePath()
	return errors.Join(duck.RemoveDatabase(path+atomicfile.DamagedSuffix), duck.RemoveDatabase(path+foreignSuffix))
}

// NotOwn is the reason for not using a state of another lake, or one from before an
// erasure.
const NotOwn = "it is not this lake's own"
