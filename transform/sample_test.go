package transform

import (
	"fmt"
	"strings"
	"testing"
)

// While the policy keeps everything, an example is the value: truncated, and
// without characters that control a terminal. Else it is a type and a length.
// The content of an object or a list is never shown.
func TestWhatDriftShows(t *testing.T) {
	t.Parallel()
	mappings, err := Compile(small(t, "score: {type: short, title: S, description: S.}", charges+"  score: outcome.risk_score\n"))
	if err != nil {
		t.Fatal(err)
	}
	long := strings.Repeat("ä", 100_000)
	for sent, want := range map[string][2]string{
		`"high"`:                {`"high"`, "string, 4 characters"},
		`"h"`:                   {`"h"`, "string, 1 character"},
		`""`:                    {`""`, "string, 0 characters"},
		`"\u001b[2J\n\"\u00e9"`: {`"\x1b[2J\n\"é"`, "string, 7 characters"},
		`"` + "\u202e" + `x"`:   {`"\u202ex"`, "string, 2 characters"},
		`"` + long + `"`:        {`"` + long[:80] + `…"`, "string, 100000 characters"},
		`12.5`:                  {"12.5", "number, 4 characters"},
		`99999`:                 {"99999", "number, 5 characters"},
		`true`:                  {"true", "boolean"},
		`{"name":"Ann"}`:        {"object, 14 bytes", "object, 14 bytes"},
		`["Ann"]`:               {"list, 7 bytes", "list, 7 bytes"},
	} {
		for i, keeps := range []bool{true, false} {
			mappings.keepsPersonal = keeps
			m := mappings.Mapper("charge")
			raw := fmt.Sprintf(`{"id":"ch_1","never_heard_of":%s,"outcome":{"risk_score":%[1]s}}`, sent)
			m.Map([]Object{objectOf([]byte(raw))})[0].Rows.Release()
			drift := m.Drift()
			if len(drift) != 2 {
				t.Fatalf("%s: %v", sent, drift)
			}
			for _, d := range drift {
				if d.Example != want[i] {
					t.Errorf("%.40s at %s: example %q, want %q", sent, d.Path, d.Example, want[i])
				}
			}
		}
	}
}
