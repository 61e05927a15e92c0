package transform

import (
	"bytes"
	"fmt"
	"testing"
	"time"
)

// BenchmarkMap maps realistic charges, pretty-printed as Stripe sends them,
// with the shipped mapping.
func BenchmarkMap(b *testing.B) {
	m := embedded(b).Mapper("charge")
	objects := chargesLike(b, 2000)
	b.SetBytes(int64(len(objects[0].Raw) * len(objects)))
	b.ReportAllocs()
	for b.Loop() {
		for _, batch := range m.Map(objects) {
			batch.Rows.Release()
		}
	}
	b.ReportMetric(float64(len(objects)*b.N)/b.Elapsed().Seconds(), "objects/s")
}

// BenchmarkScan is the scanner's share of it.
func BenchmarkScan(b *testing.B) {
	m := embedded(b).Mapper("charge")
	objects := chargesLike(b, 2000)
	b.SetBytes(int64(len(objects[0].Raw) * len(objects)))
	b.ReportAllocs()
	for b.Loop() {
		for i := range objects {
			m.begin(&objects[i], m.program.scopes[0])
		}
	}
	b.ReportMetric(float64(len(objects)*b.N)/b.Elapsed().Seconds(), "objects/s")
}

// chargesLike returns charges that differ in id and amount.
func chargesLike(tb testing.TB, n int) []Object {
	raw := fixture(tb, "charge.card")
	objects := make([]Object, n)
	for i := range objects {
		id := fmt.Sprintf("ch_3PqA0aLkdIwHu7ix0C%06d", i)
		objects[i] = Object{
			Raw: bytes.ReplaceAll(raw, []byte("ch_3PqA0aLkdIwHu7ix0Card001"), []byte(id)), Account: "acct_1", ID: id,
			ObservedAt: time.Unix(1_722_000_000, 0), Seq: uint64(i + 1),
		}
	}
	return objects
}
