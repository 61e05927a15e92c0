package load

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/zeebo/xxh3"

	"github.com/stripelake/stripelake/internal/sqltext"
	"github.com/stripelake/stripelake/load/internal/duck"
	"github.com/stripelake/stripelake/load/internal/lakedir"
)

// publication is the state's record of a generation that it made. state.published has
// the one that it linked last and, from before the link is renamed until that is
// recorded, the one that it is about to link. state.dirty has every change since the
// revision of each of them. So unchanged parts may be linked from these generations,
// and from no other (Invariant 7).
type publication struct {
	generation uint64
	revision   int64
	manifest   string // SHA-256 of generation.json, which describes all the rest
}

// remembered reads the publications of the state in an attached database. A state that
// has not published yet has none.
func remembered(ctx context.Context, q duck.Session, database string) ([]publication, error) {
	return publications(ctx, q, sqltext.Ident(database)+".state.published")
}

func publications(ctx context.Context, q duck.Session, table string) (all []publication, err error) {
	var p publication
	err = q.Each(ctx, []any{&p.generation, &p.revision, &p.manifest}, func() error {
		all = append(all, p)
		return nil
	}, "SELECT generation, revision, manifest FROM "+table+" ORDER BY generation")
	return all, err
}

// offer records a generation that is about to be linked, in addition to the previous
// one: after a crash the state knows both.
func (p *publisher) offer(ctx context.Context) error {
	_, sum, err := readManifest(p.dir)
	if err != nil {
		return err
	}
	return p.db.InTx(ctx, func() error {
		if p.prev.Number > 0 {
			if _, err := p.db.Exec(ctx, "DELETE FROM state.published WHERE generation <> ?", p.prev.Number); err != nil {
				return err
			}
		}
		_, err := p.db.Exec(ctx, "INSERT INTO state.published VALUES (?, ?, ?)", p.Number, p.Revision, sum)
		return err
	})
}

// note records that the generation is linked, and removes the changes that nobody needs
// any more.
func (p *publisher) note(ctx context.Context) error {
	return p.db.InTx(ctx, func() error {
		_, err := p.db.Exec(ctx, "DELETE FROM state.published WHERE generation <> ?", p.Number)
		return errors.Join(err, p.noteBases(ctx))
	})
}

// own returns the linked generation. The bool reports whether it is intact and this
// state made it.
func (s *State) own(ctx context.Context) (Generation, bool, error) {
	g, sum, ok := s.lake.Generations().Manifest()
	if !ok || len(s.lake.Generations().fileDefects(g, BySize)) > 0 {
		return g, false, nil
	}
	known, err := remembered(ctx, s.db.Session, "work")
	return g, isKnown(sum, known), err
}

func isKnown(sum string, known []publication) bool {
	for _, p := range known {
		if p.manifest == sum {
			return true
		}
	}
	return false
}

// StrayDefects returns a defect if the linked generation is neither the one that the
// state in the attached database work linked last, nor the one that it was about to
// link when it was killed. It returns none for a state without publications.
func (gs Generations) StrayDefects(ctx context.Context, q duck.Session) (Defects, error) {
	g, sum, ok := gs.Manifest()
	if !ok {
		return nil, nil
	}
	known, err := remembered(ctx, q, "work")
	if err != nil || len(known) == 0 || isKnown(sum, known) {
		return nil, err
	}
	d := Defect{Name: "manifest altered", What: lakedir.LinkName + "/" + lakedir.ManifestName, Says: "is not as the state wrote it"}
	switch newest := known[len(known)-1].generation; {
	case g.Number < newest:
		d.Name, d.What, d.Says = "generation rolled back", lakedir.LinkName, fmt.Sprintf("leads to generation %d, and the state published generation %d last", g.Number, newest)
	case g.Number > newest:
		d.Name, d.What, d.Says = "state older than what is published", lakedir.LinkName, fmt.Sprintf("leads to generation %d, and the state is an older one, which published generation %d last", g.Number, newest)
	}
	return Defects{d}, nil
}

// readManifest reads the manifest of the generation in a folder. sum is the SHA-256 of
// its text, in hex.
func readManifest(dir string) (g Generation, sum string, err error) {
	path := filepath.Join(dir, lakedir.ManifestName)
	text, err := os.ReadFile(path)
	if err != nil {
		return g, "", err
	}
	if err := json.Unmarshal(text, &g); err != nil {
		return g, "", fmt.Errorf("%s: %w", path, err)
	}
	hash := sha256.Sum256(text)
	return g, hex.EncodeToString(hash[:]), nil
}

// sumFile returns the xxh3 checksum of a published file, in hex. It protects against
// damage, not forgery.
func sumFile(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer func() { _ = f.Close() }() // opened for reading only
	sum := xxh3.New()
	if _, err := io.Copy(sum, f); err != nil {
		return "", err
	}
	return fmt.Sprintf("%016x", sum.Sum64()), nil
}
