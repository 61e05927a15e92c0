package load

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stripelake/stripelake/load/loadtest"
)

// Partitions that are written together are those that are written one by one, after
// changes too (Invariant 7).
func TestSmallPartitionsAreWrittenTogether(t *testing.T) {
	t.Parallel()
	var charges []version
	for i := range 24 {
		charges = append(charges, on(fmt.Sprintf("2024-%02d-05", i%12+1), charge(fmt.Sprintf("ch_%02d", i), "paid")))
	}
	var made [2][]File
	var digests [2]map[string]string
	for i, partRows := range []int{0, 23} {
		k := newLake(t, func(o *Options) { o.PartRows = partRows })
		if charges := k.state.tables[0]; partRows == 0 && openColumns/charges.Width() < 12 {
			t.Fatalf("%d columns: not all months are in one statement", charges.Width())
		}
		k.sync(charges...)
		k.publish()
		k.sync(charge("ch_00", "failed"), on("2024-03-05", charge("ch_13", "paid")), on("2024-03-05", charge("ch_01", "paid")))
		var err error
		made[i] = k.publish().Files
		if digests[i], err = loadtest.Digest(t.Context(), k.dir); err != nil {
			t.Fatal(err)
		}
		for j := range made[i] {
			made[i][j].Bytes, made[i][j].Sum = 0, "" // another codec
		}
	}
	if diff := cmp.Diff(made[1], made[0]); diff != "" {
		t.Errorf("files (-alone +together):\n%s", diff)
	}
	if diff := cmp.Diff(digests[1], digests[0]); diff != "" {
		t.Errorf("digest (-alone +together):\n%s", diff)
	}
	if n := len(made[0]); n != 11 {
		t.Errorf("%d files, want those of eleven months", n)
	}
}

// Partitions that do not fit into memory together are written one by one: with 60 MB
// these twelve do not, and each of them does.
func TestLargeTextsAreWrittenAlone(t *testing.T) {
	t.Parallel()
	var k *testLake
	k = newLake(t, func(o *Options) {
		o.OnStage = func(stage string) {
			if stage == "publishing: partitions" {
				if err := k.state.db.Run(t.Context(), "SET memory_limit = '60MB'"); err != nil {
					t.Error(err)
				}
			}
		}
	})
	var charges []version
	random := rand.New(rand.NewPCG(1, 2))
	for month := range 12 {
		text := make([]byte, 3<<19)
		for i := range text {
			text[i] = 'a' + byte(random.IntN(26))
		}
		v := on(fmt.Sprintf("2024-%02d-05", month+1), charge(fmt.Sprintf("ch_%02d", month), "paid"))
		v.Row["customer_id"] = string(text)
		charges = append(charges, v)
	}
	k.sync(charges...)
	if n := len(k.publish().Files); n != 12 {
		t.Errorf("%d files", n)
	}
}
