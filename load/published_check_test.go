package load

import (
	"os"
	"path/filepath"
	"testing"
)

// A verification finds a changed bit anywhere in a published file. A sync finds it in
// the parts that a reader needs to find the rest of the file (Invariant 7).
func TestEveryBitIsHeld(t *testing.T) {
	t.Parallel()
	k := newLake(t)
	k.sync(on("2024-01-05", charge("ch_1", "paid")), on("2024-01-06", charge("ch_2", "paid")))
	g := k.publish()
	for _, name := range []string{g.Files[0].Path, schemasName} {
		path := k.Generations().path(g.Number, filepath.FromSlash(name))
		sound := []byte(mustRead(t, path))
		if err := os.Chmod(path, 0o600); err != nil {
			t.Fatal(err)
		}
		for at := range sound {
			ends := at < 4 || at >= len(sound)-8 || name == schemasName
			for bit := range 8 {
				if !ends && at%251 != 31*bit {
					continue // test only a sample
				}
				data := append([]byte(nil), sound...)
				data[at] ^= 1 << bit
				if err := os.WriteFile(path, data, 0o600); err != nil {
					t.Fatal(err)
				}
				if found := k.defectsOf(g, BySum); len(found) != 1 {
					t.Fatalf("%s: bit %d of byte %d of %d: verify finds %v", name, bit, at, len(sound), found)
				}
				if found := k.defectsOf(g, ByMarks); ends && len(found) != 1 {
					t.Fatalf("%s: bit %d of byte %d of %d: a sync finds %v", name, bit, at, len(sound), found)
				}
			}
		}
		if err := os.WriteFile(path, sound, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if found := k.Generations().Defects(BySum); len(found) > 0 {
		t.Errorf("in the end: %v", found)
	}
}

// defectsOf checks all files but the warehouse, which takes as long as all others
// together.
func (k *testLake) defectsOf(g Generation, how Depth) Defects {
	g.Files = g.Files[:1]
	return k.Generations().partDefects(g, how)
}
