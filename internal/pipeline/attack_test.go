package pipeline_test

import (
	"flag"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stripelake/stripelake/internal/pipeline/laketest"
)

var (
	attacks    = flag.Duration("attacks", 0, "how long TestAnyAttack goes on with new seeds; 0 is a few that are always the same")
	attackSeed = flag.Uint64("attack", 0, "the seed of the one attack to repeat")
)

// TestAnyAttack holds that whatever is done to a lake, its files, what Stripe
// answers and the processes, in any order and mixture, its owner comes out of it:
// once the attack is over, two syncs and one repair make the lake what Stripe has,
// or a refusal says in one line what to do, and that helps. `make soak` goes on for
// hours; a failure names its seed, and -attack SEED repeats it.
func TestAnyAttack(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("its processes are not under the race detector")
	}
	seeds := []uint64{7, 2}[:laketest.Sample(1, 2)]
	next := uint64(time.Now().UnixNano()) % 1e9 * 1000
	tally := tally{}
	stranger := strangerLake(t)
	begin := time.Now()
	for i := 0; ; i++ {
		var seed uint64
		switch {
		case *attackSeed != 0 && i == 0:
			seed = *attackSeed
		case *attackSeed == 0 && *attacks > 0 && time.Since(begin) < *attacks:
			seed = next + uint64(i)
		case *attackSeed == 0 && *attacks == 0 && i < len(seeds):
			seed = seeds[i]
		default:
			t.Logf("%s", tally)
			return
		}
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) { attack(t, seed, stranger, tally) })
	}
}

// attack is one attack from its beginning to its end.
func attack(t *testing.T, seed uint64, stranger string, all tally) {
	w := newWorld(t, seed, stranger)
	ending, err := w.run()
	for _, kind := range w.kinds {
		all.count(kind, ending)
	}
	all.count("attacks", ending)
	line := fmt.Sprintf("seed %d: %s: %s", seed, ending, strings.Join(w.kinds, "; "))
	if err != nil {
		t.Errorf("%s\n%v\nwhat happened:\n%s", line, err, strings.Join(w.story, "\n"))
	} else if t.Log(line); *attackSeed != 0 {
		t.Log(strings.Join(w.story, "\n"))
	}
	if testing.Verbose() {
		fmt.Println(line)
	}
}

// A tally counts how attacks ended, by kind.
type tally map[string]map[string]int

func (c tally) count(kind, ending string) {
	if c[kind] == nil {
		c[kind] = map[string]int{}
	}
	c[kind][ending]++
}

func (c tally) String() string {
	var b strings.Builder
	for _, ending := range endings {
		fmt.Fprintf(&b, "\n%s: %d attacks", ending, c["attacks"][ending])
	}
	for _, kind := range slices.Sorted(maps.Keys(c)) {
		fmt.Fprintf(&b, "\n%-60s", kind)
		for _, ending := range endings {
			fmt.Fprintf(&b, " %5d", c[kind][ending])
		}
	}
	return b.String()
}
