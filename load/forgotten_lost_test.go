package load

import (
	"errors"
	"os"
	"testing"
)

// A new list gives up the people of the receipts before it, and of no later one, also
// where two erasures began in one second and their names sort the other way round.
func TestReceiptsAreInTheOrderOfTheirErasures(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		old, anew string // when the erasures began
		lost      bool
	}{
		"the new list came later":   {"2025-03-01T12:00:00.1Z", "2025-03-01T12:00:00.2Z", false},
		"the new list came earlier": {"2025-03-01T12:00:00.2Z", "2025-03-01T12:00:00.1Z", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k := newLake(t)
			if err := os.MkdirAll(k.path("receipts"), 0o700); err != nil {
				t.Fatal(err)
			}
			for file, text := range map[string]string{
				"forget-20250301T120000Z-ffffffff.json": `{"started":"` + tc.old + `","customers":["00"]}`,
				"forget-20250301T120000Z-00000000.json": `{"started":"` + tc.anew + `","new_list":true}`,
			} {
				if err := os.WriteFile(k.path("receipts", file), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			err := k.Erasures().CheckList(&Forgotten{lake: k.Lake})
			if lost := errors.As(err, new(*ListLostError)); lost != tc.lost || err != nil && !lost {
				t.Errorf("%v", err)
			}
		})
	}
}
