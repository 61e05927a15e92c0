package load

import (
	"cmp"
	"flag"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/stripelake/stripelake/load/loadtest"
)

// The same history makes the same lake whatever the segments, transactions,
// repetitions, publishes and restarts are (Invariants 5 and 6). A model of twenty lines
// says which lake that is.
func TestSameHistorySameLake(t *testing.T) {
	if err := flag.Set("rapid.checks", "12"); err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(rt *rapid.T) {
		history := rapid.SliceOfN(rapid.Custom(drawVersion), 1, 25).Draw(rt, "history")
		for i := range history {
			history[i].Seen = i
		}
		want := model(history)
		k := openLake(t, t.TempDir(), func(o *Options) { o.PartRows = 2 })
		defer k.close()
		for rest := history; len(rest) > 0; {
			n := rapid.IntRange(1, len(rest)).Draw(rt, "segment")
			k.append(rest[:n]...)
			rest = rest[n:]
		}
		last, err := k.log.Newest("charge")
		if err != nil {
			rt.Fatal(err)
		}
		for k.state.Position(acct, "charge") < last.Segment {
			done := k.state.Position(acct, "charge")
			after := rapid.Uint64Range(0, done).Draw(rt, "after") // below done: segments are applied again
			k.apply(after, rapid.Uint64Range(after+1, last.Segment).Draw(rt, "up to"))
			switch rapid.IntRange(0, 3).Draw(rt, "then") {
			case 0:
				k.publish()
			case 1:
				k = k.reopen(func(o *Options) { o.PartRows = 2 })
			}
		}
		k.publish()
		if _, err := loadtest.Digest(t.Context(), k.dir); err != nil {
			rt.Error(err)
		}
		got := slices.Concat(k.rows(chargeRows), k.rows(itemRows), k.rows(rejectRows))
		if diff := gocmp.Diff(want, got); diff != "" {
			rt.Errorf("(-want +got):\n%s", diff)
		}
		if diff := gocmp.Diff(modelHistory(history), k.rows(chargeHistory+" UNION ALL "+itemHistory)); diff != "" {
			rt.Errorf("history (-want +got):\n%s", diff)
		}
	})
}

func drawVersion(rt *rapid.T) version {
	v := charge(rapid.SampledFrom([]string{"ch_1", "ch_2", "ch_3", "ch_4"}).Draw(rt, "id"),
		rapid.SampledFrom([]string{"pending", "paid", "failed"}).Draw(rt, "status"))
	v.Day = rapid.SampledFrom([]string{"2024-01-05", "2024-02-05", "2025-02-05"}).Draw(rt, "day")
	v.Items = rapid.SliceOfN(rapid.SampledFrom([]string{"it_" + v.ID + "_1", "it_" + v.ID + "_2", "it_shared_1", "it_shared_2"}), 0, 3).Draw(rt, "items")
	switch rapid.IntRange(0, 5).Draw(rt, "kind") {
	case 0:
		v.Deleted = true
	case 1:
		v.Reject = "no amount"
	}
	return v
}

// model returns the rows and rejects of a history: those of each object's newest full
// version, marked if a newer tombstone exists. An item has one row.
func model(history []version) []string {
	type object struct {
		full    version
		fullSeq int
		day     string // of the newest version
		seq     int
	}
	objects := map[string]*object{}
	for i, v := range history {
		if objects[v.ID] == nil {
			objects[v.ID] = &object{}
		}
		o := objects[v.ID]
		if o.seq, o.day = i+1, v.Day; !v.Deleted {
			o.full, o.fullSeq = v, o.seq
		}
	}
	charges, items, rejects := []string{}, []string{}, []string{}
	holders := map[string]string{} // object by item
	inOrder := slices.SortedFunc(maps.Keys(objects), func(a, b string) int {
		x, y := objects[a], objects[b]
		return cmp.Or(min(x.seq-x.fullSeq, 1)-min(y.seq-y.fullSeq, 1), strings.Compare(x.day, y.day), strings.Compare(a, b))
	})
	for _, id := range inOrder {
		o, mark := objects[id], ""
		if o.seq > o.fullSeq {
			mark = " deleted"
		}
		switch {
		case o.fullSeq == 0:
			rejects = append(rejects, fmt.Sprintf("%s %d charges deleted deleted, never seen", id, o.seq))
		case o.full.Reject != "":
			rejects = append(rejects, fmt.Sprintf("%s %d charges required no amount", id, o.fullSeq))
		default:
			charges = append(charges, fmt.Sprintf("%s %s %d%s", id, o.full.Row["status"], o.seq, mark))
		}
		for i, item := range o.full.Items {
			holder := holders[item]
			switch {
			case slices.Contains(o.full.Items[:i], item):
				rejects = append(rejects, fmt.Sprintf("%s %d items key repeated an earlier row of the same object has this key", id, o.fullSeq))
			case holder == "":
				holders[item] = id
				items = append(items, fmt.Sprintf("%s %s%s", id, item, mark))
			case mark != "" && objects[holder].seq == objects[holder].fullSeq:
				rejects = append(rejects, fmt.Sprintf("%s %d items key taken a row of %s has this key, which is not deleted", id, o.seq, holder))
			case objects[holder].day < o.day:
				rejects = append(rejects, fmt.Sprintf("%s %d items key taken a row of %s has this key, which was created earlier", id, o.seq, holder))
			default:
				rejects = append(rejects, fmt.Sprintf("%s %d items key taken a row of %s has this key, which was created at the same time and has the smaller id", id, o.seq, holder))
			}
		}
	}
	for _, s := range [][]string{charges, items, rejects} {
		slices.Sort(s)
	}
	return slices.Concat(charges, items, rejects)
}
