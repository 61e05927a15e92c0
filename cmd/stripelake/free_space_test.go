package main

import "testing"

func TestFreeSpace(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]struct {
		bytes int64
		share float64
		text  string // shown; empty: refused
	}{
		"0":          {0, 0, "0B"},
		"1GiB":       {1 << 30, 0, "1.0GiB"},
		"1 gib":      {1 << 30, 0, "1.0GiB"},
		"1.5MiB":     {3 << 19, 0, "1.5MiB"},
		"500MB":      {500_000_000, 0, "476.8MiB"},
		"2tb":        {2_000_000_000_000, 0, "1.8TiB"},
		"5%":         {0, 0.05, "5%"},
		"0.5%":       {0, 0.005, "0.5%"},
		"0%":         {0, 0, "0B"},
		"":           {},
		"5":          {},
		"GiB":        {},
		"-1GiB":      {},
		"100%":       {},
		"NaN%":       {},
		"5 percent":  {},
		"9999999TiB": {},
	} {
		got := freeSpace{Publish: true}
		err := got.Set(text)
		if (err != nil) != (want.text == "") {
			t.Errorf("%q: error %v", text, err)
		}
		if err == nil && (got.Bytes != want.bytes || got.Share < want.share-1e-9 || got.Share > want.share+1e-9 || got.Publish || got.String() != want.text) {
			t.Errorf("%q is %+v, shown as %q", text, got, got.String())
		}
	}
}
