package spelling

import "testing"

func TestNearest(t *testing.T) {
	t.Parallel()
	known := []string{"currency", "created", "customer", "captured", "id"}
	for word, want := range map[string]string{
		"curency":     "currency", // missing letter
		"crurency":    "currency", // swapped letters
		"customerr":   "customer",
		"creted":      "created",
		"amount":      "", // nothing near
		"i":           "", // too short to tell
		"":            "",
		"description": "",
	} {
		if got := Nearest(word, known); got != want {
			t.Errorf("Nearest(%q) = %q, want %q", word, got, want)
		}
	}
}
