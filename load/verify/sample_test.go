package verify_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A sample says what was read of how much, finds nothing in a sound lake, and reads no
// more than it was asked to.
func TestSampleOfASoundLake(t *testing.T) {
	t.Parallel()
	dir := soundLake(t)
	for i := range 4 { // other segments each time
		t.Run(fmt.Sprint(i), func(t *testing.T) { sampleOfASoundLake(t, dir) })
	}
}

func sampleOfASoundLake(t *testing.T, dir string) {
	v := sampled(t, dir, 1)
	var notes []string
	for _, c := range v.Checks {
		if c.Found > 0 {
			t.Errorf("%s: %+v", c.Check, c.Findings)
		}
		notes = append(notes, c.Notes...)
	}
	for _, says := range []string{"thing: read segment ", "; of all 3 only the footers", "things: read acct=acct_1/created_month=2024-01/part-00.parquet, of 1 in all", "a sample: rejects"} {
		if !strings.Contains(strings.Join(notes, "\n"), says) {
			t.Errorf("%q does not say %q", notes, says)
		}
	}
	if n := v.Checks[0].LookedAt; n != 1 {
		t.Errorf("%d segments were read", n)
	}
}

// What is read of a sample is compared, and the chain of segments and the list of files
// are whole in any.
func TestSampleFindsWhatItReads(t *testing.T) {
	t.Parallel()
	sound := soundLake(t)
	part := filepath.Join("current", "things", "acct="+testAccount, "created_month=2024-01", "part-00.parquet")
	for name, tc := range map[string]struct {
		damage damage
		sample int
		want   string
	}{
		"segment changed":  {flip(segment("00000002-00000002")), 9, "segment bit-flipped"},
		"segment missing":  {remove(segment("00000002-00000002")), 1, "segment missing"},
		"segment torn":     {cut(segment("00000002-00000002")), 1, "segment truncated"},
		"object not known": {inState("DELETE FROM state.objects WHERE id = 'a'"), 9, "state row removed"},
		"object altered":   {inState("UPDATE state.objects SET hash = 0 WHERE id = 'a'"), 9, "state row altered"},
		"row lost":         {inState("DELETE FROM things WHERE id = 'a'"), 9, "rows differ, state row removed"},
		"other rows":       {inState("UPDATE things SET created = created + INTERVAL 1 SECOND WHERE id = 'a'"), 9, "rows differ"},
		"file changed":     {flip(part), 9, "partition file damaged"},
		"file missing":     {remove(part), 1, "partition file missing"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(t.TempDir(), "lake")
			if err := os.CopyFS(dir, os.DirFS(sound)); err != nil {
				t.Fatal(err)
			}
			tc.damage(t, dir)
			if got := strings.Join(findings(sampled(t, dir, tc.sample)), ", "); got != tc.want {
				t.Errorf("found %q, want %q", got, tc.want)
			}
		})
	}
}
