package load

import (
	"fmt"
	"testing"
)

// The cost of deciding who keeps a key: a segment of 1,600 new objects with one item
// each, merged into a table of a million rows, compared with a table whose key is the
// object's id.
func BenchmarkApplyAmongAMillion(b *testing.B) {
	for _, own := range []bool{true, false} {
		b.Run(map[bool]string{true: "key is the id", false: "key is an item's"}[own], func(b *testing.B) {
			tables := testTables()
			tables[1].KeyIsID = own
			k := openLake(b, b.TempDir(), func(o *Options) { o.Tables = tables })
			_, err := k.state.db.Exec(b.Context(), `INSERT INTO items BY NAME SELECT 'acct_1' AS account, concat('it_', md5(range::VARCHAR)) AS id, TIMESTAMP '2020-01-01' + to_minutes(range) AS created,
				false AS deleted, concat('ch_', md5(range::VARCHAR)) AS _source_id, range + 1 AS _seq FROM range(1_000_000)`)
			if err != nil {
				b.Fatal(err)
			}
			for n := 0; b.Loop(); n++ {
				var all []version
				for i := range 1600 {
					all = append(all, charge(fmt.Sprintf("ch_%d_%d", n, i), "paid", fmt.Sprintf("it_%d_%d", n, i)))
				}
				b.StopTimer()
				p := k.append(all...)
				b.StartTimer()
				k.apply(p.Segment-1, p.Segment)
			}
		})
	}
}
